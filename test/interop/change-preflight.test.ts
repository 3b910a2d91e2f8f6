import {afterAll, beforeAll, expect, it} from 'vitest'
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
import type {PermissionFailure} from './preflight-support.js'
import {fillNode, keysIn, lostAt} from './reshard-load.js'

/** Nobody is promoted but by the test; a replica that was promoted rests for four node timeouts. */
const NO_FAILOVER = {args: ['--cluster-replica-no-failover', 'yes', '--cluster-node-timeout', '1000']}
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"

/** Runs as a user whose rights are cut down, and looks what is left of it. */
class Operator {
  readonly env = {SHOAL_STATE_DIR: temporaryFolder('change-preflight-state'), SHOAL_PASSWORD: 'pw'}
  nodes: RedisNode[] = []

  async may(...rules: string[]): Promise<void> {
    for (const node of this.nodes)
      await node.call('ACL', 'SETUSER', 'maker', 'reset', 'on', '>pw', '~*', '&*', ...rules)
  }

  run(...words: string[]) {
    return runShoal([...words, '--json', '--yes', '--timeout', '2s', '--user', 'maker'], {env: this.env})
  }

  /** Refused with the rule to add, whether or not the user may ask for rights, and `state` is as it was. */
  async expectRefused(rule: string, state: () => Promise<unknown>, words: readonly string[], dryRunOnly = false) {
    const before = await state()
    for (const acl of dryRunOnly ? [[]] : [[], ['-acl']]) {
      await this.may('+@all', `-${rule}`, ...acl)
      const run = await this.run(...words)
      expect([run.code, run.json<PermissionFailure>().error.code], run.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
      const {details, message, suggestions} = run.json<PermissionFailure>().error
      expect(message).toMatch(/on 127\.0\.0\.1:\d+ user maker may not run .*; nothing was changed/)
      expect(details.permissions.flatMap(({commands}) => commands)).toContain(rule)
      expect(suggestions.join()).toMatch(new RegExp(`ACL SETUSER maker .*\\+${rule.replaceAll('|', '\\|')}`))
      expect(await state()).toEqual(before)
    }
    await this.may('+@all')
  }
}

const address = ({port}: RedisNode) => `127.0.0.1:${port}`
const roleOf = async (node: RedisNode) => ((await node.call('ROLE')) as string[])[0]
const knownTo = async (node: RedisNode) =>
  String(await node.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n').length
const ownLine = async (node: RedisNode) =>
  String(await node.call('CLUSTER', 'NODES'))
    .split('\n')
    .find((line) => line.includes('myself'))

const waitForSync = (node: RedisNode) =>
  waitFor(async () => String(await node.call('INFO', 'replication')).includes('master_link_status:up'), {
    what: 'a replica in sync',
  })

describeWithPeers('the preflight of failover, maintenance and set-timeout', () => {
  const operator = new Operator()
  let cluster: RealCluster
  let replica: RedisNode

  beforeAll(async () => {
    cluster = await startRealCluster(3, NO_FAILOVER)
    replica = await startReplica(cluster.nodes[0] as RedisNode, cluster.nodes, NO_FAILOVER)
    operator.nodes = [...cluster.nodes, replica]
  })
  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const roles = () => Promise.all(operator.nodes.map(roleOf))
  const timeouts = () => Promise.all(operator.nodes.map((node) => node.call('CONFIG', 'GET', 'cluster-node-timeout')))

  it('lets a user promote that may do what is documented and no more', async () => {
    await operator.may('+ping', '+info', '+cluster|nodes', '+cluster|info', '+cluster|failover')
    const there = await operator.run('failover', address(replica))
    expect(there.code, there.stdout).toBe(0)
    expect(await roleOf(replica)).toBe('master')
    const [first] = operator.nodes as [RedisNode]
    await waitForSync(first)
    const back = await operator.run('failover', address(first))
    expect(back.code, back.stdout).toBe(0)
  })

  it('refuses to promote, by any way, before the primary stops its clients or a note is written', async () => {
    const [first] = operator.nodes as [RedisNode]
    for (const mode of [[], ['--force'], ['--takeover']]) {
      await operator.expectRefused('cluster|failover', roles, ['failover', address(replica), ...mode])
    }
    await operator.expectRefused('cluster|failover', roles, ['maintenance', 'on', address(first)])
    const off = await operator.run('maintenance', 'off', address(first))
    expect(off.json<{status: string}>().status).toBe('nothing')

    const on = await operator.run('maintenance', 'on', address(first))
    expect(on.code, on.stdout).toBe(0)
    await waitForSync(first)
    await operator.expectRefused('cluster|failover', roles, ['maintenance', 'off', address(first)])
    const back = await operator.run('maintenance', 'off', address(first))
    expect(back.code, back.stdout).toBe(0)
  })

  it('refuses to set the timeout, with no node changed', async () => {
    const words = ['set-timeout', cluster.seed, '4321']
    await operator.expectRefused('config|get', timeouts, words)
    await operator.expectRefused('config|set', timeouts, words)
    await operator.expectRefused('config|rewrite', timeouts, words, true)
    await operator.may(
      '+ping',
      '+info',
      '+cluster|nodes',
      '+cluster|info',
      '+config|get',
      '+config|set',
      '+config|rewrite',
    )
    const set = await operator.run(...words)
    expect(set.code, set.stdout).toBe(0)
  })
})

describeWithPeers('the preflight of add-node', () => {
  const operator = new Operator()
  let cluster: RealCluster
  let newcomer: RedisNode

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    newcomer = await startRedis({cluster: true})
    operator.nodes = [...cluster.nodes, newcomer]
    await fillNode(cluster.nodes[0]?.port as number, keysIn({first: 0, last: 5460}, 200, 'base'))
    for (const node of cluster.nodes) await node.call('FUNCTION', 'LOAD', LIBRARY)
  })
  afterAll(() => Promise.all([cluster?.stop(), newcomer?.stop()]))

  const state = async () => [
    await Promise.all(operator.nodes.map(knownTo)),
    ((await newcomer.call('FUNCTION', 'LIST')) as unknown[]).length,
  ]
  const untouched = [[3, 3, 3, 1], 0]
  const add = (...words: string[]) => ['add-node', address(newcomer), cluster.seed, ...words]

  it('refuses what functions and the move that follows need before the node joins', async () => {
    expect(await state()).toEqual(untouched)
    for (const rule of ['function|dump', 'function|restore']) await operator.expectRefused(rule, state, add())
    for (const rule of ['migrate', 'restore-asking', 'cluster|setslot']) {
      await operator.expectRefused(rule, state, add('--rebalance'))
    }
    await newcomer.call('CONFIG', 'SET', 'maxmemory', 1024)
    const full = await operator.run(...add('--rebalance'))
    await newcomer.call('CONFIG', 'SET', 'maxmemory', 0)
    expect([full.code, full.json<PermissionFailure>().error.code], full.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(full.json<PermissionFailure>().error.message).toContain('below maxmemory')
    expect(await state()).toEqual(untouched)
  })

  it('has all forget a newcomer whose bus port the members do not reach, and takes it once they do', async () => {
    await operator.may('+@all')
    await newcomer.call('CONFIG', 'SET', 'cluster-announce-bus-port', 1)
    const fromHere = await operator.run(...add())
    expect([fromHere.code, fromHere.json<PermissionFailure>().error.message], fromHere.stdout).toEqual([
      3,
      expect.stringContaining(`bus port 1 of ${address(newcomer)} cannot be reached`),
    ])
    const fromMembers = await operator.run(...add('--skip-bus-check', '--timeout-join', '2s'))
    const {error} = fromMembers.json<PermissionFailure>()
    expect([fromMembers.code, error.code], fromMembers.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(error.message).toContain(`${cluster.seed} cannot reach ${address(newcomer)} (bus port 1)`)
    expect(error.suggestions.join()).toContain(`bus port 1 of ${address(newcomer)}`)
    expect(await state()).toEqual(untouched)

    await newcomer.call('CONFIG', 'SET', 'cluster-announce-bus-port', 0)
    const added = await operator.run(...add('--rebalance'))
    expect(added.code, added.stdout).toBe(0)
    expect(await state()).toEqual([[4, 4, 4, 4], 1])
  })
})

describeWithPeers('the preflight of undo after a primary was emptied', () => {
  const operator = new Operator()
  let cluster: RealCluster
  let drained: RedisNode
  let keys: string[]

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    operator.nodes = [...cluster.nodes]
    drained = cluster.nodes[1] as RedisNode
    keys = keysIn({first: 5461, last: 10_922}, 300, 'base')
    await fillNode(drained.port, keys)
  })
  afterAll(() => cluster?.stop())

  it('refuses what the move needs too before the node leaves its primary', async () => {
    await operator.may('+@all')
    const drain = await operator.run('rebalance', cluster.seed, '--weight', `${address(drained)}=0`)
    expect(drain.code, drain.stdout).toBe(0)
    await waitFor(async () => (await roleOf(drained)) === 'slave', {what: 'a replica'})
    const state = async () => [await roleOf(drained), await knownTo(drained)]
    for (const rule of ['cluster|reset', 'cluster|meet', 'migrate', 'cluster|setslot']) {
      await operator.expectRefused(rule, state, ['undo'])
    }
    await operator.expectRefused('cluster|bumpepoch', state, ['undo'], true)
    const undone = await operator.run('undo')
    expect(undone.code, undone.stdout).toBe(0)
    expect(await lostAt(drained.port, keys)).toEqual([])
  })
})

