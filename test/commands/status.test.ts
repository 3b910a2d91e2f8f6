import {afterAll, beforeAll, expect, it} from 'vitest'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import type {ClusterStatus} from '../../src/lib/model/cluster-status.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startReplica} from '../support/peers.js'
import {waitFor} from '../support/processes.js'

const MAXMEMORY = 64 * 1024 * 1024

describeWithPeers('status', () => {
  let cluster: RealCluster
  let replica: RedisNode
  let ids: string[]

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    replica = await startReplica(cluster.nodes[0] as RedisNode, cluster.nodes)
    ids = await Promise.all([...cluster.nodes, replica].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    await cluster.nodes[0]?.call('CONFIG', 'SET', 'maxmemory', MAXMEMORY)
  })

  afterAll(async () => {
    await replica?.stop()
    await cluster?.stop()
  })

  const status = (...args: string[]) => runShoal(['status', cluster.seed, ...args])
  const rowsOf = (text: string, title: string) => {
    const block = text.split('\n\n').find((part) => part.startsWith(title)) ?? ''
    return block
      .trim()
      .split('\n')
      .slice(2)
      .map((line) => line.split(/ {2,}/))
  }

  it('prints the four tables of a live cluster, the node asked with a star', async () => {
    const {code, stdout} = await status()
    expect(code, stdout).toBe(0)
    expect(stdout).not.toContain('\u001B')
    expect(stdout.match(/^[A-Z ]+:$/gm)).toEqual(['CLUSTER NODES:', 'DATABASES:', 'ENDPOINTS:', 'SHARDS:'])
    const nodes = rowsOf(stdout, 'CLUSTER NODES:')
    const addresses = [...cluster.ports, replica.port].sort((a, b) => a - b).map((port) => `127.0.0.1:${port}`)
    expect(nodes.map(([, , address]) => address)).toEqual(addresses)
    const asked = addresses.indexOf(cluster.seed) + 1
    expect(nodes.map(([name]) => name)).toEqual(
      addresses.map((_, index) => `${index + 1 === asked ? '*' : ''}node:${index + 1}`),
    )
    expect(nodes.every((row) => row.at(-1) === 'OK')).toBe(true)
    expect(nodes[asked - 1]?.find((cell) => cell.includes('/64.00MB'))).toMatch(/^\d\d\.\d\dMB\/64\.00MB$/)
    expect(rowsOf(stdout, 'SHARDS:').filter((row) => row.includes('slave'))).toEqual([
      ['db:1', '-', expect.stringMatching(/^redis:/), expect.any(String), 'slave', '0-5460', expect.any(String), 'OK'],
    ])
    expect(rowsOf(stdout, 'ENDPOINTS:')).toHaveLength(3)
  })

  it('gives the same as data', async () => {
    const {code, json} = await status('--json')
    expect(code).toBe(0)
    const document = json<ClusterStatus>()
    expect(Object.keys(document)).toEqual(['seed', 'nodes', 'databases', 'endpoints', 'shards', 'modules'])
    expect(document.nodes.map(({id}) => id).sort()).toEqual([...ids].sort())
    expect(document.databases).toEqual([
      expect.objectContaining({
        db: 1,
        endpoint: cluster.seed,
        persistence: 'disabled',
        placement: 'dense',
        replication: 'partial',
        shards: 3,
        status: 'active',
      }),
    ])
    const limited = document.nodes.find(({id}) => id === ids[0])
    expect(limited).toMatchObject({asked: true, memoryLimitBytes: MAXMEMORY, state: 'ok', version: '7.0.15'})
    expect(limited?.freeBytes).toBeGreaterThan(MAXMEMORY / 2)
    expect(document.shards.find(({id}) => id === ids[3])).toMatchObject({
      role: 'replica',
      slots: '0-5460',
      state: 'ok',
      lagBytes: expect.any(Number),
    })
  })

  it('shows chosen sections, extras, one node, sorted', async () => {
    const {code, stdout} = await status('shards', '--extra', 'shardstats,frag', '--sort', 'ROLE,SLOTS')
    expect(code).toBe(0)
    expect(stdout.match(/^[A-Z ]+:$/gm)).toEqual(['SHARDS:'])
    expect(stdout).toMatch(/USED_MEMORY +KEYS +OPS_SEC +CONNECTIONS +LAG_BYTES +RAM_FRAG +STATUS/)
    expect(rowsOf(stdout, 'SHARDS:').map((row) => row[4])).toEqual(['master', 'master', 'master', 'slave'])
    const one = await status('--node', `127.0.0.1:${replica.port}`, '--json')
    expect(one.json<ClusterStatus>()).toMatchObject({nodes: [{id: ids[3]}], endpoints: [], shards: [{id: ids[3]}]})
  })

  const wrong: [args: string[], code: string, message: RegExp][] = [
    [['--extra', 'watchdog'], 'BAD_FLAG', /watchdog is none of backup, frag, nodestats, rack_id, redis_version/],
    [['--sort', 'COLOUR'], 'BAD_FLAG', /COLOUR is none of NODE:ID, ROLE/],
    [['tables'], 'BAD_FLAG', /tables/],
    [['--node', '99'], 'UNKNOWN_NODE', /99 names no node/],
  ]
  for (const [args, code, message] of wrong) {
    it(`refuses ${args.join(' ')}`, async () => {
      const run = await status(...args, '--json')
      const {error} = run.json<ErrorDocument>()
      expect(error).toMatchObject({code, message: expect.stringMatching(message)})
      expect(run.code).toBe(error.exitCode)
    })
  }

  it('does without CONFIG', async () => {
    const all = [...cluster.nodes, replica]
    await Promise.all(
      all.map((node) => node.call('ACL', 'SETUSER', 'viewer', 'on', '>see', '+@all', '-config', '-module', '~*')),
    )
    const run = await runShoal(['status', cluster.seed, '--json', '--user', 'viewer'], {env: {SHOAL_PASSWORD: 'see'}})
    expect(run.code, run.stdout).toBe(0)
    const document = run.json<ClusterStatus>()
    expect(document.nodes.find(({id}) => id === ids[0])?.memoryLimitBytes).toBe(MAXMEMORY)
    expect(document).toMatchObject({databases: [{persistence: null}], modules: []})
  })

  it('has a row for a dead node, and exits 0', async () => {
    await cluster.nodes[2]?.kill()
    // The rest of the run must not depend on when the others notice.
    const {stdout} = await waitFor(
      async () => {
        const run = await status()
        return /DOWN, last seen \d+s ago/.test(run.stdout) && run
      },
      {deadlineMs: 30_000, what: 'a dead node'},
    )
    const dead = rowsOf(stdout, 'CLUSTER NODES:').find((row) => row.includes(`127.0.0.1:${cluster.ports[2]}`))
    expect(dead?.at(-1)).toMatch(/^DOWN, last seen \d+s ago$/)
    const shard = rowsOf(stdout, 'SHARDS:').find((row) => row.includes('10923-16383'))
    expect(shard?.slice(-2)).toEqual(['-', 'DOWN'])
    const issues = await status('--issues-only')
    expect(issues.code).toBe(0)
    expect(issues.stdout).toContain(`127.0.0.1:${cluster.ports[2]}`)
  })

  it('fails as every command does if the seed does not answer', async () => {
    const run = await runShoal(['status', `127.0.0.1:${cluster.ports[2]}`, '--json'])
    expect([run.code, run.json<ErrorDocument>().error.code]).toEqual([7, 'UNREACHABLE'])
  })
})
