import {describe, expect, it} from 'vitest'
import type {CrdtCore} from '../../../../../src/lib/server/crdt/core/api.js'
import {CrdtState} from '../../../../../src/lib/server/crdt/core/state.js'
import {Stability} from '../../../../../src/lib/server/crdt/peers/stability.js'
import {vectorFrom} from '../../../../../src/lib/server/crdt/peers/vectors.js'

const SLOT = 5

function region(id: number): CrdtState {
  const core = new CrdtState({nowMs: () => 1_900_000_000_000, region: id})
  core.become(1)
  return core
}

function write(core: CrdtCore, run: (writer: ReturnType<CrdtCore['write']>) => void): string {
  const writer = core.write(SLOT)
  run(writer)
  return writer.end()!
}

describe('Stability', () => {
  it('takes nothing for seen by a region before all is here that the region wrote until then', () => {
    const [one, two] = [region(1), region(2)]
    const made = write(one, (writer) => {
      writer.addEntry('k', '1-1', ['f', 'v'])
      writer.createGroup('k', 'g', '0-0')
    })
    two.apply(made)
    // Both destroy the group, the second makes it again: nobody has seen the other's.
    const destroyed = write(one, (writer) => writer.destroyGroup('k', 'g'))
    const destroyedToo = write(two, (writer) => writer.destroyGroup('k', 'g'))
    const madeAgain = write(two, (writer) => writer.createGroup('k', 'g', '0-0'))
    two.apply(destroyed)
    const stability = new Stability(one, (slot, stable) => one.collect(slot, stable))
    one.apply(destroyedToo)
    // What the second region says of itself overtakes what it wrote before.
    stability.acknowledge(2, SLOT, vectorFrom(two.vectorOf(SLOT)))
    expect(stability.stableOf(SLOT, [2])).toBeUndefined()
    stability.collect([2])
    one.apply(madeAgain)
    expect([...one.look(SLOT, 'k')!.groups()]).toEqual([])
    expect(one.digestSlot(SLOT)).toBe(two.digestSlot(SLOT))
    stability.acknowledge(2, SLOT, vectorFrom(two.vectorOf(SLOT)))
    stability.collect([2])
    expect(one.garbage).toBe(0)
  })
})
