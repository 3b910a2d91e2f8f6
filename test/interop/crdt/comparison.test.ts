import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {Engine} from '../../../src/lib/server/crdt/core/engine.js'
import {Row} from '../../../src/lib/server/crdt/core/rows.js'
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

interface Counts {
  readonly diverged: number
  readonly found: number
  readonly mended: number
}

async function countsOf(node: RegionNode): Promise<Counts> {
  const info = await node.info()
  const count = (name: string) => Number(info.get(`crdt_${name}`))
  return {diverged: count('diverged_slots'), found: count('divergences_found'), mended: count('divergences_mended')}
}

/**
 * One round, until its outcome is this. A round is not over with the first slot: one that changed as the round before began is
 * compared once more.
 */
async function compare([a, b]: readonly RegionNode[], expected: Counts): Promise<void> {
  expect(await a!.call('CRDT.DEBUG', 'COMPARE')).toBe('OK')
  const reached = async () => JSON.stringify(await countsOf(a!)) === JSON.stringify(expected)
  await until(reached, `the counts to be ${JSON.stringify(expected)}`)
  expect(await countsOf(b!)).toEqual(expected)
}

/** @returns once as many more slots were compared, and all were found equal */
async function compareEqual([a, b]: readonly RegionNode[], slots: number): Promise<void> {
  const compared = async () => Number((await a!.info()).get('crdt_compared_slots'))
  const before = await compared()
  expect(await a!.call('CRDT.DEBUG', 'COMPARE')).toBe('OK')
  await until(async () => (await compared()) >= before + slots, `${slots} slots to be compared`)
  const none = {diverged: 0, found: 0, mended: 0}
  expect([await countsOf(a!), await countsOf(b!)]).toEqual([none, none])
}

const logOf = ({folder}: RegionNode) => readFileSync(join(folder, 'node.log'), 'utf8')

describe('regions that have applied the same and differ', () => {
  it('find it and come to the same, where a join can bring that about', async () => {
    const [a, b] = await started()
    await compareEqual([a, b], 2)
    slotOf(b, 'colours').keys.delete('colours')
    // Without a change there is nothing to be compared.
    await b.call('SET', '{colours}touched', '1')
    await until(async () => (await a.call('EXISTS', '{colours}touched')) === 1, 'the write')
    await compare([a, b], {diverged: 1, found: 1, mended: 0})
    await until(async () => (await a.call('EXISTS', 'colours')) === 0, 'the first region to join')
    await until(async () => (await b.call('EXISTS', 'colours')) === 0, 'the second region to show what it has')
    await compare([a, b], {diverged: 0, found: 1, mended: 1})
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
    const row = keys.get('fruit') as Row<string>
    // It may be a copy of what is kept.
    keys.set('fruit', new Row(row.dot, row.clock, 'pear'))
    for (let found = 1; found <= 5; found++) await compare([a, b], {diverged: 1, found, mended: 0})
    expect([(await a.peer(2)).divergedSlots, (await b.peer(1)).divergedSlots]).toEqual([1, 1])
    expect(logOf(a).match(/joining did not mend it/g)).toHaveLength(1)
    // The next write of the key does.
    await a.call('SET', 'fruit', 'plum')
    await until(async () => (await b.call('GET', 'fruit')) === 'plum', 'the write')
    await compare([a, b], {diverged: 0, found: 5, mended: 1})
  })
})
