import {afterEach, expect, it} from 'vitest'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RedisNode, type RedisOptions, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'

const nodes: RedisNode[] = []

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  nodes.length = 0
})

/** Fresh nodes on consecutive ports. The short node timeout is also how long redis-server waits before it reports ok. */
async function start(count: number, options: RedisOptions = {}): Promise<string[]> {
  const base = await claimPorts(count)
  const args = ['--cluster-node-timeout', '500', ...(options.args ?? [])]
  const started = await Promise.all(
    Array.from({length: count}, (_, index) => startRedis({cluster: true, ...options, port: base + index, args})),
  )
  nodes.push(...started)
  return started.map(({port}) => `127.0.0.1:${port}`)
}

interface Result {
  readonly status: string
  readonly plan: {readonly shards: {readonly primary: {address: string}; readonly replicas: {address: string}[]}[]}
  readonly cluster: {readonly totals: Record<string, number>} | null
}

const create = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runShoal(['create', ...args, '--json'], {env})

/** Nothing may have been changed on any node. */
async function expectUntouched(ports: readonly RedisNode[] = nodes) {
  for (const node of ports) {
    const info = String(await node.call('CLUSTER', 'INFO'))
    expect(info).toContain('cluster_known_nodes:1\r')
    expect(info).toContain('cluster_slots_assigned:0\r')
    expect(info).toContain('cluster_my_epoch:0\r')
  }
}

