import {afterEach, describe, expect, it} from 'vitest'
import {formCluster} from '../../../src/lib/embedded/start-cluster.js'
import {describeWithPeers, startRedis} from '../../support/peers.js'
import {inSync, type RegionNode, Regions, until} from './regions.js'
import {actorsOf, expectSame, fill, readersOf, writes} from './shards.js'

let regions = new Regions()

afterEach(async () => {
  await regions.stop()
  regions = new Regions()
})

const FAST = {'cluster-node-timeout': '2000'}

/** A region of one shard with replicas. */
async function openShard(replicaCount: number, settings: Readonly<Record<string, string>> = {}): Promise<RegionNode[]> {
  const nodes: RegionNode[] = []
  for (let i = 0; i <= replicaCount; i++) nodes.push(await regions.open({...FAST, ...settings}))
  await formCluster(
    nodes.map(({opened}) => opened),
    1,
  )
  return nodes
}

const statsOf = ({opened}: RegionNode) => {
  const {fullSyncs, partialSyncs} = opened.inner.server.replication.replicas
  return {fullSyncs, partialSyncs}
}

async function linked(...replicas: readonly RegionNode[]): Promise<void> {
  await until(
    () => replicas.every(({crdt, opened}) => crdt !== undefined && opened.inner.server.replication.link?.isUp === true),
    'links to the primary',
  )
}

describe('replicas of a shard', () => {
  it('follow when their primary gets a database, and serve reads', async () => {
    const [primary, replica] = (await openShard(1)) as [RegionNode, RegionNode]
    await regions.join([primary])
    await fill(primary)
    await linked(replica)
    await expectSame(primary, replica)
    await replica.call('READONLY')
    await primary.call('XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', '5', 'STREAMS', 'stream', '>')
    await expectSame(primary, replica)
    expect(await primary.call('WAIT', '1', '5000')).toBe(1)
    expect(await readersOf(replica)).toEqual(await readersOf(primary))
    expect(await replica.call('GET', 'count')).toBe('5')
    expect(await primary.call('WAIT', '1', '5000')).toBe(1)
  })

  it('take what comes from other regions, and go on where they were', async () => {
    const [primary, replica] = (await openShard(1)) as [RegionNode, RegionNode]
    const other = await regions.openRegion()
    await regions.join([primary, other])
    await linked(replica)
    await fill(other)
    await expectSame(other, primary, replica)
    const {fullSyncs} = statsOf(primary)
    await primary.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await other.call('HSET', 'table', 'field:1', 'changed')
    await primary.call('SREM', 'members', 'member:1')
    await expectSame(other, primary, replica)
    expect(statsOf(primary).fullSyncs).toBe(fullSyncs)
    expect(statsOf(primary).partialSyncs).toBeGreaterThan(0)
  })

  it('keep their own file, and come back with it', async () => {
    const settings = {appendfsync: 'always', appendonly: 'yes'}
    const [primary, replica] = (await openShard(1, settings)) as [RegionNode, RegionNode]
    await regions.join([primary])
    await linked(replica)
    await fill(primary)
    await expectSame(primary, replica)
    await until(() => replica.opened.inner.server.appendOnly.state === 'on', 'the file')
    await replica.stop()
    await replica.startAgain()
    await expectSame(primary, replica)
  })

  it('are promoted, and write under another name; what the former primary did alone comes back from elsewhere', async () => {
    const [primary, replica] = (await openShard(1)) as [RegionNode, RegionNode]
    const other = await regions.openRegion()
    const endpoints = [primary.endpoint, replica.endpoint]
    const config = regions.config([regions.instance(1, primary, {endpoints}), regions.instance(2, other)])
    await primary.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(config))
    await other.call('CRDT.CONFIG', 'SET', '2', JSON.stringify(config))
    await inSync(primary)
    await linked(replica)
    await fill(primary)
    await expectSame(other, primary, replica)
    const before = actorsOf(primary)
    // The replica does not hear of these, the other region does.
    replica.opened.inner.server.replication.link!.close()
    await primary.call('INCRBY', 'count', '10')
    await primary.call('SET', 'text', 'told to the other region')
    await until(async () => (await other.call('GET', 'text')) === 'told to the other region', 'the write')
    await primary.stop()
    await replica.call('CLUSTER', 'FAILOVER', 'TAKEOVER')
    await writes(replica, 'INCRBY', 'count', '100')
    await inSync(replica)
    await until(async () => (await replica.call('GET', 'count')) === '115', 'all increments')
    await expectSame(other, replica)
    expect([...actorsOf(replica)].filter((one) => !before.has(one))).toHaveLength(1)
    // It comes back as a replica.
    await primary.startAgain()
    await expectSame(other, replica, primary)
  }, 60_000)
})

describeWithPeers('a redis-server as a replica', () => {
  it('is refused, and lives on', async () => {
    const [node] = (await regions.start(1)) as [RegionNode]
    await fill(node)
    const redis = await startRedis({args: ['--replicaof', '127.0.0.1', String(node.opened.node.port)]})
    try {
      await until(() => node.opened.inner.server.errorCounts.has('NOMASTERLINK'), 'the refusal')
      expect(await redis.call('PING')).toBe('PONG')
      expect(String(await redis.call('INFO', 'replication'))).toContain('master_link_status:down')
    } finally {
      await redis.stop()
    }
  })
})
