import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {ClusterBus} from '../../src/lib/node/cluster-bus.js'
import type {ClusterCore} from '../../src/lib/server/cluster/core.js'
import {describeWithPeers, formCluster, type RedisNode, startRedis, startReplica} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {Rig} from '../unit/server/rig.js'

const TIMEOUT_MS = 1000
const REAL = {args: ['--cluster-node-timeout', `${TIMEOUT_MS}`], cluster: true}

/** The embedded node's bus and core without clients, and what replication would say of itself. */
interface Embedded {
  readonly bus: ClusterBus
  readonly core: ClusterCore
  readonly rig: Rig
  readonly facts: {offset: number; ageMs: number}
}

async function startEmbedded(): Promise<Embedded> {
  const port = await claimPorts()
  const settings = [`port ${port}`, 'bind 127.0.0.1', 'cluster-enabled yes', `cluster-node-timeout ${TIMEOUT_MS}`]
  const rig = new Rig(settings.join('\n'))
  const facts = {ageMs: 0, offset: 0}
  const bus = await ClusterBus.start({
    directory: temporaryFolder('elections'),
    onFatal: (reason) => rig.log.push(reason),
    replication: {
      follow: () => undefined,
      primaryDataAgeMs: () => facts.ageMs,
      primaryLinkUp: () => true,
      replicationOffset: () => facts.offset,
    },
    server: rig.server,
  })
  return {bus, core: bus.core, facts, rig}
}

async function join({bus, core}: Embedded, nodes: readonly RedisNode[]): Promise<void> {
  const [{port}] = nodes as [RedisNode]
  bus.perform(core.meet('127.0.0.1', port, port + 10_000))
  await waitFor(
    async () => {
      const views = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'NODES')))
      const isMet = views.every((view) => String(view).includes(`${core.myself.id} 127.0.0.1`))
      return isMet && [...core.nodes.values()].filter(({inHandshake}) => !inHandshake).length === nodes.length + 1
    },
    {what: 'the embedded node to be known'},
  )
}

const idOf = async (node: RedisNode): Promise<string> => String(await node.call('CLUSTER', 'MYID'))

async function lineOf(observer: RedisNode, id: string): Promise<string> {
  const view = String(await observer.call('CLUSTER', 'NODES'))
  return view.split('\n').find((line) => line.startsWith(id)) ?? ''
}

async function waitForLine(observers: readonly RedisNode[], id: string, wanted: RegExp): Promise<void> {
  let seen: string[] = []
  await waitFor(
    async () => {
      seen = await Promise.all(observers.map((node) => lineOf(node, id)))
      return seen.every((line) => wanted.test(line))
    },
    {deadlineMs: 20_000, what: () => `${wanted}:\n${seen.join('\n')}`},
  )
}

describeWithPeers('elections with redis-servers (wire.md 1.10, 1.11)', () => {
  let embedded: Embedded
  let nodes: RedisNode[] = []

  beforeAll(async () => {
    nodes = await Promise.all([0, 1, 2].map(() => startRedis(REAL)))
    await formCluster(nodes)
    embedded = await startEmbedded()
    await join(embedded, nodes)
    const {bus, core} = embedded
    bus.perform(core.replicate(await idOf(nodes[2] as RedisNode)))
    await waitForLine(nodes, core.myself.id, /slave/)
  })

  afterAll(async () => {
    await embedded.bus.close()
    await Promise.all(nodes.map((node) => node.stop()))
  })

  it('an embedded replica takes over a redis-server that pauses for it', async () => {
    const {bus, core, facts} = embedded
    const info = String(await nodes[2]?.call('INFO', 'replication'))
    facts.offset = Number(/master_repl_offset:(\d+)/.exec(info)?.[1])
    bus.perform(core.failover('plain'))
    await waitForLine(nodes, core.myself.id, /master - .* 10923-16383$/)
    await waitForLine(nodes, await idOf(nodes[2] as RedisNode), new RegExp(`slave ${core.myself.id}`))
    await waitFor(() => core.stateOk, {what: 'state ok'})
  })

  it('a redis-server takes over the embedded primary, which pauses for it', async () => {
    const {core, facts, rig} = embedded
    const replica = nodes[2] as RedisNode
    const replicaId = await idOf(replica)
    // Who does not count it among its replicas yet does not pause for it.
    await waitFor(() => core.nodes.get(replicaId)?.primary === core.myself, {what: 'the replica to be known here'})
    const paused: number[] = []
    const pause = rig.server.pauseForFailover.bind(rig.server)
    rig.server.pauseForFailover = (untilMs) => {
      paused.push(untilMs)
      pause(untilMs)
    }
    const info = String(await replica.call('INFO', 'replication'))
    facts.offset = Number(/slave_repl_offset:(\d+)/.exec(info)?.[1])
    expect(await replica.call('CLUSTER', 'FAILOVER')).toBe('OK')
    await waitForLine(nodes, await idOf(replica), /master - .* 10923-16383$/)
    await waitFor(async () => core.myself.primary?.id === (await idOf(replica)), {what: 'the embedded node to yield'})
    expect(paused).toHaveLength(1)
    expect(rig.server.failoverPausedUntilMs).toBe(0)
  })

  it('an embedded replica is elected by redis-servers when its primary is killed', async () => {
    const {core} = embedded
    const [first, second, primary] = nodes as [RedisNode, RedisNode, RedisNode]
    await primary.kill()
    await waitForLine([first, second], core.myself.id, /master - .* 10923-16383$/)
    expect(core.myself.configEpoch).toBe(core.currentEpoch)
    await waitFor(() => core.stateOk, {what: 'state ok'})
  })
})

describeWithPeers('an embedded voter (wire.md 1.10)', () => {
  it('votes a redis-server into the place of its killed primary', async () => {
    const nodes = await Promise.all([0, 1].map(() => startRedis(REAL)))
    const embedded = await startEmbedded()
    const {bus, core, rig} = embedded
    try {
      await formCluster(nodes)
      await join(embedded, nodes)
      // Three primaries with slots: the two that are left must both vote.
      const slots = Array.from({length: 100}, (_, slot) => slot)
      for (const node of nodes) await node.call('CLUSTER', 'DELSLOTS', ...slots)
      bus.perform(core.delSlots(slots.filter((slot) => core.ownerOf(slot))))
      bus.perform(core.addSlots(slots))
      bus.perform(core.bumpEpoch().effects)
      await waitForLine(nodes, core.myself.id, / 0-99$/)
      const [primary, other] = nodes as [RedisNode, RedisNode]
      const replica = await startReplica(primary, nodes, REAL)
      nodes.push(replica)
      await waitFor(async () => core.nodes.get(await idOf(replica))?.isReplica, {what: 'the replica to be known here'})
      await waitForLine([replica], core.myself.id, /master - .* 0-99$/)
      const before = core.lastVoteEpoch
      await primary.kill()
      await waitForLine([other, replica], await idOf(replica), /master - .*\d+-\d+/).catch((error: Error) => {
        const logs = [rig.log.join('\n'), ...[other, replica].map(({logFile}) => readFileSync(logFile, 'utf8'))]
        throw new Error([error.message, ...logs.map((log) => log.slice(-4000))].join('\n---\n'), {cause: error})
      })
      const epoch = Number((await lineOf(other, await idOf(replica))).split(' ')[6])
      expect(core.lastVoteEpoch).toBeGreaterThan(before)
      expect(core.lastVoteEpoch).toBe(epoch)
    } finally {
      await bus.close()
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })
})