describeWithPeers('the preflight of fix', () => {
  const operator = new Operator()
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    operator.nodes = [...cluster.nodes]
  })
  afterAll(() => cluster?.stop())

  const lines = () => Promise.all(operator.nodes.map(async (node) => (await ownLine(node))?.split(' ').slice(8)))

  it('refuses what each of its steps needs before the first of them', async () => {
    const [first, second, third] = cluster.nodes as [RedisNode, RedisNode, RedisNode]
    const ids = await Promise.all(cluster.nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    const keys = keysIn({first: 100, last: 100}, 5, 'base')
    await fillNode(first.port, keys)
    // A key that clients do not find, a slot half moved, and one of nobody.
    await second.call('CLUSTER', 'SETSLOT', 100, 'IMPORTING', ids[0] as string)
    await first.call('CLUSTER', 'SETSLOT', 100, 'MIGRATING', ids[1] as string)
    await first.call('MIGRATE', '127.0.0.1', second.port, keys[0] as string, 0, 5000)
    await second.call('CLUSTER', 'SETSLOT', 100, 'STABLE')
    await first.call('CLUSTER', 'SETSLOT', 100, 'STABLE')
    await first.call('CLUSTER', 'SETSLOT', 200, 'MIGRATING', ids[1] as string)
    await second.call('CLUSTER', 'SETSLOT', 200, 'IMPORTING', ids[0] as string)
    for (const node of [first, second, third]) await node.call('CLUSTER', 'DELSLOTS', 16_383)
    await operator.may('+@all')
    const shown = await operator.run('fix', cluster.seed, '--dry-run')
    const kinds = shown
      .json<{plan: {items: {steps: {kind: string}[]}[]}}>()
      .plan.items.flatMap(({steps}) => steps.map(({kind}) => kind))
    expect(kinds.sort()).toEqual(['assign', 'gather', 'move'])

    const words = ['fix', cluster.seed]
    for (const rule of ['cluster|setslot', 'migrate', 'cluster|addslots', 'type']) {
      await operator.expectRefused(rule, lines, words)
    }
    await operator.expectRefused('cluster|bumpepoch', lines, words, true)
    const fixed = await operator.run(...words)
    expect(fixed.code, fixed.stdout).toBe(0)
    expect((await runShoal(['check', cluster.seed, '--search-stray-keys', '--json'])).code).toBe(0)
  })
})
