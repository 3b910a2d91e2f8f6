import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startReplica} from '../support/peers.js'
import {Writers} from './reshard-load.js'

interface Document {
  readonly plan: {readonly mode: string; readonly slots: string; readonly risks: readonly string[]}
  readonly result?: {readonly durationMs: number}
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

/** Nobody is promoted but by the tests; a replica that was promoted rests for four node timeouts. */
const NO_FAILOVER = {args: ['--cluster-replica-no-failover', 'yes', '--cluster-node-timeout', '1000']}

describeWithPeers('failover', () => {
  let cluster: RealCluster
  let replica: RedisNode

  beforeAll(async () => {
    cluster = await startRealCluster(3, NO_FAILOVER)
    replica = await startReplica(cluster.nodes[0] as RedisNode, cluster.nodes, NO_FAILOVER)
  })

  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const failover = (port: number | undefined, ...words: string[]) =>
    runShoal(['failover', `127.0.0.1:${port}`, '--yes', '--json', '--timeout', '500ms', ...words])
  const roleOf = async (node: RedisNode) => ((await node.call('ROLE')) as string[])[0]

  it('refuses a primary and names its replica', async () => {
    const run = await failover(cluster.ports[0])
    expect([run.code, run.json<Failure>().error.code]).toEqual([3, 'NOT_A_REPLICA'])
    expect(run.json<Failure>().error.suggestions).toEqual([`shoal failover 127.0.0.1:${replica.port}`])
  })

  it('only shows what it would do, on request', async () => {
    const run = await failover(replica.port, '--dry-run')
    expect(run.code, run.stdout).toBe(0)
    expect(run.json<Document>().plan).toMatchObject({mode: 'plain', slots: '0-5460', risks: []})
    expect(await roleOf(replica)).toBe('slave')
  })

  it('hands over and back, twice without a pause, under writes, and loses none', async () => {
    const [first] = cluster.nodes as [RedisNode]
    const writers = new Writers([...cluster.ports, replica.port], {first: 0, last: 5460}, 'handed over', 4)
    // Asked a third time at once, a replica would count the votes of the first time again.
    for (const [next, last] of [
      [replica, first],
      [first, replica],
      [replica, first],
      [first, replica],
    ] as const) {
      const run = await failover(next.port)
      expect(run.code, run.stdout).toBe(0)
      expect([await roleOf(next), await roleOf(last)]).toEqual(['master', 'slave'])
    }
    expect(await writers.stop()).toEqual([])
    // A node that won without standing for election took what it accepted then with it.
    for (const {logFile} of [replica, first]) {
      const log = readFileSync(logFile, 'utf8')
      expect(log.split('Failover election won').length).toBe(log.split('Starting a failover election').length)
    }
  })

  it('refuses a hand-over by a primary that hangs, and promotes by force', async () => {
    const primary = cluster.nodes[0] as RedisNode
    process.kill(primary.pid, 'SIGSTOP')
    try {
      const plain = await failover(replica.port)
      expect([plain.code, plain.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
      expect(plain.json<Failure>().error.suggestions.join()).toContain('--force')
      const forced = await failover(replica.port, '--force')
      expect(forced.code, forced.stdout).toBe(0)
      expect(forced.json<Document>().plan.risks.join()).toMatch(/does not answer.* is lost/)
      expect(await roleOf(replica)).toBe('master')
    } finally {
      process.kill(primary.pid, 'SIGCONT')
    }
  })

  it('knows that nobody can vote, and takes over', async () => {
    const [first, second, third] = cluster.nodes as [RedisNode, RedisNode, RedisNode]
    // The replica is primary since the test before, and the first node follows it.
    expect((await failover(first.port)).code).toBe(0)
    for (const {pid} of [second, third]) process.kill(pid, 'SIGSTOP')
    try {
      const forced = await failover(replica.port, '--force')
      expect([forced.code, forced.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
      expect(forced.json<Failure>().error.suggestions.join()).toContain('--takeover')
      const taken = await failover(replica.port, '--takeover')
      expect(taken.code, taken.stdout).toBe(0)
      expect(await roleOf(replica)).toBe('master')
    } finally {
      for (const {pid} of [second, third]) process.kill(pid, 'SIGCONT')
    }
  })

  it('refuses two ways at once', async () => {
    const run = await failover(replica.port, '--force', '--takeover')
    expect([run.code, run.json<Failure>().error.code]).toEqual([2, 'BAD_FLAG'])
  })
})
