import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import {waitFor} from '../support/processes.js'

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

describeWithPeers('permissions to make and change a cluster', () => {
  let nodes: RedisNode[] = []

  beforeAll(async () => {
    nodes = await Promise.all(Array.from({length: 4}, () => startRedis({cluster: true})))
  })
  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  const addresses = () => nodes.map(({port}) => `127.0.0.1:${port}`)
  const giveUser = async (...rules: string[]) => {
    for (const node of nodes)
      await node.call('ACL', 'SETUSER', 'maker', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...rules)
  }
  const asMaker = (...words: string[]) =>
    runShoal([...words, '--yes', '--json', '--user', 'maker'], {env: {SHOAL_PASSWORD: 'pw'}})
  /** What each node holds true, without what changes by itself: times, suspicions, the order of lines. */
  const views = async () =>
    (await Promise.all(nodes.map((node) => node.call('CLUSTER', 'NODES')))).map((view) =>
      String(view)
        .trim()
        .split('\n')
        .map((line) => line.split(' '))
        .map(([id, , flags, primary, , , epoch, , ...slots]) =>
          [id, flags?.replace(',fail?', ''), primary, epoch, slots].join(' '),
        )
        .sort(),
    )
  /** With and without the right to ask for rights. */
  const expectRefused = async (rule: string, ...words: string[]) => {
    const before = await views()
    for (const acl of [[], ['-acl']]) {
      await giveUser(`-${rule}`, ...acl)
      const run = await asMaker(...words)
      expect([run.code, run.json<Failure>().error.code], run.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
      expect(run.json<Failure>().error.message).toContain(`user maker may not run ${rule}`)
      expect(run.json<Failure>().error.suggestions).toContain(`ACL SETUSER maker +${rule}`)
    }
    expect(await views()).toEqual(before)
    await giveUser()
  }

  it('are looked at before create, add-node and del-node change anything', async () => {
    const [first, second, third, fourth] = addresses() as [string, string, string, string]
    for (const rule of ['cluster|addslots', 'cluster|set-config-epoch', 'cluster|meet']) {
      await expectRefused(rule, 'create', first, second, third)
    }
    const made = await asMaker('create', first, second, third)
    expect(made.code, made.stdout).toBe(0)

    for (const rule of ['cluster|meet', 'cluster|replicate']) {
      await expectRefused(rule, 'add-node', fourth, first, '--replica')
    }
    await giveUser('-function')
    const shown = await asMaker('add-node', fourth, first, '--dry-run')
    expect(shown.json<{warnings: string[]}>().warnings.join()).toMatch(
      /may not see the functions of .*none are brought along/,
    )
    await giveUser()
    const added = await asMaker('add-node', fourth, first, '--replica')
    expect(added.code, added.stdout).toBe(0)

    await expectRefused('cluster|failover', 'failover', fourth)

    for (const rule of ['cluster|forget', 'cluster|reset']) await expectRefused(rule, 'del-node', first, fourth)
    const removed = await asMaker('del-node', first, fourth)
    expect(removed.code, removed.stdout).toBe(0)
  })

  it('are looked at before fix changes anything', async () => {
    const [first = ''] = addresses()
    const [one, two] = nodes as [RedisNode, RedisNode]
    await two.call('CLUSTER', 'SETSLOT', 7, 'IMPORTING', String(await one.call('CLUSTER', 'MYID')))
    // Who may not count keys would take every node for an empty one.
    for (const rule of ['cluster|countkeysinslot', 'cluster|setslot']) await expectRefused(rule, 'fix', first)
    await two.call('CLUSTER', 'SETSLOT', 7, 'STABLE')
    for (const node of nodes.slice(0, 3)) await node.call('CLUSTER', 'DELSLOTS', 9)
    for (const rule of ['cluster|addslots', 'cluster|delslots']) await expectRefused(rule, 'fix', first)
    const fixed = await asMaker('fix', first)
    expect(fixed.code, fixed.stdout).toBe(0)
  })

  it('are looked at before a node that became a replica is made a primary again', async () => {
    const [first = ''] = addresses()
    const emptied = await asMaker('maintenance', 'on', first, '--drain')
    expect(emptied.code, emptied.stdout).toBe(0)
    const id = String(await nodes[0]?.call('CLUSTER', 'MYID'))
    const isReplica = new RegExp(`^${id} \\S+ \\S*slave`, 'm')
    await waitFor(
      async () => {
        const told = await Promise.all(nodes.slice(0, 3).map((node) => node.call('CLUSTER', 'NODES')))
        return told.every((view) => isReplica.test(String(view)))
      },
      {what: 'all to know that the node follows another'},
    )
    for (const rule of ['cluster|reset', 'cluster|meet', 'cluster|setslot']) {
      await expectRefused(rule, 'maintenance', 'off', first)
      await expectRefused(rule, 'undo')
    }
    const back = await asMaker('maintenance', 'off', first)
    expect(back.code, back.stdout).toBe(0)
  })
})
