import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {Engine} from '../../../src/lib/server/crdt/core/engine.js'
import type {Slot} from '../../../src/lib/server/crdt/core/slot.js'
import {type RegionNode, Regions, until} from './regions.js'

let regions = new Regions()

afterEach(async () => {
  await regions.stop()
  regions = new Regions()
})

/** Of the engine, which nothing but a bug changes without an effect. */
function slotOf({crdt}: RegionNode, key: string): Slot {
  const {slots} = (crdt!.core as unknown as {readonly engine: Engine}).engine
  return slots.get(hashSlot(key))!
}

async function started(): Promise<[RegionNode, RegionNode]> {
  const [a, b] = (await regions.start(2, {logfile: 'node.log'})) as [RegionNode, RegionNode]
  await a.call('SET', 'fruit', 'apple')
  await a.call('SADD', 'colours', 'red', 'green')
  await until(async () => (await b.call('SCARD', 'colours')) === 2, 'both keys')
  return [a, b]
}

const counts = async (node: RegionNode) => {
  const info = await node.info()
  const names = ['crdt_diverged_slots', 'crdt_divergences_found', 'crdt_divergences_mended']
  return names.map((name) => Number(info.get(name)))
}

/** @returns once as many more slots were compared */
async function compare(node: RegionNode, slots: number): Promise<void> {
  const compared = async () => Number((await node.info()).get('crdt_compared_slots'))
  const before = await compared()
  expect(await node.call('CRDT.DEBUG', 'COMPARE')).toBe('OK')
  await until(async () => (await compared()) >= before + slots, `${slots} slots to be compared`)
}

const logOf = ({folder}: RegionNode) => readFileSync(join(folder, 'node.log'), 'utf8')

describe('regions that have applied the same and differ', () => {
  it('find it and come to the same, where a join can bring that about', async () => {
    const [a, b] = await started()
    await compare(a, 2)
    expect([await counts(a), await counts(b)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
    slotOf(b, 'colours').keys.delete('colours')
    // Without a change there is nothing to be compared.
    await b.call('SET', '{colours}touched', '1')
    await until(async () => (await a.call('EXISTS', '{colours}touched')) === 1, 'the write')
    await compare(a, 1)
    await until(async () => (await a.call('EXISTS', 'colours')) === 0, 'the first region to join')
    await until(async () => (await b.call('EXISTS', 'colours')) === 0, 'the second region to show what it has')
    await compare(a, 1)
    expect([await counts(a), await counts(b)]).toEqual([
      [0, 1, 1],
      [0, 1, 1],
    ])
    expect([await a.call('CRDT.DEBUG', 'CHECK'), await b.call('CRDT.DEBUG', 'CHECK')]).toEqual([[], []])
    expect(await a.call('CRDT.DIGEST')).toEqual(await b.call('CRDT.DIGEST'))
    const slot = hashSlot('colours')
    for (const [node, other] of [
      [a, 2],
      [b, 1],
    ] as const) {
      expect(logOf(node)).toContain(
        `Not the same as in region ${other} although both have applied the same, which is a bug: slot ${slot}.`,
      )
      expect(logOf(node)).toContain(`The same as in region ${other} again: slot ${slot}.`)
    }
  })

  it('say so, and leave it, where it cannot', async () => {
    const [a, b] = await started()
    const {keys} = slotOf(b, 'fruit')
    ;(keys.get('fruit') as unknown as {value: string}).value = 'pear'
    await compare(a, 2)
    for (let round = 0; round < 4; round++) await compare(a, 1)
    expect([await counts(a), await counts(b)]).toEqual([
      [1, 5, 0],
      [1, 5, 0],
    ])
    expect([(await a.peer(2)).divergedSlots, (await b.peer(1)).divergedSlots]).toEqual([1, 1])
    expect(logOf(a).match(/joining did not mend it/g)).toHaveLength(1)
    // The next write of the key does.
    await a.call('SET', 'fruit', 'plum')
    await until(async () => (await b.call('GET', 'fruit')) === 'plum', 'the write')
    await compare(a, 1)
    expect(await counts(a)).toEqual([0, 5, 1])
  })
})
