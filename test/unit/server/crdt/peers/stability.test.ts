import {describe, expect, it} from 'vitest'
import type {SlotWriter} from '../../../../../src/lib/server/crdt/core/api.js'
import {CrdtState} from '../../../../../src/lib/server/crdt/core/state.js'
import {Stability} from '../../../../../src/lib/server/crdt/peers/stability.js'
import {vectorFrom} from '../../../../../src/lib/server/crdt/peers/vectors.js'

const SLOT = 1

function write(core: CrdtState, change: (writer: SlotWriter) => void): string {
  const writer = core.write(SLOT)
  change(writer)
  return writer.end()!
}

describe('stability', () => {
  it('waits for what was on its way when a region acknowledged a deletion', () => {
    const [one, two] = [1, 2].map((region) => new CrdtState({nowMs: () => 1_700_000_000_000, region})) as [
      CrdtState,
      CrdtState,
    ]
    const stability = new Stability(one, (slot, stable) => one.collect(slot, stable))
    two.apply(write(one, (writer) => writer.createGroup('k', 'g', '0-0')))
    const deletion = write(one, (writer) => writer.resetKey('k'))
    const late = write(two, (writer) => writer.createGroup('k', 'h', '0-0'))
    two.apply(deletion)
    stability.acknowledge(2, SLOT, vectorFrom(two.vectorOf(SLOT)))
    stability.collect([2])
    one.apply(late)
    expect([...one.keys(SLOT), ...two.keys(SLOT)]).toEqual([])
    expect(one.garbage).toBe(1)
    stability.changed(SLOT)
    stability.collect([2])
    expect([one.garbage, stability.collected]).toEqual([0, 1])
  })
})
