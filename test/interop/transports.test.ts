import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {type Certificate, makeCertificate} from '../support/certificate.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  formCluster,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'
import {keysIn} from './reshard-load.js'

/**
 * Commands, where nodes are reached in other ways than by plain TCP at the address they announce. Every command, by the
 * least of users: transports-hostnames, transports-ipv6, transports-address-map.
 */

const PASSWORD = 'operators-secret'

/** In one of the slots 0-100. */
const [KEY] = keysIn({first: 0, last: 100}, 1, 'key') as [string]

describeWithPeers('TLS, an ACL user and announced hostnames', () => {
  const state = temporaryFolder('transports')
  const env = {SHOAL_STATE_DIR: state, SHOAL_PASSWORD: PASSWORD}
  // The certificate names no address: only the hostname that the nodes announce will do.
  const certificate = makeCertificate(['DNS:localhost']) as Certificate
  const announce = [
    '--cluster-announce-hostname',
    'localhost',
    '--user',
    'operator',
    'on',
    `>${PASSWORD}`,
    '~*',
    '&*',
    '+@all',
  ]
  let cluster: RealCluster
  let spares: RedisNode[]
  let seed: string

  beforeAll(async () => {
    const options = {args: announce, password: 'nodes-secret', tls: certificate}
    cluster = await startRealCluster(3, options)
    spares = await Promise.all([0, 1].map(() => startRedis({...options, cluster: true})))
    seed = `localhost:${cluster.ports[0]}`
  })

  afterAll(async () => {
    await Promise.all([cluster?.stop(), ...(spares ?? []).map((spare) => spare.stop())])
  })

  const shoal = (...words: string[]) =>
    runShoal([...words, '--user', 'operator', '--cacert', certificate.certFile, '--json'], {env})
  const run = async (...words: string[]) => {
    const result = await shoal(...words)
    expect(result.code, `${words.join(' ')}: ${result.stdout}${result.stderr}`).toBe(0)
    return result.json<Record<string, unknown>>()
  }

  it('runs every command that looks', async () => {
    await run('check', seed)
    await run('info', seed)
    await run('call', seed, 'PING')
  })

  it('moves slots with keys, to and fro', async () => {
    const [, , third] = cluster.ports
    await cluster.nodes[2]?.call('SET', '{a}1', 'value')
    await run(
      'reshard',
      seed,
      '--from',
      'all',
      '--to',
      `localhost:${cluster.ports[0]}`,
      '--slots',
      '15400-15500',
      '--yes',
    )
    expect(await cluster.nodes[0]?.call('GET', '{a}1')).toBe('value')
    await run('undo', '--yes')
    await run('rebalance', seed, '--weight', `localhost:${third}=2`, '--yes')
    await run('rebalance', seed, '--threshold', '0', '--yes')
  })

  it('repairs', async () => {
    const where = (await cluster.nodes[0]?.call('CLUSTER', 'KEYSLOT', '{a}1')) as number
    const holds = await Promise.all(cluster.nodes.map((node) => node.call('CLUSTER', 'COUNTKEYSINSLOT', where)))
    const owner = cluster.nodes[holds.indexOf(1)] as RedisNode
    const other = cluster.nodes.find((node) => node !== owner) as RedisNode
    const ids = await Promise.all([owner, other].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    await other.call('CLUSTER', 'SETSLOT', where, 'IMPORTING', ids[0] as string)
    await owner.call('CLUSTER', 'SETSLOT', where, 'MIGRATING', ids[1] as string)
    expect((await run('fix', seed, '--yes'))['result']).toMatchObject({slotsMoved: 1, keysMoved: 1})
  })

  it('grows, hands over, and shrinks', async () => {
    const [replica, primary] = spares as [RedisNode, RedisNode]
    await run('add-node', `localhost:${replica.port}`, seed, '--replica', '--yes')
    await run('failover', `localhost:${replica.port}`, '--yes')
    await run('add-node', `localhost:${primary.port}`, seed, '--rebalance', '--yes')
    await run('del-node', seed, `localhost:${primary.port}`, '--drain', '--yes')
    await run('set-timeout', seed, '3000', '--yes')
  })

  it('keeps the password out of journals, plans and the logs of the nodes', () => {
    const files = [
      ...readdirSync(join(state, 'jobs')).map((name) => join(state, 'jobs', name)),
      ...cluster.nodes.map(({logFile}) => logFile),
    ]
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) expect(readFileSync(file, 'utf8')).not.toContain(PASSWORD)
  })

  it.each([
    ['another password', {SHOAL_PASSWORD: 'wrong'}, ['--cacert', certificate.certFile], 7, 'AUTH_FAILED'],
    ['no authority', {}, ['--tls'], 7, 'UNREACHABLE'],
    ['no TLS', {}, [], 7, 'UNREACHABLE'],
  ])('refuses %s with a way forward', async (_, more, flags, exit, code) => {
    const result = await runShoal(['check', seed, '--user', 'operator', '--json', '--timeout', '2s', ...flags], {
      env: {...env, ...more},
    })
    const {error} = result.json<{error: {code: string; message: string}}>()
    expect([result.code, error.code]).toEqual([exit, code])
    expect(result.stdout).not.toContain(PASSWORD)
  })
})

