import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  hurryReplication,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
} from '../support/peers.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly status: string
  readonly plan: {readonly role: string; readonly primary?: string; readonly steps: readonly string[]}
  readonly warnings: readonly string[]
  readonly rebalance?: {readonly result?: {readonly slotsMoved: number}}
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string}
}

const LIBRARY = "#!lua name=greetings\nredis.register_function('greet', function() return 'hello' end)"

describeWithPeers('add-node', () => {
  let cluster: RealCluster
  let added: RedisNode[] = []
  let keys: string[]

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    await hurryReplication(cluster.nodes)
    for (const node of cluster.nodes) await node.call('FUNCTION', 'LOAD', LIBRARY)
    keys = keysIn({first: 0, last: 5460}, 3000, 'base')
    await fillNode(cluster.ports[0] as number, keys)
    added = await Promise.all(Array.from({length: 3}, () => startRedis({cluster: true})))
  })

  afterAll(() => Promise.all([cluster?.stop(), ...added.map((node) => node.stop())]))

  const address = (index: number) => `127.0.0.1:${added[index]?.port}`
  const addNode = (node: string, ...words: string[]) =>
    runShoal(['add-node', node, cluster.seed, '--yes', '--json', ...words])
  const knownTo = async (node: RedisNode | undefined) =>
    String(await node?.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n').length
  const idOf = async (node: RedisNode | undefined) => String(await node?.call('CLUSTER', 'MYID'))

  it('only shows what it would do, on request', async () => {
    const run = await addNode(address(0), '--dry-run')
    expect(run.code, run.stdout).toBe(0)
    expect(run.json<Document>()).toMatchObject({
      status: 'planned',
      plan: {role: 'primary', steps: ['meet', 'functions']},
    })
    expect(await knownTo(added[0])).toBe(1)
  })

  it('adds a primary with the functions, and fills it at once under writes, losing nothing', async () => {
    const writers = new Writers(cluster.ports, {first: 0, last: 16383}, 'grow', 4)
    const run = await addNode(address(0), '--rebalance')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>()).toMatchObject({status: 'added', rebalance: {result: {slotsMoved: 4096}}})
    expect(await writers.stop()).toEqual([])
    const nodes = [...cluster.nodes, added[0] as RedisNode]
    const lost = await Promise.all(nodes.map(async ({port}) => new Set(await lostAt(port, keys))))
    expect(keys.filter((key) => lost.every((at) => at.has(key)))).toEqual([])
    expect(await added[0]?.call('FCALL', 'greet', 0)).toBe('hello')
  })

  it('has nothing to do when run again', async () => {
    const run = await addNode(address(0))
    expect([run.code, run.json<Document>().status]).toEqual([0, 'nothing-to-do'])
  })

  it('adds a replica in sync to the primary that is named, and to one without any', async () => {
    const named = await addNode(address(1), '--replica', '--primary-id', cluster.seed)
    expect(named.code, named.stdout + named.stderr).toBe(0)
    const first = await idOf(cluster.nodes[0])
    expect(named.json<Document>().plan.primary).toBe(first)
    expect(String(await added[1]?.call('INFO', 'replication'))).toContain('master_link_status:up')
    const needed = await addNode(address(2), '--cluster-slave')
    expect(needed.code, needed.stdout + needed.stderr).toBe(0)
    expect(needed.json<Document>().plan.primary).not.toBe(first)
  })

  it('tells in what a newcomer differs', async () => {
    const odd = await startRedis({
      cluster: true,
      args: ['--maxmemory', '64mb', '--user', 'ada', 'on', '>secret', '+@all'],
    })
    const run = await addNode(`127.0.0.1:${odd.port}`, '--dry-run')
    await odd.stop()
    const text = run.json<Document>().warnings.join('\n')
    expect(text).toMatch(/maxmemory is 67108864 on/)
    expect(run.stdout + run.stderr).not.toContain('secret')
  })

  it('refuses what is not empty, not in cluster mode, not there, or the seed itself', async () => {
    const used = await startRedis({cluster: true})
    await used.call('CLUSTER', 'ADDSLOTS', 7)
    const plain = await startRedis()
    const refusals = await Promise.all(
      [`127.0.0.1:${used.port}`, `127.0.0.1:${plain.port}`, '127.0.0.1:1', cluster.seed].map(async (node) => {
        const run = await addNode(node)
        return [run.json<Failure>().error.code, run.code]
      }),
    )
    await Promise.all([used.stop(), plain.stop()])
    expect(refusals).toEqual([
      ['NODE_NOT_EMPTY', 3],
      ['NOT_CLUSTER_MODE', 3],
      ['UNREACHABLE', 7],
      ['BAD_FLAG', 2],
    ])
    expect(await knownTo(cluster.nodes[0])).toBe(6)
  })
})
