import {afterEach, beforeEach, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startReplica} from '../support/peers.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly status: string
  readonly plan: {readonly role: string; readonly rehome: readonly unknown[]; readonly slotCount: number}
  readonly warnings: readonly string[]
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

describeWithPeers('del-node', () => {
  let cluster: RealCluster
  let replica: RedisNode

  beforeEach(async () => {
    cluster = await startRealCluster(3)
    replica = await startReplica(cluster.nodes[1] as RedisNode, cluster.nodes)
  })

  afterEach(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const delNode = (node: string, ...words: string[]) =>
    runShoal(['del-node', cluster.seed, node, '--yes', '--json', '--timeout', '1s', ...words])
  const addressOf = ({port}: RedisNode) => `127.0.0.1:${port}`
  const idOf = async (node: RedisNode) => String(await node.call('CLUSTER', 'MYID'))
  const knownTo = async (node: RedisNode) => {
    const lines = String(await node.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n')
    return lines.map((line) => line.slice(0, 40))
  }

  it('removes a replica, which forgets the others', async () => {
    const id = await idOf(replica)
    const run = await delNode(id)
    expect(run.code, run.stdout + run.stderr).toBe(0)
    for (const node of cluster.nodes) expect(await knownTo(node)).not.toContain(id)
    expect(await knownTo(replica)).toHaveLength(1)
  })

  it('drains a primary under writes, gives its replica another, and loses nothing', async () => {
    const [first, victim, third] = cluster.nodes as [RedisNode, RedisNode, RedisNode]
    const id = await idOf(victim)
    const keys = keysIn({first: 5461, last: 10_922}, 3000, 'base')
    await fillNode(victim.port, keys)
    const refused = await delNode(addressOf(victim))
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'NODE_NOT_EMPTY'])
    expect(refused.json<Failure>().error.suggestions.join()).toContain('--drain')

    const writers = new Writers([first.port, third.port], {first: 0, last: 16_383}, 'shrink', 4)
    const run = await delNode(addressOf(victim), '--drain')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().plan).toMatchObject({role: 'primary', slotCount: 5462})
    expect(await writers.stop()).toEqual([])
    for (const node of [first, third, replica]) expect(await knownTo(node)).not.toContain(id)
    expect(await knownTo(victim)).toEqual([id])
    const lost = await Promise.all([first, third].map(async ({port}) => new Set(await lostAt(port, keys))))
    expect(keys.filter((key) => lost.every((at) => at.has(key)))).toEqual([])
    const followed = String(await replica.call('INFO', 'replication'))
    expect(followed).toMatch(new RegExp(`master_port:(${first.port}|${third.port})\\r`))
    expect(await first.call('CLUSTER', 'INFO')).toContain('cluster_state:ok')
  })

  it('removes a dead node, and says who could not be told', async () => {
    const id = await idOf(replica)
    await replica.kill()
    const run = await delNode(id)
    expect(run.code, run.stdout + run.stderr).toBe(0)
    for (const node of cluster.nodes) expect(await knownTo(node)).not.toContain(id)
  })

  it('does not remove a dead owner of slots, but knows who can take over', async () => {
    const victim = cluster.nodes[2] as RedisNode
    const id = await idOf(victim)
    await victim.kill()
    const run = await delNode(id, '--drain')
    expect([run.code, run.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
    expect(run.json<Failure>().error.message).toMatch(/does not answer and owns slots 10923-16383/)
    expect(await knownTo(cluster.nodes[0] as RedisNode)).toContain(id)
  })

  it('only shows what it would do, on request, and refuses what makes no sense', async () => {
    const shown = await delNode(addressOf(cluster.nodes[1] as RedisNode), '--drain', '--dry-run')
    expect(shown.json<Document>()).toMatchObject({status: 'planned', plan: {slotCount: 5462}})
    expect(shown.json<Document>().plan.rehome).toHaveLength(1)
    const codes = await Promise.all(
      [[cluster.seed, '--drain'], ['127.0.0.1:1'], ['f'.repeat(40)], ['abc']].map(async ([node = '', ...words]) => {
        const run = await delNode(node, ...words)
        return [run.json<Failure>().error.code, run.code]
      }),
    )
    expect(codes).toEqual([
      ['BAD_FLAG', 2],
      ['UNKNOWN_NODE', 3],
      ['UNKNOWN_NODE', 3],
      ['UNKNOWN_NODE', 3],
    ])
    expect(await knownTo(cluster.nodes[0] as RedisNode)).toHaveLength(4)
  })
})