describeWithPeers('shoal create', () => {
  it('makes a cluster with replicas that real nodes agree on, and then has nothing to do', async () => {
    const addresses = await start(6)
    const result = await create([...addresses, '--replicas', '1', '--yes'])
    expect(result.code, result.stderr).toBe(0)
    expect(result.json<Result>()).toMatchObject({
      status: 'created',
      cluster: {totals: {primaries: 3, replicas: 3, slotsCovered: 16384}},
    })
    const epochs = new Set<string>()
    for (const node of nodes.slice(0, 3)) {
      const info = String(await node.call('CLUSTER', 'INFO'))
      expect(info).toContain('cluster_state:ok\r')
      epochs.add(/cluster_my_epoch:\d+/.exec(info)?.[0] as string)
    }
    expect(epochs.size).toBe(3)
    const check = await runShoal(['check', addresses[5] as string, '--fail-on', 'warning'])
    expect(check.code, check.stdout).toBe(0)

    const again = await create([...addresses, '--replicas', '1', '--yes'])
    expect({code: again.code, status: again.json<Result>().status}).toEqual({code: 0, status: 'nothing-to-do'})
    const others = await create([...addresses.slice(0, 3), '--yes'])
    expect(others.code).toBe(3)
    expect(others.json<ErrorDocument>().error.message).toMatch(/belongs to a cluster already/)
  })

  it('takes the spellings of redis-cli, in any order', async () => {
    const addresses = await start(3)
    const result = await create(['--cluster-yes', ...addresses, '--cluster-replicas', '0'])
    expect(result.code, result.stderr).toBe(0)
    expect(result.json<Result>().status).toBe('created')
  })

  it('continues what an earlier run left half done', async () => {
    const addresses = await start(6)
    const [a, b, c] = nodes as [RedisNode, RedisNode, RedisNode]
    await a.call('CLUSTER', 'ADDSLOTSRANGE', 0, 5460)
    await b.call('CLUSTER', 'ADDSLOTSRANGE', 5461, 7000)
    await c.call('CLUSTER', 'SET-CONFIG-EPOCH', 3)
    await a.call('CLUSTER', 'MEET', '127.0.0.1', nodes[4]?.port as number)
    const result = await create([...addresses, '--replicas', '1', '--yes'])
    expect(result.code, result.stdout + result.stderr).toBe(0)
    expect(result.json<Result>().cluster?.totals).toMatchObject({primaries: 3, replicas: 3, slotsCovered: 16384})
  })

  it('is continued after Ctrl-C by the same command', async () => {
    const addresses = await start(3)
    const args = ['create', ...addresses, '--yes']
    let interrupt = () => {}
    const first = await runShoal(args, {
      onStart: ({kill}) => {
        interrupt = () => kill('SIGINT')
      },
      onStderr: (text) => {
        if (!text.includes('Introducing')) return
        interrupt()
        interrupt = () => {}
      },
    })
    expect(first.code).toBe(130)
    expect(first.stderr).toContain('the same command continues')
    expect((await runShoal(args)).code).toBe(0)
  })

  it('asks before it changes anything: no terminal is no yes', async () => {
    const addresses = await start(3)
    const result = await create(addresses)
    expect(result.code).toBe(2)
    expect(result.json<ErrorDocument>().error.code).toBe('NEEDS_TERMINAL')
    const typed = await runShoal(['create', ...addresses], {stdin: 'yes\n'})
    expect(typed.code).toBe(2)
    expect(typed.stdout).toContain('New cluster: 3 primaries, 0 replicas')
    await expectUntouched()
  })

  it('shows the plan of a dry run, and changes nothing', async () => {
    const addresses = await start(3)
    const zones = addresses.flatMap((address, index) => ['--zone', `${address}=z${index}`])
    const result = await create([...addresses, ...zones, '--dry-run'])
    expect(result.code).toBe(0)
    expect(result.json<Result>()).toMatchObject({
      status: 'planned',
      cluster: null,
      plan: {shards: addresses.map((address, index) => ({primary: {address, zone: `z${index}`}}))},
    })
    await expectUntouched()
  })

  it('names every node that is in the way, and changes nothing', async () => {
    const addresses = await start(4)
    const [withSlots, clean] = nodes as [RedisNode, RedisNode]
    await withSlots.call('CLUSTER', 'ADDSLOTS', 16000)
    const result = await create([...addresses, '--yes'])
    expect(result.code).toBe(3)
    const {error} = result.json<ErrorDocument>()
    expect(error).toMatchObject({
      code: 'NODE_NOT_EMPTY',
      details: {nodes: [{address: addresses[0], code: 'owns-slots'}]},
    })
    await expectUntouched([clean])

    await withSlots.call('CLUSTER', 'ADDSLOTSRANGE', 0, 15999)
    await withSlots.call('CLUSTER', 'ADDSLOTSRANGE', 16001, 16383)
    await withSlots.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
    await expect.poll(async () => withSlots.call('SET', 'key', 'value').catch(String), {timeout: 5000}).toBe('OK')
    await withSlots.call('CLUSTER', 'FLUSHSLOTS').catch(() => undefined)
    const keys = (await create([...addresses, '--yes'])).json<ErrorDocument>()
    expect(keys.error.details['nodes']).toContainEqual(
      expect.objectContaining({
        address: addresses[0],
        code: 'has-keys',
        message: `${addresses[0]} is not empty: it holds 1 key`,
      }),
    )
  })

  it('names a node that is not in cluster mode, and one that does not answer', async () => {
    const addresses = await start(2)
    const plain = await startRedis()
    nodes.push(plain)
    const noCluster = await create([...addresses, `127.0.0.1:${plain.port}`, '--yes'])
    expect(noCluster.code).toBe(3)
    expect(noCluster.json<ErrorDocument>().error).toMatchObject({
      code: 'NOT_CLUSTER_MODE',
      message: `127.0.0.1:${plain.port} does not run in cluster mode; nothing was changed`,
    })
    const free = await claimPorts()
    const unreachable = await create([...addresses, `127.0.0.1:${free}`, '--yes'])
    expect(unreachable.code).toBe(7)
    expect(unreachable.json<ErrorDocument>().error.code).toBe('UNREACHABLE')
    const both = await create([...addresses, `127.0.0.1:${free}`, `127.0.0.1:${plain.port}`, '--yes'])
    expect(both.code).toBe(3)
    expect(both.json<ErrorDocument>().error).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      details: {nodes: [{code: 'UNREACHABLE'}, {code: 'NOT_CLUSTER_MODE'}]},
    })
    await expectUntouched(nodes.slice(0, 2))
  })

  it('refuses too few primaries with a way forward, and makes them when told to', async () => {
    const addresses = await start(2)
    const refused = await create([...addresses, '--yes'])
    expect(refused.code).toBe(3)
    expect(refused.json<ErrorDocument>().error.code).toBe('NOT_ENOUGH_NODES')
    const made = await create([...addresses, '--yes', '--allow-few-primaries'])
    expect(made.code, made.stdout).toBe(0)
  })

  it('logs in by environment alone', async () => {
    const addresses = await start(3, {password: 's3cret'})
    expect((await create([...addresses, '--yes'])).json<ErrorDocument>().error.code).toBe('AUTH_FAILED')
    const wrong = await create([...addresses, '--yes'], {SHOAL_PASSWORD: 'wrong'})
    expect(wrong.code).toBe(7)
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong"')
    const result = await create([...addresses, '--yes'], {REDISCLI_AUTH: 's3cret'})
    expect(result.code, result.stdout).toBe(0)
    expect(result.stdout + result.stderr).not.toContain('s3cret')
  })

  it('names the bus port that cannot be reached, and without that check, who misses whom in the end', async () => {
    const addresses = await start(2)
    const lost = (await start(1, {args: ['--cluster-announce-bus-port', '1']}))[0] as string
    const checked = await create([...addresses, lost, '--yes'])
    expect(checked.code).toBe(3)
    expect(checked.json<ErrorDocument>().error.message).toContain(`bus port 1 of ${lost} cannot be reached`)
    await expectUntouched()

    const started = performance.now()
    const joined = await create([...addresses, lost, '--yes', '--skip-bus-check', '--timeout-join', '1500ms'])
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(joined.code).toBe(6)
    const {error} = joined.json<ErrorDocument>()
    expect(error.code).toBe('PLAN_PARTIAL')
    expect(error.message).toContain(`${addresses[0]} cannot reach ${lost} (bus port 1)`)
  })

  it('reaches nodes behind address translation by --address-map, and so does check', async () => {
    const base = await claimPorts(6)
    const announced = [0, 1, 2].map((index) => base + 3 + index)
    nodes.push(
      ...(await Promise.all(
        announced.map((port, index) => {
          const args = ['--cluster-node-timeout', '500', '--cluster-announce-port', String(port)]
          return startRedis({cluster: true, port: base + index, args})
        }),
      )),
    )
    const maps = announced.flatMap((port, index) => ['--address-map', `127.0.0.1:${port}=127.0.0.1:${base + index}`])
    const result = await create([...announced.map((port) => `127.0.0.1:${port}`), ...maps, '--yes'])
    expect(result.code, result.stdout).toBe(0)
    expect((await runShoal(['check', `127.0.0.1:${announced[1]}`, ...maps])).code).toBe(0)
    const unmapped = await runShoal(['check', `127.0.0.1:${base}`])
    expect(unmapped.code).toBe(9)
    expect(unmapped.stdout).toContain('[node-unreachable]')
    expect(unmapped.stdout).toContain('pass --address-map')
  })
})
