import {afterEach, beforeEach, expect, it} from 'vitest'
import {type RunOptions, type RunResult, runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
  startReplica,
} from '../support/peers.js'
import {waitFor} from '../support/processes.js'
import {fillNode, keysIn, lostAt, type SlotSpan, Writers} from './reshard-load.js'

/** Slots of the last of three even shares, moved lowest first, and the keys that live there. */
const SPAN = {first: 14336, last: 16383}
/** What has moved when a primary fails, and what is not open yet. */
const EARLY = {first: 14336, last: 14591}
const LATE = {first: 15872, last: 16383}
const KEY_COUNT = 20_000
/** Of 128 windows; the first are smaller. */
const FAIL_AT = 40
const KEPT = {args: ['--appendonly', 'yes', '--appendfsync', 'always']}

interface Document {
  readonly result: {readonly slotsMoved: number; readonly warnings: readonly string[]}
}

interface Failure {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
    readonly details: {readonly job: string; readonly remaining: string}
  }
}

describeWithPeers('reshard while a primary fails over', () => {
  let cluster: RealCluster
  let source: RedisNode
  let target: RedisNode
  let others: RedisNode[]
  let keys: string[]
  const writers: Writers[] = []

  beforeEach(async () => {
    cluster = await startRealCluster(3)
    others = []
    target = cluster.nodes[1] as RedisNode
    source = cluster.nodes[2] as RedisNode
    keys = keysIn(SPAN, KEY_COUNT, 'base')
    await fillNode(source.port, keys)
  })

  afterEach(async () => {
    for (const each of writers.splice(0)) await each.stop()
    await Promise.all([cluster?.stop(), ...others.map((node) => node.stop())])
  })

  const replicaOf = async (primary: RedisNode) => {
    const replica = await startReplica(primary, [...cluster.nodes, ...others])
    others.push(replica)
    return replica
  }
  const write = (span: SlotSpan, name: string) => {
    const ports = [...cluster.ports, ...others.map(({port}) => port)]
    writers.push(new Writers(ports, span, name, 4))
  }
  const idOf = async (node: RedisNode) => String(await node.call('CLUSTER', 'MYID'))
  const roleOf = async (node: RedisNode) => ((await node.call('ROLE')) as string[])[0]

  /** Starts the move and does something once it is well under way. */
  const reshard = async (how: string, seed: RedisNode, act: () => Promise<unknown>): Promise<RunResult> => {
    const move = ['--from', await idOf(source), '--to', await idOf(target), '--slots', `${SPAN.first}-${SPAN.last}`]
    let acted: Promise<unknown> | undefined
    const options: RunOptions = {
      onStderr: (text) => {
        if (text.split('"window-done"').length > FAIL_AT) acted ??= act()
      },
    }
    const flags = ['--transfer', how, '--window', '16', '--timeout', '1s', '--events', '--yes', '--json']
    const run = await runShoal(['reshard', `127.0.0.1:${seed.port}`, ...move, ...flags], options)
    expect(acted, 'it was over before it could be disturbed').toBeDefined()
    await acted
    return run
  }

  /** A crash of which nothing is lost by the node itself: what it acknowledged has reached its replica. */
  const crash = async (node: RedisNode, replica: RedisNode) => {
    await node.call('CLIENT', 'PAUSE', 10_000, 'WRITE')
    const offsetIn = async (at: RedisNode, field: string) =>
      new RegExp(`${field}:(\\d+)`).exec(String(await at.call('INFO', 'replication')))?.[1]
    await waitFor(
      async () => (await offsetIn(node, 'master_repl_offset')) === (await offsetIn(replica, 'slave_repl_offset')),
      {what: 'the replica to have everything'},
    )
    await node.kill()
  }

  /** Hands over, and asks again if the votes were refused: voters know of slots that the replica has not heard of. */
  const handOver = async (replica: RedisNode) => {
    let askedAt = 0
    await waitFor(
      async () => {
        if (Date.now() - askedAt > 6000) {
          askedAt = Date.now()
          await replica.call('CLUSTER', 'FAILOVER')
        }
        return (await roleOf(replica)) === 'master'
      },
      {what: 'the replica to take over', deadlineMs: 30_000},
    )
  }

  /** @param at - where the keys may be; several if a primary kept what it took while its replica was promoted */
  const expectMoved = async (run: RunResult, ...at: RedisNode[]) => {
    expect(run.code, run.stdout + run.stderr.replace(/^.*"(?:progress|window-\w+)".*\n/gm, '')).toBe(0)
    expect(run.json<Document>().result.warnings.join()).not.toContain('open')
    for (const each of writers.splice(0)) expect(await each.stop()).toEqual([])
    const lost = await Promise.all(at.map(async ({port}) => new Set(await lostAt(port, keys))))
    expect(keys.filter((key) => lost.every((missing) => missing.has(key)))).toEqual([])
    const [to] = at as [RedisNode]
    const view = String(await to.call('CLUSTER', 'NODES'))
    expect(view).not.toMatch(/\[\d+-/)
    expect(String(await to.call('CLUSTER', 'INFO'))).toContain('cluster_state:ok')
  }

  const expectAllMoved = async (run: RunResult, ...at: RedisNode[]) => {
    await expectMoved(run, ...at)
    expect(run.json<Document>().result.slotsMoved).toBe(SPAN.last - SPAN.first + 1)
  }

  it.each(['migrate', 'copy'])('goes on with the replica of a target that dies (%s)', async (how) => {
    const successor = await replicaOf(target)
    write(SPAN, 'dying-target')
    const run = await reshard(how, target, () => crash(target, successor))
    expect(run.stderr).toContain('"failover"')
    await expectAllMoved(run, successor)
    expect(await roleOf(successor)).toBe('master')
  })

  it('goes on with the replica that takes over from the target', async () => {
    const successor = await replicaOf(target)
    write(SPAN, 'handed-over-target')
    const run = await reshard('copy', target, () => handOver(successor))
    await expectAllMoved(run, successor, target)
  })

  it.each(['migrate', 'copy'])('goes on with the replica of a source that dies (%s)', async (how) => {
    const successor = await replicaOf(source)
    write(EARLY, 'moved before')
    write(LATE, 'moved after')
    const run = await reshard(how, source, () => crash(source, successor))
    expect(run.stderr).toContain('"failover"')
    await expectAllMoved(run, target)
    expect(await roleOf(successor)).toBe('master')
  })

  it('goes on with the replica that takes over from the source', async () => {
    const successor = await replicaOf(source)
    write(EARLY, 'moved before')
    write(LATE, 'moved after')
    const run = await reshard('migrate', target, () => handOver(successor))
    await expectAllMoved(run, target)
  })

  it('stops with exit 6 if nobody takes the place of a target, and resumes once it is back', async () => {
    for (const setting of [
      ['appendfsync', 'always'],
      ['appendonly', 'yes'],
    ])
      await target.call('CONFIG', 'SET', ...setting)
    const run = await reshard('auto', source, () => target.kill())
    expect([run.code, run.json<Failure>().error.code], run.stdout).toEqual([6, 'PLAN_PARTIAL'])
    const {details, suggestions} = run.json<Failure>().error
    expect(details.remaining).toMatch(/-16383$/)
    expect(suggestions[0]).toBe(`shoal resume ${details.job}`)
    const early = await runShoal(['resume', '--timeout', '1s', '--json'])
    expect([early.code, early.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
    others.push(await startRedis({...KEPT, cluster: true, port: target.port, folder: target.folder}))
    await waitFor(async () => String(await target.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
      what: 'the target to be back',
    })
    // Nobody claims this one any more, as if the target had taken it while another took the target's place.
    for (const node of cluster.nodes) await node.call('CLUSTER', 'DELSLOTS', SPAN.first).catch(() => undefined)
    const resumed = await runShoal(['resume', '--json'])
    await expectMoved(resumed, target)
  })
})
