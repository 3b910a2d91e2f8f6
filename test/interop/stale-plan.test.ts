import {afterEach, beforeEach, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster} from '../support/peers.js'
import {fillNode, keysIn, lostAt} from './reshard-load.js'
import {hasTmux, Terminal} from './wizard-terminal.js'

const REQUIRED = process.env['REQUIRE_PEERS'] === '1'

/** One operator looks at a plan, and another is quicker. */
describeWithPeers('a plan that was overtaken while it was looked at', () => {
  const test = hasTmux() || REQUIRED ? it : it.skip
  let cluster: RealCluster
  let nodes: [RedisNode, RedisNode, RedisNode, RedisNode]
  let ids: string[]
  let terminal: Terminal | undefined

  beforeEach(async () => {
    cluster = await startRealCluster(4, {owners: 3})
    nodes = cluster.nodes as [RedisNode, RedisNode, RedisNode, RedisNode]
    ids = await Promise.all(nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
  })

  afterEach(async () => {
    terminal?.close()
    await cluster?.stop()
  })

  const addressOf = ({port}: RedisNode) => `127.0.0.1:${port}`
  const ownLine = async (node: RedisNode) =>
    String(await node.call('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'))
  const yes = () => {
    terminal?.type('y')
    terminal?.press('Enter')
  }

  test('opens no slot that went elsewhere', async () => {
    terminal = new Terminal(['reshard', cluster.seed, '--to', addressOf(nodes[1]), '--slots', '0-9'])
    await terminal.see('Move 10 slots?')
    const other = await runShoal(['reshard', cluster.seed, '--to', addressOf(nodes[2]), '--slots', '0-9', '--yes'])
    expect(other.code, other.stderr).toBe(0)
    yes()
    expect(await terminal.exitCode()).toBe(5)
    expect(terminal.screen()).toContain('0-9 to ')
    for (const node of nodes) expect(await ownLine(node)).not.toContain('[')
  })

  test('does not take back a mark that means something by now', async () => {
    await nodes[1].call('CLUSTER', 'SETSLOT', 5, 'IMPORTING', ids[0] as string)
    terminal = new Terminal(['fix', cluster.seed])
    await terminal.see('Repair 1 slot?')
    await nodes[0].call('CLUSTER', 'SETSLOT', 5, 'MIGRATING', ids[1] as string)
    yes()
    expect(await terminal.exitCode()).toBe(3)
    expect(terminal.screen()).toContain('has changed since the plan was made')
    expect(await ownLine(nodes[1])).toContain('[5-<-')
    const jobs = await runShoal(['jobs', '--json'])
    expect(jobs.stdout).not.toContain('fix-')
  })

  test('does not remove a node that was given slots', async () => {
    const keys = keysIn({first: 0, last: 5460}, 100, 'base')
    await fillNode(nodes[0].port, keys)
    terminal = new Terminal(['del-node', cluster.seed, addressOf(nodes[3])])
    await terminal.see('Remove it?')
    const words = ['--from', addressOf(nodes[0]), '--to', addressOf(nodes[3]), '--slots', '5461', '--yes']
    const other = await runShoal(['reshard', cluster.seed, ...words])
    expect(other.code, other.stderr).toBe(0)
    yes()
    expect(await terminal.exitCode()).toBe(3)
    expect(terminal.screen()).toContain('owns 5461 slots')
    expect(await lostAt(nodes[3].port, keys)).toEqual([])
    expect(String(await nodes[0].call('CLUSTER', 'NODES'))).toContain(ids[3])
  })
})
