import {expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../../../src/lib/kernel/rng.js'
import {Registers} from '../../../../../../src/lib/server/crdt/core/containers/registers.js'
import {CrdtError} from '../../../../../../src/lib/server/crdt/core/crdt-error.js'
import {CrdtState} from '../../../../../../src/lib/server/crdt/core/state.js'
import {patternOf} from '../../../../../../src/lib/server/values/hyperloglog/element-hash.js'

const SLOT = 3
const NOW_MS = 1_700_000_000_000

function state(region: number): CrdtState {
  return new CrdtState({nowMs: () => NOW_MS, region})
}

/** An effect with an operation of every kind, what it builds on, and the state that it leaves. */
function written(): {first: string; second: string; packed: string} {
  const core = state(1)
  const writer = core.write(SLOT)
  writer.push('l', 'right', ['a', 'b', 'c', 'd'])
  writer.addEntry('s', '18446744073709551615-3', ['f', 'v'])
  writer.createGroup('s', 'g', '1-1')
  const first = writer.end()!
  const more = core.write(SLOT)
  more.insertAt('l', 2, 'x')
  more.setAt('l', 0, 'A')
  more.removeAt('l', [1, 2, 4])
  more.push('l', 'left', ['y', 'z'])
  more.addEntry('s', '7-1', ['f', 'v'])
  more.removeEntries('s', ['18446744073709551615-3'])
  more.acknowledge('s', 'g', '2-2')
  more.createGroup('s', 'h', '1-1')
  more.destroyGroup('s', 'h')
  const registers = new Registers()
  registers.raise(['a', 'b', 'c'].map(patternOf).sort((a, b) => a - b))
  more.addSketch('h', registers.text())
  more.resetKey('h')
  more.addSketch('h', registers.text())
  return {first, packed: core.packSlot(SLOT), second: more.end()!}
}

function damage(bytes: string, rng: Rng): string {
  let damaged = bytes
  for (let times = 1 + rng.below(3); times > 0; times--) {
    const at = rng.below(damaged.length)
    const byte = String.fromCharCode(rng.below(2) === 0 ? rng.below(256) : damaged.charCodeAt(at) ^ (1 << rng.below(8)))
    damaged = damaged.slice(0, at) + byte + damaged.slice(at + rng.below(3))
  }
  return damaged
}

/** Only the documented error may come of it; what is taken is a state like any other. */
function check(core: CrdtState, take: () => unknown): boolean {
  try {
    take()
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
    return false
  }
  for (const key of core.keys(SLOT)) {
    const visible = core.look(SLOT, key)!
    expect([...visible.elements()]).toHaveLength(visible.size)
    for (const id of visible.entryIds()) expect(visible.entry(id)).toBeDefined()
    visible.text()
    core.explain(SLOT, key)
  }
  const other = state(9)
  for (const [{epoch, region}] of core.vectorOf(SLOT)) other.covers(SLOT, {epoch, region}, 1)
  other.joinSlot(SLOT, core.packSlot(SLOT))
  expect(other.digestSlot(SLOT)).toBe(core.digestSlot(SLOT))
  return true
}

it('damaged bytes of containers are refused, or are another state', () => {
  const rng = seededRng(7)
  const {first, packed, second} = written()
  let taken = 0
  for (let i = 0; i < 3000; i++) {
    const core = state(2)
    core.apply(first)
    if (check(core, () => core.apply(damage(second, rng)))) taken++
    if (check(core, () => core.joinSlot(SLOT, damage(packed, rng)))) taken++
  }
  expect(taken).toBeGreaterThan(100)
})
