import {Cluster} from 'ioredis'
import {afterEach, describe, expect, it} from 'vitest'
import {describeWithPeers, formCluster} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal, waitForOneView} from '../mixed-cluster-support.js'
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
  readonly primary: AnyNode
  readonly replica: AnyNode
  /** The primaries of the other two shards. */
  readonly others: readonly AnyNode[]
}

/** Three primaries share the slots; the first has a replica. The others are one of each kind. */
async function startShard(primaryKind: Kind, replicaKind: Kind): Promise<Shard> {
  const nodes = await Promise.all([primaryKind, 'real', 'embedded', replicaKind].map((kind) => start(kind as Kind)))
  const [primary, one, other, replica] = nodes as [AnyNode, AnyNode, AnyNode, AnyNode]
  await formCluster(nodes, 3)
  const id = String(await primary.call('CLUSTER', 'MYID'))
  await waitFor(async () => (await replica.call('CLUSTER', 'REPLICATE', id)) === 'OK', {what: 'CLUSTER REPLICATE'})
  await untilInSync(primary, replica)
  // Who does not know yet that it is a replica does not vote for it.
  await waitForOneView(nodes)
  return {others: [one, other], primary, replica}
}

function clientOf({others}: Shard): Cluster {
  const client = new Cluster(
    others.map(({port}) => ({host: '127.0.0.1', port})),
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
  describe.each(MIXES)('%s', (_name, primaryKind, replicaKind) => {
    it('elects the replica of a primary that is killed, which follows it when it is back', async () => {
      const shard = await startShard(primaryKind, replicaKind)
      const {others, primary, replica} = shard
      const client = clientOf(shard)
      await writeAll(client, 0, 300)
      await expectSameData(primary, replica)
      await primary.kill()
      await untilRole(replica, 'master')
      await untilOk([replica, ...others])
      await writeAll(client, 300, 400)
      await expectAll(client, 400)
      const back = await primary.restart()
      running.push(back)
      await untilRole(back, 'slave')
      await expectSameData(replica, back)
    }, 60_000)

    it('hands over on CLUSTER FAILOVER under writes, and back, without losing any', async () => {
      const shard = await startShard(primaryKind, replicaKind)
      const client = clientOf(shard)
      let isWriting = true
      let count = 0
      const writing = (async () => {
        while (isWriting) {
          await client.set(`key:${count}`, String(count))
          count++
        }
      })()
      for (const [to, from] of [
        [shard.replica, shard.primary],
        [shard.primary, shard.replica],
      ] as const) {
        await waitForOneView([...shard.others, to, from])
        const before = count
        await waitFor(() => count > before + 100, {what: 'writes'})
        expect(await to.call('CLUSTER', 'FAILOVER')).toBe('OK')
        await untilRole(to, 'master')
        await untilRole(from, 'slave')
        await waitFor(async () => (await infoOf(from)).get('master_link_status') === 'up', {what: 'the link'})
      }
      isWriting = false
      await writing
      await expectAll(client, count)
      await expectSameData(shard.primary, shard.replica)
      // Both went on where they were.
      expect((await infoOf(shard.replica, 'stats')).get('sync_full')).toBe('0')
    }, 60_000)

    it('elects the replica of a primary that stands still, which steps down when it goes on', async () => {
      const shard = await startShard(primaryKind, replicaKind)
      const {primary, replica} = shard
      const client = clientOf(shard)
      await writeAll(client, 0, 100)
      await expectSameData(primary, replica)
      process.kill(primary.pid, 'SIGSTOP')
      await untilRole(replica, 'master')
      process.kill(primary.pid, 'SIGCONT')
      await untilRole(primary, 'slave')
      await writeAll(client, 100, 150)
      await expectAll(client, 150)
      await expectSameData(replica, primary)
    }, 60_000)
  })
})
