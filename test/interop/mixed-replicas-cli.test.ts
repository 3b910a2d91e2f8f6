import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type RunResult, runShoal} from '../support/cli.js'
import {describeWithPeers} from '../support/peers.js'
import {waitFor} from '../support/processes.js'
import {type AnyNode, startEmbedded, startReal, waitForOneView} from './mixed-cluster-support.js'
import {untilInSync} from './replication/support.js'
import {Writers} from './reshard-load.js'

/** Shards whose primary and replica are of different kinds, as Shoal's commands see them and change them. */

interface CheckDocument {
  readonly findings: readonly {readonly id: string; readonly message: string; readonly severity: string}[]
}

interface WatchDocument {
  readonly reading: {
    readonly nodes: readonly {readonly copy: string; readonly lagBytes: number | null; readonly role: string}[]
  }
}

const ARGS = ['--repl-diskless-sync-delay', '0', '--save', '', '--cluster-node-timeout', '2000']

describeWithPeers('commands on shards of two kinds of node', () => {
  /** Primaries, then the replica of each. */
  let nodes: AnyNode[] = []
  const seed = () => addressOf(nodes[0]!)
  const findings = async (id: string) =>
    (await runShoal(['check', seed(), '--json'])).json<CheckDocument>().findings.filter((one) => one.id === id)
  const failover = (node: AnyNode, ...words: string[]): Promise<RunResult> =>
    runShoal(['failover', addressOf(node), '--yes', '--json', ...words])

  beforeAll(async () => {
    const kinds = [startReal, startEmbedded, startReal, startEmbedded, startReal, startEmbedded]
    nodes = await Promise.all(kinds.map((start) => start({args: ARGS})))
    const created = await runShoal(['create', ...nodes.map(addressOf), '--replicas', '1', '--yes', '--json'])
    expect([created.code, created.stderr]).toEqual([0, expect.not.stringContaining('rror')])
    for (const index of [0, 1, 2]) await untilInSync(nodes[index]!, nodes[index + 3]!)
    await waitForOneView(nodes)
  }, 60_000)

  afterAll(async () => {
    for (const node of nodes) await node.stop()
  })

  it('are in order: check finds no more than that all is on one host', async () => {
    const check = await runShoal(['check', seed(), '--json'])
    expect([check.code, check.json<CheckDocument>().findings.filter(({severity}) => severity !== 'notice')]).toEqual([
      0,
      [],
    ])
  })

  it('show roles, copies and lag', async () => {
    const {nodes: seen} = (await runShoal(['watch', seed(), '--json'])).json<WatchDocument>().reading
    expect(seen.map(({role}) => role).sort()).toEqual([...Array(3).fill('primary'), ...Array(3).fill('replica')])
    for (const {copy, lagBytes, role} of seen) {
      expect(copy).toBe('ok')
      if (role === 'replica') expect(lagBytes).toBeLessThan(1000)
    }
  })

  describe.each([
    ['an embedded replica of a redis-server', 0],
    ['a redis-server that is the replica of an embedded node', 1],
  ])('%s', (_name, index) => {
    const primary = () => nodes[index]!
    const replica = () => nodes[index + 3]!

    it('takes over by failover and gives back, under writes, without a loss', async () => {
      const slots = index === 0 ? {first: 0, last: 5460} : {first: 5461, last: 10_922}
      const writers = new Writers([primary().port, replica().port], slots, `pair ${index}`, 4)
      const there = await failover(replica())
      expect([there.code, there.stderr]).toEqual([0, expect.not.stringContaining('rror')])
      expect(await roleOf(replica())).toBe('master')
      await waitForOneView(nodes)
      const back = await failover(primary())
      expect([back.code, back.stderr]).toEqual([0, expect.not.stringContaining('rror')])
      expect(await roleOf(primary())).toBe('master')
      expect(await writers.stop()).toEqual([])
    }, 60_000)

    it('is seen cut off, and is not asked to take over then', async () => {
      await untilInSync(primary(), replica())
      // It may ask no more, and loses the connection that it has.
      await primary().call('ACL', 'SETUSER', 'default', '-psync')
      await primary().call('CLIENT', 'KILL', 'TYPE', 'replica')
      await waitFor(async () => (await findings('replica-behind')).length > 0, {what: 'the finding'})
      expect((await findings('replica-behind'))[0]?.message).toContain(`replica ${addressOf(replica())}`)
      const plain = await failover(replica())
      expect([plain.code, plain.stdout]).toEqual([3, expect.stringContaining('is down')])
      await primary().call('ACL', 'SETUSER', 'default', '+psync')
      await untilInSync(primary(), replica())
      expect(await findings('replica-behind')).toEqual([])
    }, 30_000)
  })

  it('an embedded replica takes over by force from a redis-server that is gone', async () => {
    const [primary, , , replica] = nodes as [AnyNode, AnyNode, AnyNode, AnyNode]
    await primary.call('SET', '{b}kept', '1')
    await untilInSync(primary, replica)
    await primary.kill()
    const run = await runShoal(['failover', addressOf(replica), '--force', '--yes', '--json'])
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('"force"')])
    expect(await roleOf(replica)).toBe('master')
    expect(await replica.call('GET', '{b}kept')).toBe('1')
    nodes[0] = await primary.restart()
    await waitFor(async () => (await roleOf(nodes[0]!)) === 'slave', {what: 'the return as a replica'})
    await untilInSync(replica, nodes[0]!)
  }, 30_000)
})

function addressOf({port}: AnyNode): string {
  return `127.0.0.1:${port}`
}

async function roleOf(node: AnyNode): Promise<unknown> {
  return ((await node.call('ROLE')) as unknown[])[0]
}
