import {afterEach, beforeEach, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly plan: {readonly steps: readonly unknown[]}
  readonly revivals?: readonly {readonly node: string; readonly isLast: boolean}[]
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

describeWithPeers('undo after a primary was emptied', () => {
  let cluster: RealCluster
  let drained: RedisNode
  let keys: string[]
  let layout: string[]
  let env: {SHOAL_STATE_DIR: string}

  beforeEach(async () => {
    env = {SHOAL_STATE_DIR: temporaryFolder('drained-state')}
    cluster = await startRealCluster(3)
    drained = cluster.nodes[1] as RedisNode
    keys = keysIn({first: 5461, last: 10_922}, 2000, 'base')
    await fillNode(drained.port, keys)
    await drained.call('FUNCTION', 'LOAD', '#!lua name=lib\nredis.register_function("f", function() return 1 end)')
    await cluster.nodes[0]?.call(
      'FUNCTION',
      'LOAD',
      '#!lua name=lib\nredis.register_function("f", function() return 1 end)',
    )
    layout = await slotsNow()
  })

  afterEach(() => cluster?.stop())

  const run = (...words: string[]) => runShoal([...words, '--json'], {env})
  const roleOf = async (node: RedisNode) => ((await node.call('ROLE')) as string[])[0]
  const slotsNow = async () => {
    const slots = (await cluster.nodes[0]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    return slots.map(([first, last, owner]) => `${first}-${last}:${owner[1]}`).sort()
  }

  it('makes it a primary again, shown and confirmed, and brings everything back', async () => {
    const drain = await run('rebalance', cluster.seed, '--weight', `127.0.0.1:${drained.port}=0`, '--yes')
    expect(drain.code, drain.stdout).toBe(0)
    expect(await roleOf(drained)).toBe('slave')
    const shown = await run('undo', '--dry-run')
    expect(shown.code, shown.stdout).toBe(0)
    expect(shown.json<Document>().revivals).toEqual([expect.objectContaining({isLast: true})])
    expect(shown.json<Document>().plan.steps).toHaveLength(2)
    expect(await roleOf(drained)).toBe('slave')
    const asked = await run('undo')
    expect([asked.code, asked.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
    expect(await roleOf(drained)).toBe('slave')

    const writers = new Writers(cluster.ports, {first: 0, last: 16_383}, 'revived', 4)
    // As if an undo had been cut short after the first step.
    await drained.call('CLUSTER', 'RESET', 'SOFT')
    const undone = await run('undo', '--yes')
    expect(undone.code, undone.stdout + undone.stderr).toBe(0)
    expect(await slotsNow()).toEqual(layout)
    expect(await writers.stop()).toEqual([])
    expect(await lostAt(drained.port, keys)).toEqual([])
    expect(await drained.call('FUNCTION', 'LIST')).toHaveLength(1)

    // And as a whole, once more.
    expect((await run('undo', '--yes')).code).toBe(0)
    expect(await roleOf(drained)).toBe('slave')
    const again = await run('undo', '--yes')
    expect(again.code, again.stdout + again.stderr).toBe(0)
    expect(await slotsNow()).toEqual(layout)
    expect(await lostAt(drained.port, keys)).toEqual([])
  })

  it('says how to bring a node back that was removed, and goes on once it is', async () => {
    const address = `127.0.0.1:${drained.port}`
    const removed = await run('del-node', cluster.seed, address, '--drain', '--yes')
    expect(removed.code, removed.stdout).toBe(0)
    const refused = await run('undo', '--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(refused.json<Failure>().error.message).toMatch(/is not part of the cluster any more/)
    const [way = ''] = refused.json<Failure>().error.suggestions
    expect(way).toMatch(new RegExp(`^shoal add-node ${address} ${cluster.seed} `))
    const added = await run(...way.replace(/ \(.*/, '').split(' ').slice(1), '--yes')
    expect(added.code, added.stdout).toBe(0)
    const undone = await run('undo', '--yes')
    expect(undone.code, undone.stdout + undone.stderr).toBe(0)
    expect(await slotsNow()).toEqual(layout)
    expect(await lostAt(drained.port, keys)).toEqual([])
  })
})
