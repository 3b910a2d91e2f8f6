import {afterEach, describe, expect, it} from 'vitest'
import {formCluster} from '../../../src/lib/embedded/start-cluster.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {inSync, type RegionNode, Regions, until} from './regions.js'
import {expectSame, fill} from './shards.js'

let regions = new Regions()

afterEach(async () => {
  await regions.stop()
  regions = new Regions()
})

/** The first region has two shards, the second one. */
async function startRegions(
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly [RegionNode, RegionNode, RegionNode]> {
  const [one, two] = [await regions.open(settings), await regions.open(settings)]
  await formCluster([one.opened, two.opened], 2)
  const other = await regions.openRegion()
  const config = regions.config([regions.instance(1, one), regions.instance(2, other)])
  await one.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(config))
  await other.call('CRDT.CONFIG', 'SET', '2', JSON.stringify(config))
  await until(() => two.crdt !== undefined, 'the configuration')
  for (const node of [one, two, other]) await inSync(node)
  return [one, two, other]
}

/** Sends a command to whoever has its key. */
async function anywhere(nodes: readonly RegionNode[], ...argv: readonly string[]): Promise<unknown> {
  for (;;) {
    for (const node of nodes) {
      try {
        return await node.call(...argv)
      } catch (error) {
        if (!/^(MOVED|ASK|TRYAGAIN|OUTOFSYNC)/.test((error as Error).message)) throw error
      }
    }
  }
}

async function move(from: RegionNode, to: RegionNode, first: number, last: number): Promise<void> {
  const id = String(await to.call('CLUSTER', 'MYID'))
  await from.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', String(first), String(last), 'NODE', id)
  await until(() => {
    const [job] = from.opened.inner.server.migrations.jobs
    if (job!.state === 'failed') throw new Error(job!.message)
    return job!.state === 'success'
  }, `slots ${first}-${last}`)
}

const ownerOf = (node: RegionNode, slot: number) => node.opened.inner.server.cluster!.core.ownerOf(slot)?.port

/** Nothing is known of slots that are another's. */
async function expectOnlyOwn(...nodes: readonly RegionNode[]): Promise<void> {
  for (const node of nodes) {
    const {port} = node.opened.node
    await until(() => [...node.crdt!.core.slots()].every((slot) => ownerOf(node, slot) === port), 'only own slots')
    const [db] = node.opened.inner.server.databases
    await until(() => [...db!.keys()].every((key) => ownerOf(node, hashSlot(key)) === port), 'only own keys')
  }
}

/** What one cluster shows of all keys of another. */
async function expectSameInAll(shards: readonly RegionNode[], other: RegionNode): Promise<void> {
  const digests = (nodes: readonly RegionNode[]) =>
    new Map(nodes.flatMap(({crdt}) => [...crdt!.core.slots()].map((slot) => [slot, crdt!.core.digestSlot(slot)])))
  await until(() => {
    const [ours, theirs] = [digests(shards), digests([other])]
    return ours.size === theirs.size && [...ours].every(([slot, digest]) => theirs.get(slot) === digest)
  }, 'equal digests in both regions')
  for (const node of [...shards, other]) await expectSame(node)
}

const COUNTERS = 40
const key = (index: number): string => `counter:${index}`

/** Counts in both regions until told to stop. @returns what was acknowledged of each counter */
function count(shards: readonly RegionNode[], other: RegionNode): {stop(): Promise<number[]>} {
  const counts = Array.from({length: COUNTERS}, () => 0)
  let isRunning = true
  const run = async (nodes: readonly RegionNode[]): Promise<void> => {
    for (let i = 0; isRunning; i++) {
      await anywhere(nodes, 'INCR', key(i % COUNTERS))
      counts[i % COUNTERS]!++
      if (i % 7 === 0) await anywhere(nodes, 'SADD', `{${key(i % COUNTERS)}}set`, String(i))
      if (i % 11 === 0) await anywhere(nodes, 'SPOP', `{${key(i % COUNTERS)}}set`)
    }
  }
  const runs = [run(shards), run([other])]
  return {
    stop: async () => {
      isRunning = false
      await Promise.all(runs)
      return counts
    },
  }
}

describe('slots that move inside a region', () => {
  it('take their state along, and leave none behind', async () => {
    const [one, two, other] = await startRegions()
    for (const command of [
      ['SADD', 'set', 'a', 'b'],
      ['SREM', 'set', 'a'],
      ['INCRBY', 'count', '5'],
      ['SET', 'gone', '1'],
      ['DEL', 'gone'],
    ]) {
      await anywhere([one, two], ...command)
    }
    await fill(other)
    await expectSameInAll([one, two], other)
    // All but one: who has none becomes a replica.
    await move(one, two, 0, 8190)
    await expectOnlyOwn(one, two)
    expect(await one.call('DBSIZE')).toBe(0)
    await expectSameInAll([one, two], other)
    await move(two, one, 8000, 8190)
    await expectOnlyOwn(one, two)
    expect(ownerOf(one, hashSlot('count'))).toBe(one.opened.node.port)
    await one.call('INCRBY', 'count', '1')
    await other.call('INCRBY', 'count', '1')
    await until(async () => (await one.call('GET', 'count')) === '12', 'all increments')
    await expectSameInAll([one, two], other)
  }, 60_000)

  it('lose nothing that is written meanwhile, in either region', async () => {
    const [one, two, other] = await startRegions({appendonly: 'yes', appendfsync: 'everysec'})
    const counting = count([one, two], other)
    await until(async () => Number(await other.call('GET', key(1))) > 5, 'the first increments')
    await move(one, two, 0, 4000)
    await move(two, one, 8192, 16383)
    await move(one, two, 4001, 8191)
    await move(two, one, 0, 2000)
    const counts = await counting.stop()
    await expectOnlyOwn(one, two)
    await expectSameInAll([one, two], other)
    for (const [index, value] of counts.entries()) {
      expect(await anywhere([one, two], 'GET', key(index)), key(index)).toBe(String(value))
      expect(await other.call('GET', key(index))).toBe(String(value))
    }
    // What the files say is the same.
    const digests = [one, two].map(({crdt}) => [...crdt!.core.slots()].map((slot) => crdt!.core.digestSlot(slot)))
    for (const node of [one, two]) await node.stop()
    for (const node of [one, two]) await node.startAgain()
    expect([one, two].map(({crdt}) => [...crdt!.core.slots()].map((slot) => crdt!.core.digestSlot(slot)))).toEqual(
      digests,
    )
  }, 90_000)

  it('stay whole where they were if they do not arrive', async () => {
    const [one, two, other] = await startRegions()
    await fill(other)
    await expectSameInAll([one, two], other)
    const before = [...one.crdt!.core.slots()]
    const {migrations} = one.opened.inner.server
    const id = String(await two.call('CLUSTER', 'MYID'))
    await one.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', '0', '8191', 'NODE', id)
    await one.call('CLUSTER', 'CANCELSLOTMIGRATIONS')
    expect(migrations.jobs[0]!.state).toBe('cancelled')
    await expectOnlyOwn(one, two)
    expect([...one.crdt!.core.slots()]).toEqual(before)
    await expectSameInAll([one, two], other)
  })
})
