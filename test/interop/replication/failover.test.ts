import {Cluster} from 'ioredis'
import {afterEach, describe, expect, it} from 'vitest'
import {describeWithPeers, formCluster} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal} from '../mixed-cluster-support.js'
import {expectSameData, infoOf, untilInSync} from './support.js'

/** Shards of one primary and one replica, of both kinds, in one cluster; primaries die, stop, come back and hand over. */

const running: AnyNode[] = []
const clients: Cluster[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  for (const node of running.splice(0)) await node.stop()
})

type Kind = AnyNode['kind']
const REPLICATION = ['--repl-diskless-sync-delay', '0', '--cluster-allow-replica-migration', 'no', '--save', '']

async function start(kind: Kind): Promise<AnyNode> {
  const node = await (kind === 'real' ? startReal : startEmbedded)({args: REPLICATION})
  running.push(node)
  return node
}

interface Shard {
  primary: AnyNode
  replica: AnyNode
}

/** Three primaries share the slots; each has a replica. */
async function startShards(kinds: readonly (readonly [primary: Kind, replica: Kind])[]): Promise<Shard[]> {
  const shards: Shard[] = []
  for (const [primary, replica] of kinds) shards.push({primary: await start(primary), replica: await start(replica)})
  const primaries = shards.map(({primary}) => primary)
  const replicas = shards.map(({replica}) => replica)
  await formCluster([...primaries, ...replicas], primaries.length)
  for (const {primary, replica} of shards) {
    const id = String(await primary.call('CLUSTER', 'MYID'))
    await waitFor(async () => (await replica.call('CLUSTER', 'REPLICATE', id)) === 'OK', {what: 'CLUSTER REPLICATE'})
    await untilInSync(primary, replica)
  }
  return shards
}

function clientOf(shards: readonly Shard[]): Cluster {
  const client = new Cluster(
    shards.flatMap((shard) => [{host: '127.0.0.1', port: shard.primary.port}]),
    {
      clusterRetryStrategy: () => 50,
      redisOptions: {maxRetriesPerRequest: 0},
      retryDelayOnClusterDown: 50,
      retryDelayOnFailover: 50,
    },
  )
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

async function writeAll(client: Cluster, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await client.set(`key:${i}`, String(i))
}

async function roleOf(node: AnyNode): Promise<string> {
  return ((await node.call('ROLE')) as string[])[0]!
}

async function untilRole(node: AnyNode, role: 'master' | 'slave'): Promise<void> {
  await waitFor(async () => (await roleOf(node)) === role, {deadlineMs: 20_000, what: `${node.port} a ${role}`})
}

async function untilOk(nodes: readonly AnyNode[]): Promise<void> {
  for (const node of nodes) {
    await waitFor(async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
      deadlineMs: 20_000,
      what: `a cluster that is ok for ${node.port}`,
    })
  }
}

async function expectAll(client: Cluster, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await client.get(`key:${i}`)).toBe(String(i))
}

const MIXES = [
  ['embedded primary, real replica', 'embedded', 'real'],
  ['real primary, embedded replica', 'real', 'embedded'],
  ['embedded primary, embedded replica', 'embedded', 'embedded'],
] as const

describeWithPeers('failover in a cluster of both kinds', () => {
  describe.each(MIXES)('%s', (_name, primary, replica) => {
    const kinds = [
      [primary, replica],
      ['real', 'real'],
      ['embedded', 'embedded'],
    ] as const

    it('elects the replica of a primary that is killed, which follows it when it is back', async () => {
      const shards = await startShards(kinds)
      const [first, ...others] = shards as [Shard, Shard, Shard]
      const client = clientOf(shards)
      await writeAll(client, 0, 300)
      await expectSameData(first.primary, first.replica)
      await first.primary.kill()
      await untilRole(first.replica, 'master')
      await untilOk([first.replica, ...others.map((shard) => shard.primary)])
      await writeAll(client, 300, 400)
      await expectAll(client, 400)
      const back = await first.primary.restart()
      running.push(back)
      await untilRole(back, 'slave')
      await expectSameData(first.replica, back)
      for (const shard of others) await expectSameData(shard.primary, shard.replica)
    }, 90_000)

    it('hands over on CLUSTER FAILOVER under writes, and back, without losing any', async () => {
      const shards = await startShards(kinds)
      const first = shards[0]!
      const client = clientOf(shards)
      let isWriting = true
      let count = 0
      const writing = (async () => {
        while (isWriting) {
          await client.set(`key:${count}`, String(count))
          count++
        }
      })()
      for (const [to, from] of [
        [first.replica, first.primary],
        [first.primary, first.replica],
      ] as const) {
        await waitFor(() => count > 100, {what: 'writes'})
        expect(await to.call('CLUSTER', 'FAILOVER')).toBe('OK')
        await untilRole(to, 'master')
        await untilRole(from, 'slave')
        await waitFor(async () => (await infoOf(from)).get('master_link_status') === 'up', {what: 'the link'})
      }
      isWriting = false
      await writing
      await expectAll(client, count)
      await expectSameData(first.primary, first.replica)
      expect((await infoOf(first.primary, 'stats')).get('sync_full')).toBe('1')
    }, 90_000)

    it('elects the replica of a primary that stands still, which steps down when it goes on', async () => {
      const shards = await startShards(kinds)
      const first = shards[0]!
      const client = clientOf(shards)
      await writeAll(client, 0, 100)
      await expectSameData(first.primary, first.replica)
      process.kill(first.primary.pid, 'SIGSTOP')
      await untilRole(first.replica, 'master')
      process.kill(first.primary.pid, 'SIGCONT')
      await untilRole(first.primary, 'slave')
      await writeAll(client, 100, 150)
      await expectAll(client, 150)
      await expectSameData(first.replica, first.primary)
    }, 90_000)
  })
})
