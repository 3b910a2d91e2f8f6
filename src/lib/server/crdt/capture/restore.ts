import {packStreamFacts} from '../durability/stream-facts.js'
import {rewrite} from './rewrite.js'
import {isSketch} from './sketches.js'
import type {Translate} from './unit.js'

const AS_SKETCH = {isCounter: () => false, type: 'hll'} as const

/**
 * RESTORE: a key made anew, of what the payload holds. A payload does not say what counts and what is a sketch: numbers begin as
 * plain values, and what is a sketch to the last register is one. Groups of a stream come too, with all that was acknowledged; what
 * their consumers have open stays with this region, and is delivered again elsewhere.
 */
export const restore: Translate = (unit, argv, item) => {
  const key = argv[1]!
  const value = unit.visible(key)
  rewrite(unit, key, typeof value === 'string' && isSketch(value) ? AS_SKETCH : undefined, true)
  const facts = packStreamFacts(unit.server, key)
  if (facts !== undefined) unit.keepLocal({...item, argv: ['CRDT.STREAM', key, facts]})
}
