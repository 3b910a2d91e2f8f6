import {createHash} from 'node:crypto'
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {CheckReport} from '../../src/lib/operations/check.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
  startReplica,
} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {StallingProxy} from './stalling-proxy.js'

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"

describeWithPeers('check as a health model', () => {
  let cluster: RealCluster
  let replica: RedisNode
  let nodes: readonly [RedisNode, RedisNode, RedisNode]

  beforeAll(async () => {
    cluster = await startRealCluster(3, {args: ['--enable-protected-configs', 'yes']})
    nodes = cluster.nodes as unknown as typeof nodes
    replica = await startReplica(nodes[0], cluster.nodes)
  })
  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const check = async (...words: string[]) =>
    (await runShoal(['check', cluster.seed, '--json', '--settle', '1s', ...words])).json<CheckReport>().findings
  const found = async (id: string, ...words: string[]) => (await check(...words)).filter((finding) => finding.id === id)
  const address = ({port}: RedisNode) => `127.0.0.1:${port}`
  const idOf = async (node: RedisNode) => String(await node.call('CLUSTER', 'MYID'))
  const portsIn = ([finding]: CheckReport['findings']) => finding?.nodes.map((node) => node.address)
  const infoOf = async (node: RedisNode, field: string) =>
    new RegExp(`^${field}:(.*)\\r$`, 'm').exec(String(await node.call('INFO')))?.[1] ?? ''

  it('compares settings, users and functions over all nodes, and tells no secret', async () => {
    await nodes[1].call('CONFIG', 'SET', 'cluster-node-timeout', 2500)
    for (const node of [nodes[0], nodes[1], replica])
      await node.call('ACL', 'SETUSER', 'app', 'on', '>hushhush', '~*', '+get')
    await nodes[0].call('FUNCTION', 'LOAD', LIBRARY)
    await nodes[2].call('FUNCTION', 'LOAD', LIBRARY)
    const run = await runShoal(['check', cluster.seed, '--json'])
    await nodes[1].call('CONFIG', 'SET', 'cluster-node-timeout', 2000)
    for (const node of [nodes[0], nodes[1], replica]) await node.call('ACL', 'DELUSER', 'app')
    for (const node of [nodes[0], nodes[2]]) await node.call('FUNCTION', 'FLUSH')
    const {findings} = run.json<CheckReport>()
    const drift = findings.filter(({id}) => id.endsWith('-drift'))
    expect(drift.map(({id, nodes: odd}) => [id, odd.map((node) => node.address)])).toEqual([
      ['config-drift', [address(nodes[1])]],
      ['acl-drift', [address(nodes[2])]],
      ['functions-drift', [address(nodes[1])]],
    ])
    expect(drift[0]?.suggestion).toBe(`shoal set-timeout ${cluster.seed} 2000`)
    expect(run.stdout).not.toContain('hushhush')
    expect(run.stdout).not.toContain(createHash('sha256').update('hushhush').digest('hex').slice(0, 16))
    expect((await check()).filter(({id}) => id.endsWith('-drift'))).toEqual([])
  })

  it('sees memory run short, on a node and on its machine', async () => {
    const used = Number(await infoOf(nodes[1], 'used_memory'))
    await nodes[1].call('CONFIG', 'SET', 'maxmemory', Math.round(used * 1.05))
    const short = await found('memory-short')
    await nodes[1].call('CONFIG', 'SET', 'maxmemory', 2 ** 50)
    const machine = await found('machine-memory-short')
    await nodes[1].call('CONFIG', 'SET', 'maxmemory', 0)
    expect(portsIn(short)).toEqual([address(nodes[1])])
    expect(portsIn(machine)).toContain(address(nodes[1]))
    expect((await check()).filter(({id}) => id.includes('memory'))).toEqual([])
  })

  it('sees that data is not kept, and that keeping it fails', async () => {
    expect((await found('persistence-off'))[0]?.message).toMatch(/^No node keeps/)
    const folder = temporaryFolder('lost')
    await nodes[2].call('CONFIG', 'SET', 'dir', folder)
    rmSync(folder, {recursive: true})
    await nodes[2].call('CONFIG', 'SET', 'save', '3600 1')
    await nodes[2].call('BGSAVE')
    await waitFor(async () => (await infoOf(nodes[2], 'rdb_last_bgsave_status')) === 'err', {what: 'a failed snapshot'})
    const failing = await found('persistence-failing')
    const off = await found('persistence-off')
    await nodes[2].call('CONFIG', 'SET', 'save', '')
    await nodes[2].call('CONFIG', 'SET', 'dir', nodes[2].folder)
    await nodes[2].call('BGSAVE')
    await waitFor(async () => (await infoOf(nodes[2], 'rdb_last_bgsave_status')) === 'ok', {what: 'a snapshot'})
    expect(failing).toMatchObject([{severity: 'error', nodes: [{address: address(nodes[2])}]}])
    expect(portsIn(off)).not.toContain(address(nodes[2]))
    expect(await found('persistence-failing')).toEqual([])
  })

  it('judges zones by labels', async () => {
    const labels = (...zones: string[]) =>
      [...nodes, replica].flatMap((node, index) => ['--zone', `${address(node)}=${zones[index]}`])
    const [shard] = await found('shard-in-one-zone', ...labels('a', 'b', 'c', 'a'))
    expect(new Set(shard?.nodes.map((node) => node.address))).toEqual(new Set([address(nodes[0]), address(replica)]))
    expect(await found('shard-in-one-zone', ...labels('a', 'b', 'c', 'b'))).toEqual([])
    const majority = await found('majority-in-one-place', ...labels('a', 'a', 'c', 'b'))
    expect(portsIn(majority)).toEqual([address(nodes[0]), address(nodes[1])])
  })

  it('finds a replica that may not take over', async () => {
    await replica.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'yes')
    const unwilling = await found('replica-no-failover')
    await replica.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'no')
    expect(portsIn(unwilling)).toEqual([address(nodes[0])])
  })

  it('judges what it is told, where the user may not ask for all', async () => {
    const rules = ['reset', 'on', '>only', '+cluster', '+info', '+ping']
    for (const node of [...nodes, replica]) await node.call('ACL', 'SETUSER', 'watcher', ...rules)
    const run = await runShoal(['check', cluster.seed, '--json', '--user', 'watcher'], {env: {SHOAL_PASSWORD: 'only'}})
    for (const node of [...nodes, replica]) await node.call('ACL', 'DELUSER', 'watcher')
    expect(run.code, run.stdout).toBe(0)
    const {findings} = run.json<CheckReport>()
    const ids = findings.map(({id}) => id)
    expect(ids).toEqual(['primary-without-replica', 'shard-on-one-host', 'not-judged'])
    expect(findings.at(-1)?.message).toBe(
      'Not judged, because not told: settings of every node; ACL users of every node; functions of every node.',
    )
  })

  describe('with a replica that was started anew', () => {
    /** Stops the replica, changes its own line of nodes.conf, and starts it again. */
    const restartWith = async (edit: (line: string) => string) => {
      const {folder, port} = replica
      await replica.stop()
      const file = join(folder, 'nodes.conf')
      const lines = readFileSync(file, 'utf8').split('\n')
      writeFileSync(file, lines.map((line) => (line.includes('myself') ? edit(line) : line)).join('\n'))
      replica = await startRedis({cluster: true, folder, port})
      await waitFor(async () => (await infoOf(replica, 'master_link_status')) === 'up', {
        what: 'the replica to be back',
      })
    }

    it('finds slots that it holds open', async () => {
      const peer = await idOf(nodes[1])
      await restartWith((line) => `${line} [9-<-${peer}]`)
      const open = await found('slots-open-on-replica')
      await restartWith((line) => line.replace(/ \[9-.*/, ''))
      expect(open).toMatchObject([{nodes: [{address: address(replica)}], severity: 'warning', slots: '9'}])
      expect(await found('slots-open-on-replica')).toEqual([])
    })

    it('finds that it follows a replica', async () => {
      const other = await startReplica(nodes[0], [...nodes, replica])
      const [primary, middle] = [await idOf(nodes[0]), await idOf(other)]
      await restartWith((line) => line.replace(primary, middle))
      const chained = await found('replica-of-replica')
      await replica.call('CLUSTER', 'REPLICATE', primary)
      await waitFor(async () => (await found('replica-of-replica')).length === 0, {what: 'the chain to be gone'})
      const forgotten = [...nodes, replica].map((node) => node.call('CLUSTER', 'FORGET', middle))
      await Promise.all(forgotten)
      await other.stop()
      expect(chained).toMatchObject([{nodes: [{address: address(replica)}], severity: 'warning'}])
      expect(chained[0]?.suggestion).toContain(`CLUSTER REPLICATE ${primary}`)
    })
  })

  it('finds a replica that lags behind a stalled link, and no longer once it caught up', async () => {
    const proxy = await StallingProxy.start(nodes[0].port)
    // The replica is sent by the proxy, since that is where its primary says it is.
    await nodes[0].call('CONFIG', 'SET', 'cluster-announce-port', proxy.port)
    await waitFor(async () => (await infoOf(replica, 'master_port')) === String(proxy.port), {
      what: 'the replica to follow by way of the proxy',
    })
    await waitFor(async () => (await infoOf(replica, 'master_link_status')) === 'up', {what: 'the replica in sync'})
    proxy.stallOpenConnections()
    const value = 'x'.repeat(1024 * 1024)
    const tag = await tagOf(nodes[0])
    for (let i = 0; i < 32; i++) await nodes[0].call('SET', `{${tag}}${i}`, value)
    const lagging = await found('replica-lagging')
    proxy.resume()
    await waitFor(async () => (await found('replica-lagging')).length === 0, {what: 'the replica to catch up'})
    for (let i = 0; i < 32; i++) await nodes[0].call('DEL', `{${tag}}${i}`)
    await nodes[0].call('CONFIG', 'SET', 'cluster-announce-port', 0)
    proxy.close()
    expect(lagging).toMatchObject([{nodes: [{address: address(replica)}], severity: 'warning'}])
    expect(lagging[0]?.message).toMatch(/is \d{8} bytes behind/)
  })

  /** A hash tag in a slot of the node. */
  async function tagOf(node: RedisNode): Promise<string> {
    for (let i = 0; ; i++) {
      const slot = Number(await node.call('CLUSTER', 'KEYSLOT', `t${i}`))
      if (slot <= 5460) return `t${i}`
    }
  }
})

describeWithPeers('check of slots with two owners', () => {
  it('names both, as long as they cannot tell each other', async () => {
    const cluster = await startRealCluster(3)
    const [a, b] = cluster.nodes as [RedisNode, RedisNode]
    const [idA, idB] = await Promise.all([a, b].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    // For a minute neither listens to the other, nor to what the third says of it.
    await a.call('CLUSTER', 'FORGET', idB as string)
    await b.call('CLUSTER', 'FORGET', idA as string)
    await b.call('CLUSTER', 'ADDSLOTS', 5)
    const run = await runShoal(['check', cluster.seed, '--json', '--settle', '100ms'])
    await cluster.stop()
    expect(run.code, run.stdout).toBe(9)
    const claims = run.json<CheckReport>().findings.filter(({id}) => id === 'slots-multiply-owned')
    expect(claims).toMatchObject([{severity: 'error', slots: '5', suggestion: `shoal fix ${cluster.seed}`}])
    expect(claims[0]?.nodes.map(({id}) => id)).toEqual([idA, idB])
  })
})
