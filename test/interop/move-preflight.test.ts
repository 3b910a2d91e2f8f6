import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {type PermissionFailure, VIEW} from './preflight-support.js'
import {fillNode, keysIn, lostAt} from './reshard-load.js'

interface Document {
  readonly warnings: readonly string[]
}

/** What the README's least user may do, by how keys travel. */
const BY_MIGRATE = [
  ...['+cluster|setslot', '+cluster|countkeysinslot', '+cluster|getkeysinslot'],
  ...['+migrate', '+select', '+restore-asking', '~*'],
]
const BY_COPY = [
  ...['+watch', '+unwatch', '+dump', '+pttl', '+multi', '+exec', '+eval', '+asking', '+del'],
  ...['+client|setname', '+client|list', '+client|kill'],
]

describeWithPeers('the preflight of a move', () => {
  const env = {SHOAL_STATE_DIR: temporaryFolder('preflight-state'), SHOAL_PASSWORD: 'pw'}
  let cluster: RealCluster
  let nodes: readonly [RedisNode, RedisNode, RedisNode]
  let keys: string[]

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    nodes = cluster.nodes as unknown as typeof nodes
    keys = keysIn({first: 0, last: 99}, 500, 'base')
    await fillNode(nodes[0].port, keys)
  })
  afterAll(() => cluster?.stop())

  const address = ({port}: RedisNode) => `127.0.0.1:${port}`
  const giveUser = async (...rules: string[]) => {
    for (const node of nodes) await node.call('ACL', 'SETUSER', 'mover', 'reset', 'on', '>pw', ...rules)
  }
  const asMover = (...words: string[]) => runShoal([...words, '--json', '--user', 'mover'], {env})
  const move = (from: RedisNode, to: RedisNode, ...words: string[]) => [
    'reshard',
    cluster.seed,
    '--from',
    address(from),
    '--to',
    address(to),
    '--slots',
    '0-99',
    '--yes',
    ...words,
  ]
  const nobodyIsOpen = async () => {
    const views = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'NODES')))
    expect(views.map(String).join()).not.toMatch(/\[\d+-[<>]-/)
  }

  const lacking: [what: string, rules: readonly string[], command: string, rule: string][] = [
    ['migrate', ['~*', '&*', '+@all', '-migrate'], 'migrate', '+migrate'],
    ['setslot', ['~*', '&*', '+@all', '-cluster|setslot'], 'cluster|setslot', '+cluster|setslot'],
    [
      'setslot, and ACL to ask for it',
      ['~*', '&*', '+@all', '-cluster|setslot', '-acl'],
      'cluster|setslot',
      '+cluster|setslot',
    ],
    ['migrate, and ACL to ask for it', ['~*', '&*', '+@all', '-migrate', '-acl'], 'migrate', '+migrate'],
    ['what MIGRATE sends', ['~*', '&*', '+@all', '-restore-asking'], 'restore-asking', '+restore-asking'],
    ['keys of other names', ['~base:*', '&*', '+@all'], 'migrate', '~*'],
  ]
  for (const [what, rules, command, rule] of lacking) {
    it(`refuses a user that lacks ${what}, with no slot opened`, async () => {
      await giveUser(...rules)
      const run = await asMover(...move(nodes[0], nodes[1]))
      expect(run.code, run.stdout + run.stderr).toBe(3)
      const {error} = run.json<PermissionFailure>()
      expect(error.code).toBe('PREFLIGHT_FAILED')
      expect(error.message).toContain('user mover may not')
      expect(error.details.permissions.flatMap(({commands}) => commands)).toContain(command)
      expect(error.suggestions.join()).toMatch(new RegExp(`ACL SETUSER mover .*${rule.replace(/[|*+]/g, '\\$&')}`))
      await nobodyIsOpen()
      expect(await lostAt(nodes[0].port, keys)).toEqual([])
    })
  }

  it('says so in a dry run, and points to the way that needs less', async () => {
    await giveUser('~*', '&*', '+@all', '-migrate')
    const planned = await asMover(...move(nodes[0], nodes[1], '--dry-run'))
    expect(planned.code, planned.stdout).toBe(0)
    expect(planned.json<Document>().warnings.join()).toContain('would be refused')
    await giveUser('~*', '&*', '+@all', '-dump')
    const {error} = (await asMover(...move(nodes[0], nodes[1]))).json<PermissionFailure>()
    expect(error.suggestions.join()).toContain('--transfer migrate')
    const moved = await asMover(...move(nodes[0], nodes[1], '--transfer', 'migrate'))
    expect(moved.code, moved.stdout).toBe(0)
    expect((await asMover(...move(nodes[1], nodes[0], '--transfer', 'migrate'))).code).toBe(0)
  })

  it('lets a user through that may do what it asks for and no more, and that is enough', async () => {
    await giveUser(...VIEW, ...BY_MIGRATE)
    const there = await asMover(...move(nodes[0], nodes[1], '--transfer', 'migrate'))
    expect(there.code, there.stdout).toBe(0)
    expect(await lostAt(nodes[1].port, keys)).toEqual([])
    const refused = await asMover(...move(nodes[1], nodes[0], '--transfer', 'copy'))
    expect(refused.json<PermissionFailure>().error.code).toBe('PREFLIGHT_FAILED')
    await giveUser(...VIEW, ...BY_MIGRATE, ...BY_COPY)
    const back = await asMover(...move(nodes[1], nodes[0], '--transfer', 'copy'))
    expect(back.code, back.stdout).toBe(0)
    expect(await lostAt(nodes[0].port, keys)).toEqual([])
  })

  it('looks before undo, rebalance, del-node and resume too, and leaves open slots as they are', async () => {
    await giveUser('~*', '&*', '+@all')
    const killed = await runShoal([...move(nodes[0], nodes[1]), '--json', '--events', '--user', 'mover'], {
      env,
      onStart: ({kill}) => {
        stop = () => kill('SIGKILL')
      },
      onStderr: (text) => {
        if (text.includes('window-open')) stop()
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    await giveUser('~*', '&*', '+@all', '-migrate')
    const before = String(await nodes[0].call('CLUSTER', 'NODES')).match(/\[\d+-[<>]-\w+\]/g)
    const resumed = await asMover('resume')
    expect([resumed.code, resumed.json<PermissionFailure>().error.code], resumed.stdout).toEqual([
      3,
      'PREFLIGHT_FAILED',
    ])
    expect(String(await nodes[0].call('CLUSTER', 'NODES')).match(/\[\d+-[<>]-\w+\]/g)).toEqual(before)
    await giveUser('~*', '&*', '+@all')
    const finished = await asMover('resume')
    expect(finished.code, finished.stdout).toBe(0)
    expect(await lostAt(nodes[1].port, keys)).toEqual([])

    await giveUser('~*', '&*', '+@all', '-migrate')
    for (const words of [
      ['undo'],
      ['rebalance', cluster.seed, '--weight', `${address(nodes[2])}=3`],
      ['del-node', cluster.seed, address(nodes[2]), '--drain'],
    ]) {
      const run = await asMover(...words, '--yes')
      expect([run.code, run.json<PermissionFailure>().error.code], words.join(' ')).toEqual([3, 'PREFLIGHT_FAILED'])
    }
    await nobodyIsOpen()
    await giveUser('~*', '&*', '+@all')
    expect((await asMover('undo', '--yes')).code).toBe(0)
    expect(await lostAt(nodes[0].port, keys)).toEqual([])
  })
  let stop = () => {}

  it('refuses what the target has no memory for, unless it makes room by itself', async () => {
    const big = 'x'.repeat(100_000)
    for (const key of keys.slice(0, 60)) await nodes[0].call('SET', key, big)
    const used = Number(/used_memory:(\d+)/.exec(String(await nodes[1].call('INFO', 'memory')))?.[1])
    await nodes[1].call('CONFIG', 'SET', 'maxmemory', used + 1_000_000)
    const words = move(nodes[0], nodes[1], '--json')
    const refused = await runShoal(words)
    await nodes[1].call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const warned = await runShoal([...words, '--dry-run'])
    await nodes[1].call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await nodes[1].call('CONFIG', 'SET', 'maxmemory', 0)
    await fillNode(nodes[0].port, keys)
    expect([refused.code, refused.json<PermissionFailure>().error.code], refused.stdout).toEqual([
      3,
      'PREFLIGHT_FAILED',
    ])
    expect(refused.json<PermissionFailure>().error.message).toContain('below maxmemory')
    expect(warned.code, warned.stdout).toBe(0)
    expect(warned.json<Document>().warnings.join()).toContain('it will evict keys (allkeys-lru)')
    await nobodyIsOpen()
  })

  it('warns of a key that may outlast the node timeout, and of functions the target lacks', async () => {
    await nodes[0].call('SETRANGE', keys[0] as string, 110_000_000, 'x')
    await nodes[0].call('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    const planned = await runShoal(move(nodes[0], nodes[1], '--json', '--dry-run'))
    await nodes[0].call('DEL', keys[0] as string)
    await nodes[0].call('FUNCTION', 'FLUSH')
    const warnings = planned.json<Document>().warnings.join('\n')
    expect(warnings).toMatch(new RegExp(`${keys[0]}.*bytes.*node timeout of 2000 ms`))
    expect(warnings).toMatch(/lacks function libraries .*: lib$/m)
  })
})
