import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {baseValue, keysIn} from '../interop/reshard-load.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startReplica} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'

interface Failure {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
    readonly details: Readonly<Record<string, unknown>>
  }
}

describe('reshard without a cluster', () => {
  it('gives up on an unreachable seed within --timeout', async () => {
    const run = await runShoal(['reshard', `127.0.0.1:${await claimPorts()}`, '--timeout', '500ms', '--json'])
    expect(run.code).toBe(7)
    expect(run.json<Failure>().error.code).toBe('UNREACHABLE')
  })

  it('has no job to resume, and lists none', async () => {
    const env = {SHOAL_STATE_DIR: temporaryFolder('empty')}
    expect((await runShoal(['resume'], {env})).code).toBe(4)
    expect((await runShoal(['resume', '../../etc'], {env})).code).toBe(4)
    expect((await runShoal(['jobs', '--json'], {env})).json()).toEqual({jobs: []})
  })
})

describeWithPeers('reshard', () => {
  let cluster: RealCluster
  let ids: string[]
  let replica: RedisNode
  let replicaId: string

  beforeAll(async () => {
    cluster = await startRealCluster(3, {password: 'secret word'})
    ids = await Promise.all(cluster.nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    replica = await startReplica(cluster.nodes[0] as RedisNode, cluster.nodes, {password: 'secret word'})
    replicaId = String(await replica.call('CLUSTER', 'MYID'))
  })

  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const reshard = (...args: string[]) =>
    runShoal(['reshard', cluster.seed, ...args, '--json'], {env: {SHOAL_PASSWORD: 'secret word'}})
  const slotsOf = async () => {
    const view = String(await cluster.nodes[0]?.call('CLUSTER', 'NODES'))
    return view
      .split('\n')
      .map((line) => line.split(' '))
      .map((fields) => [fields[0], fields.slice(8).join(' ')].join(' '))
      .sort()
      .join('\n')
  }

  it.each<[name: string, args: () => string[], code: string, exit: number]>([
    ['an unknown id', () => ['--from', 'all', '--to', 'f'.repeat(40), '--slots', '1'], 'UNKNOWN_NODE', 3],
    ['a short id', () => ['--from', 'all', '--to', ids[1]?.slice(0, 8) ?? '', '--slots', '1'], 'UNKNOWN_NODE', 3],
    ['a replica as target', () => ['--from', 'all', '--to', replicaId, '--slots', '1'], 'NOT_A_PRIMARY', 3],
    ['source = target', () => ['--from', ids[1] ?? '', '--to', ids[1] ?? '', '--slots', '1'], 'SAME_NODE', 3],
    ['more than owned', () => ['--from', ids[1] ?? '', '--to', ids[2] ?? '', '--slots', '9000'], 'NOT_ENOUGH_SLOTS', 3],
    [
      'an atomic move between nodes that have none',
      () => ['--from', ids[1] ?? '', '--to', ids[2] ?? '', '--slots', '1', '--transfer', 'atomic'],
      'ENVIRONMENT_LACKS',
      8,
    ],
    ['no slots', () => ['--from', ids[1] ?? '', '--to', ids[2] ?? '', '--slots', '0'], 'BAD_FLAG', 2],
    ['missing values without a terminal', () => ['--to', ids[1] ?? ''], 'NEEDS_TERMINAL', 2],
    ['no --yes without a terminal', () => ['--from', 'all', '--to', ids[1] ?? '', '--slots', '1'], 'NEEDS_TERMINAL', 2],
  ])('refuses %s and changes nothing', async (_, args, code, exit) => {
    const before = await slotsOf()
    const run = await reshard(...args(), ...(code === 'NEEDS_TERMINAL' ? [] : ['--yes']))
    expect([run.json<Failure>().error.code, run.code]).toEqual([code, exit])
    expect(await slotsOf()).toBe(before)
  })

  it('names the flags that are missing', async () => {
    const run = await reshard('--to', ids[1] ?? '')
    expect(run.json<Failure>().error.details['missing']).toEqual(['--from', '--slots'])
  })

  it('suggests the full id for a short one', async () => {
    const run = await reshard('--from', 'all', '--to', ids[1]?.slice(0, 8) ?? '', '--slots', '1', '--yes')
    expect(run.json<Failure>().error.suggestions.join()).toContain(ids[1])
  })

  it('refuses a wrong password', async () => {
    const run = await runShoal(['reshard', cluster.seed, '--json'], {env: {SHOAL_PASSWORD: 'wrong'}})
    expect([run.json<Failure>().error.code, run.code]).toEqual(['AUTH_FAILED', 7])
  })

  it('writes and shows a plan without carrying it out', async () => {
    const before = await slotsOf()
    const file = join(temporaryFolder('plan'), 'plan.json')
    const run = await reshard('--from', 'all', '--to', ids[1] ?? '', '--slots', '7', '--dry-run', '--plan-out', file)
    expect(run.code, run.stdout).toBe(0)
    const {plan} = run.json<{plan: {steps: unknown[]; cost: {slotCount: number}}}>()
    expect(plan.cost.slotCount).toBe(7)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(plan)
    expect(await slotsOf()).toBe(before)
  })

  it("moves slots by redis-cli's spellings, through nodes with a password, and is done when run again", async () => {
    const args = [
      '--cluster-from',
      ids[0] ?? '',
      '--cluster-to',
      ids[1] ?? '',
      '--cluster-slots',
      '100-119',
      '--cluster-yes',
    ]
    const keys = keysIn({first: 100, last: 119}, 40, 'key')
    for (const key of keys) await cluster.nodes[0]?.call('SET', key, baseValue(key), 'PX', 600_000)
    const run = await reshard(
      ...args,
      '--cluster-timeout',
      '5000',
      '--cluster-pipeline',
      '5',
      '--cluster-replace',
      '--window',
      '4',
    )
    expect(run.code, run.stdout).toBe(0)
    expect(run.json<{result: {slotsMoved: number}}>().result.slotsMoved).toBe(20)
    for (const key of keys) {
      expect(await cluster.nodes[1]?.call('GET', key)).toBe(baseValue(key))
      const ttlMs = Number(await cluster.nodes[1]?.call('PTTL', key))
      expect(ttlMs).toBeGreaterThan(500_000)
      expect(ttlMs).toBeLessThanOrEqual(600_000)
    }
    const again = await reshard(...args)
    expect(again.code, again.stdout).toBe(0)
    expect(again.json()).not.toHaveProperty('result')
  })

  it('refuses to work beside slots that somebody else left open, and names them', async () => {
    await cluster.nodes[2]?.call('CLUSTER', 'SETSLOT', 16000, 'MIGRATING', ids[1] as string)
    const run = await reshard('--from', ids[0] ?? '', '--to', ids[1] ?? '', '--slots', '1', '--yes')
    await cluster.nodes[2]?.call('CLUSTER', 'SETSLOT', 16000, 'STABLE')
    expect([run.json<Failure>().error.code, run.code]).toEqual(['CLUSTER_UNHEALTHY', 3])
    expect(run.json<Failure>().error.message).toMatch(new RegExp(`:${cluster.ports[2]} .* migrating slots 16000`))
  })

  it('respects the lock of another operator', async () => {
    const holder = JSON.stringify({job: 'reshard-x', host: 'elsewhere', pid: 1, since: 'now'})
    for (const node of cluster.nodes)
      await node.call('SET', '{shoal}:lock', holder, 'PX', 60_000).catch(() => undefined)
    const run = await reshard('--from', ids[0] ?? '', '--to', ids[1] ?? '', '--slots', '1', '--yes')
    for (const node of cluster.nodes) await node.call('DEL', '{shoal}:lock').catch(() => undefined)
    expect([run.json<Failure>().error.code, run.code]).toEqual(['LOCKED', 5])
    expect(run.json<Failure>().error.message).toContain('reshard-x (pid 1 on elsewhere')
  })

  it('prints events as JSON lines on stderr', async () => {
    const run = await reshard('--from', ids[0] ?? '', '--to', ids[1] ?? '', '--slots', '3', '--yes', '--events')
    expect(run.code, run.stdout).toBe(0)
    const lines = run.stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    const events = lines.map((line) => (JSON.parse(line) as {event: string}).event)
    expect(events).toContain('window-done')
  })
})