describeWithPeers('a Unix socket', () => {
  const folder = temporaryFolder('sockets')
  const path = join(folder, 'node.sock')
  let nodes: RedisNode[]

  beforeAll(async () => {
    nodes = await Promise.all([['--unixsocket', path], [], []].map((args) => startRedis({cluster: true, args})))
    await formCluster(nodes)
  })

  afterAll(() => Promise.all((nodes ?? []).map((node) => node.stop())))

  it('is as good a seed as an address, also for the node it belongs to', async () => {
    const [first, second] = nodes as [RedisNode, RedisNode]
    await first.call('SET', KEY, 'value')
    const check = await runShoal(['check', path, '--json'])
    expect(check.json<{totals: {primaries: number}}>().totals.primaries).toBe(3)
    const slots = ['--slots', '0-100']
    const moved = await runShoal([
      'reshard',
      `unix:${path}`,
      '--from',
      path,
      '--to',
      `127.0.0.1:${second.port}`,
      ...slots,
      '--yes',
      '--json',
    ])
    expect(moved.code, moved.stdout).toBe(0)
    const back = await runShoal([
      'reshard',
      path,
      '--from',
      'all',
      '--to',
      `127.0.0.1:${first.port}`,
      ...slots,
      '--yes',
      '--json',
    ])
    expect(back.code, back.stdout).toBe(0)
  })

  it('is a seed for every command that takes one, and a name of its node', async () => {
    const env = {SHOAL_STATE_DIR: temporaryFolder('socket-state')}
    const backup = join(temporaryFolder('socket-backup'), 'backup')
    const move = ['--from', path, '--to', `127.0.0.1:${nodes[1]?.port}`, '--slots', '50']
    const plan = join(temporaryFolder('socket-plan'), 'plan.json')
    const runs = [
      ['info', path],
      ['status', path, '--node', path],
      ['watch', path, '--count', '1'],
      ['call', path, 'PING'],
      ['backup', path, backup],
      ['restore', path, backup, '--yes'],
      ['reshard', path, ...move, '--dry-run', '--plan-out', plan],
      ['apply', plan, '--yes'],
      ['undo', '--yes'],
      ['rebalance', path, '--threshold', '0', '--yes'],
      ['fix', path, '--yes'],
      ['maintenance', 'on', path, '--drain', '--yes'],
      // The node has an address as well.
      ['maintenance', 'off', `127.0.0.1:${nodes[0]?.port}`, '--yes'],
      ['set-timeout', path, '2500', '--yes'],
      ['del-node', path, `127.0.0.1:${nodes[2]?.port}`, '--drain', '--yes'],
      ['add-node', `127.0.0.1:${nodes[2]?.port}`, path, '--yes'],
    ]
    for (const words of runs) {
      const result = await runShoal([...words, '--json'], {env})
      expect(result.code, `${words.join(' ')}: ${result.stdout}${result.stderr}`).toBe(0)
      if (words[0] === 'maintenance') expect(result.json()['status'], result.stdout).toBe('done')
    }
  })

  it('is no address for others to meet', async () => {
    const {code, stdout} = await runShoal(['add-node', path, `127.0.0.1:${nodes[1]?.port}`, '--yes', '--json'])
    expect([code, stdout]).toEqual([2, expect.stringContaining('BAD_ADDRESS')])
    const missing = await runShoal(['check', join(folder, 'no.sock'), '--json'])
    expect([missing.code, missing.stdout]).toEqual([7, expect.stringContaining('there is no Unix socket')])
  })
})

describeWithPeers('IPv6', () => {
  let nodes: RedisNode[]

  beforeAll(async () => {
    nodes = await Promise.all([0, 1, 2].map(() => startRedis({cluster: true, args: ['--bind', '127.0.0.1', '::1']})))
  })

  afterAll(() => Promise.all((nodes ?? []).map((node) => node.stop())))

  it('forms a cluster and moves slots', async () => {
    const names = nodes.map(({port}) => `[::1]:${port}`)
    const created = await runShoal(['create', ...names, '--yes', '--json'])
    expect(created.code, created.stdout).toBe(0)
    const [first, second] = names as [string, string]
    await nodes[0]?.call('SET', KEY, 'value')
    const moved = await runShoal([
      'reshard',
      first,
      '--from',
      'all',
      '--to',
      second,
      '--slots',
      '100',
      '--yes',
      '--json',
    ])
    expect(moved.code, moved.stdout).toBe(0)
    expect((await runShoal(['check', first, '--json'])).code).toBe(0)
  })
})

describeWithPeers('nodes that announce what cannot be reached from here', () => {
  let nodes: RedisNode[]
  let announced: number[]

  beforeAll(async () => {
    const base = await claimPorts(6)
    announced = [0, 1, 2].map((index) => base + 3 + index)
    nodes = await Promise.all(
      announced.map((port, index) =>
        startRedis({
          cluster: true,
          port: base + index,
          args: ['--cluster-announce-port', String(port), '--cluster-announce-bus-port', String(base + index + 10_000)],
        }),
      ),
    )
    await formCluster(nodes)
  })

  afterAll(() => Promise.all((nodes ?? []).map((node) => node.stop())))

  it('are reached by --address-map, and without it the way out is told', async () => {
    const seed = `127.0.0.1:${nodes[0]?.port}`
    const lost = await runShoal(['check', seed, '--json', '--timeout', '1s'])
    expect([lost.code, lost.stdout]).toEqual([9, expect.stringContaining('--address-map')])
    const map = nodes.flatMap(({port}, index) => ['--address-map', `127.0.0.1:${announced[index]}=127.0.0.1:${port}`])
    const found = await runShoal(['check', seed, '--json', ...map])
    expect(found.code, found.stdout).toBe(0)
    const called = await runShoal(['call', seed, ...map, '--json', 'PING'])
    expect(called.code, called.stdout).toBe(0)
  })
})
