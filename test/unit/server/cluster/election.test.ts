import {describe, expect, it} from 'vitest'
import {MESSAGE_FLAG, NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import type {ClusterConfig, ClusterEffect} from '../../../../src/lib/server/cluster/types.js'
import {formedCluster, header, ownersOf, share, type TestNet, type TestNode, TIMEOUT_MS} from './support.js'

interface Shard {
  readonly net: TestNet
  readonly voters: readonly [TestNode, TestNode]
  readonly primary: TestNode
  /** Of it; in sync, offset 100. */
  readonly replicas: TestNode[]
}

/** Three primaries, the third with replicas. */
function shard(replicaCount: number, changes: Partial<ClusterConfig> = {}): Shard {
  const net = formedCluster(3, changes)
  const [first, second, primary] = net.nodes as [TestNode, TestNode, TestNode]
  primary.offset = 100
  const replicas: TestNode[] = []
  for (let index = 0; index < replicaCount; index++) {
    const replica = net.add(7010 + index, changes)
    replicas.push(replica)
    net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
    net.run(2000)
    net.perform(replica, replica.core.replicate(primary.id))
    replica.offset = 100
    replica.dataAgeMs = 0
  }
  net.run(3000)
  for (const node of net.nodes) node.effects.length = 0
  return {net, primary, replicas, voters: [first, second]}
}

/** Runs until one of the nodes is a primary. */
function runUntilPromoted(net: TestNet, nodes: readonly TestNode[], limitMs: number): TestNode | undefined {
  for (let ranMs = 0; ranMs < limitMs; ranMs += 100) {
    net.run(100)
    const winner = nodes.find(({core}) => core.myself.isPrimary)
    if (winner) return winner
  }
  return undefined
}

function logsOf(effects: readonly ClusterEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'log' ? [effect.text] : []))
}

describe('automatic election (wire.md 1.10, candidate)', () => {
  it('promotes the replica of a failed primary, by the epoch of the election', () => {
    const {net, primary, replicas, voters} = shard(1)
    const [replica] = replicas as [TestNode]
    net.kill(primary)
    expect(runUntilPromoted(net, replicas, 10_000)).toBe(replica)
    const epoch = replica.core.myself.configEpoch
    expect(epoch).toBe(replica.core.currentEpoch)
    expect(voters[0].core.lastVoteEpoch).toBe(epoch)
    // Its own seat has been spent on itself.
    expect(replica.core.lastVoteEpoch).toBe(epoch)
    net.run(1000)
    for (const node of [replica, ...voters]) expect(ownersOf(node)).toContain(`10922-16383 ${replica.id}`)
    expect(replica.core.stateOk).toBe(true)
    expect(replica.core.serves[16_000]).toBe(1)
  })

  it('saves before it asks and before it tells, and says what happens in the words of Redis', () => {
    const {net, primary, replicas} = shard(1)
    const [replica] = replicas as [TestNode]
    net.kill(primary)
    runUntilPromoted(net, replicas, 10_000)
    const kinds = replica.effects.map((effect) => (effect.kind === 'send' ? effect.message.body.type : effect.kind))
    const asked = kinds.indexOf('auth-request')
    expect(replica.effects.slice(0, asked)).toContainEqual({fsync: true, kind: 'save'})
    const promoted = kinds.indexOf('role-changed')
    expect(replica.effects[promoted]).toEqual({kind: 'role-changed', primary: undefined})
    const saved = kinds.lastIndexOf('save')
    expect(saved).toBeGreaterThan(asked)
    expect(saved).toBeLessThan(promoted)
    expect(kinds.slice(saved).filter((kind) => kind === 'pong')).toHaveLength(2)
    const logs = logsOf(replica.effects).join('\n')
    expect(logs).toMatch(/Start of election delayed for [5-9]\d\d milliseconds \(rank #0, offset 100\)\./)
    expect(logs).toContain(`Starting a failover election for epoch ${replica.core.currentEpoch}.`)
    expect(logs).toContain("Failover election won: I'm the new master.")
    expect(logs).toContain(`configEpoch set to ${replica.core.currentEpoch} after successful failover`)
  })

  it('asks everybody, with the slots and config epoch of its primary, not by force', () => {
    const {net, primary, replicas} = shard(2)
    const epoch = primary.core.myself.configEpoch
    const slots = primary.core.myself.slots.snapshot()
    net.kill(primary)
    const winner = runUntilPromoted(net, replicas, 10_000) as TestNode
    const requests = winner.sent('auth-request')
    expect(requests).toHaveLength(3)
    for (const {header: sent} of requests) {
      expect(sent).toMatchObject({configEpoch: epoch, flags: 18, messageFlags: 0, replicaOf: primary.id})
      expect(sent.slots).toEqual(slots)
      expect(sent.currentEpoch).toBe(winner.core.currentEpoch)
    }
  })

  it('lets the best copy go first: a second for each sibling that is ahead', () => {
    const {net, primary, replicas} = shard(2)
    const [behind, ahead] = replicas as [TestNode, TestNode]
    ahead.offset = 200
    net.kill(primary)
    expect(runUntilPromoted(net, replicas, 10_000)).toBe(ahead)
    expect(logsOf(behind.effects).join('\n')).toMatch(/Start of election delayed for 1[5-9]\d\d milliseconds \(rank #1/)
    net.run(2000)
    expect(behind.core.myself.primary?.id).toBe(ahead.id)
  })

  it('steps back when a sibling turns out to be ahead, never forward', () => {
    const {net, primary, replicas} = shard(1)
    const [replica] = replicas as [TestNode]
    const sibling = net.nodes[0] as TestNode
    net.kill(primary)
    while (!logsOf(replica.effects).some((text) => text.startsWith('Start of election'))) net.run(100)
    const known = replica.core.nodes.get(sibling.id)!
    known.clear(NODE_FLAG.primary)
    known.set(NODE_FLAG.replica)
    known.primary = replica.core.myself.primary
    known.replOffset = 101
    const tick = () => logsOf(replica.core.step({kind: 'tick'}, net.nowMs))
    expect(tick()).toContain('Replica rank updated to #1, added 1000 milliseconds of delay.')
    known.replOffset = 0
    expect(tick().join()).not.toContain('rank')
  })

  it('does not count siblings that must not take over', () => {
    const {net, primary, replicas} = shard(2)
    const [candidate, other] = replicas as [TestNode, TestNode]
    other.offset = 200
    net.perform(
      other,
      other.core.step({config: {...other.core.config, replicaNoFailover: true}, kind: 'config-changed'}, net.nowMs),
    )
    net.run(3000)
    net.kill(primary)
    expect(runUntilPromoted(net, replicas, 10_000)).toBe(candidate)
    expect(logsOf(candidate.effects).join('\n')).toContain('(rank #0, offset 100)')
    expect(other.sent('auth-request')).toEqual([])
  })

  it('refuses with data older than the validity factor allows, and says so once', () => {
    // Two timeouts of validity, ten seconds of pings, one timeout in which the failure was noticed.
    const limitMs = 10_000 + 3 * TIMEOUT_MS
    const {net, primary, replicas} = shard(1, {replicaValidityFactor: 2})
    const [replica] = replicas as [TestNode]
    replica.dataAgeMs = limitMs + 1
    net.kill(primary)
    net.run(30_000)
    expect(replica.core.myself.isReplica).toBe(true)
    const stalls = logsOf(replica.effects).filter((text) => text.startsWith('Currently unable to failover'))
    expect(stalls).toEqual([
      "Currently unable to failover: Disconnected from master for longer than allowed. Please check the 'cluster-replica-validity-factor' configuration option.",
    ])
    replica.dataAgeMs = limitMs
    expect(runUntilPromoted(net, replicas, 10_000)).toBe(replica)
  })

  it('takes data of any age with a factor of 0, but never none at all', () => {
    const {net, primary, replicas} = shard(1, {replicaValidityFactor: 0})
    const [replica] = replicas as [TestNode]
    replica.dataAgeMs = Number.POSITIVE_INFINITY
    net.kill(primary)
    expect(runUntilPromoted(net, replicas, 20_000)).toBeUndefined()
    replica.dataAgeMs = 1e9
    expect(runUntilPromoted(net, replicas, 10_000)).toBe(replica)
  })

  it('waits for votes that do not come, gives up, and tries again in a new epoch', () => {
    const {net, primary, replicas, voters} = shard(1)
    const [replica] = replicas as [TestNode]
    voters[0].core.dropPacketFilter = 5
    voters[1].core.dropPacketFilter = 5
    net.kill(primary)
    net.run(40_000)
    const logs = logsOf(replica.effects)
    const epochs = logs.filter((text) => text.startsWith('Starting a failover election'))
    expect(new Set(epochs).size).toBe(epochs.length)
    expect(epochs.length).toBeGreaterThanOrEqual(3)
    expect(logs).toContain('Currently unable to failover: Waiting for votes, but majority still not reached.')
    expect(logs).toContain('Currently unable to failover: Failover attempt expired.')
    voters[0].core.dropPacketFilter = -1
    voters[1].core.dropPacketFilter = -1
    expect(runUntilPromoted(net, replicas, 20_000)).toBe(replica)
  })
})

describe('votes are counted', () => {
  /** The candidate has asked; nobody answers but the test. */
  function candidate(): {net: TestNet; replica: TestNode; voters: readonly [TestNode, TestNode]; epoch: number} {
    const {net, primary, replicas, voters} = shard(1)
    const [replica] = replicas as [TestNode]
    for (const voter of voters) voter.core.dropPacketFilter = 5
    net.kill(primary)
    while (replica.sent('auth-request').length === 0) net.run(100)
    return {epoch: replica.core.currentEpoch, net, replica, voters}
  }

  function vote(net: TestNet, replica: TestNode, voter: TestNode, epoch: number): void {
    const link = replica.core.nodes.get(voter.id)!.inboundLink!.id
    const message = {body: {type: 'auth-ack' as const}, header: header(voter.id, {currentEpoch: epoch})}
    net.perform(replica, replica.core.step({kind: 'packet', link, message}, net.nowMs))
  }

  it('a quorum wins at once', () => {
    const {epoch, net, replica, voters} = candidate()
    vote(net, replica, voters[0], epoch)
    expect(replica.core.myself.isPrimary).toBe(false)
    vote(net, replica, voters[1], epoch)
    expect(replica.core.myself.isPrimary).toBe(true)
  })

  it('nobody counts twice', () => {
    const {epoch, net, replica, voters} = candidate()
    vote(net, replica, voters[0], epoch)
    vote(net, replica, voters[0], epoch)
    expect(replica.core.myself.isPrimary).toBe(false)
  })

  it('votes of another epoch do not count', () => {
    const {epoch, net, replica, voters} = candidate()
    vote(net, replica, voters[0], epoch - 1)
    vote(net, replica, voters[1], epoch)
    expect(replica.core.myself.isPrimary).toBe(false)
  })

  it('nor those of primaries without slots', () => {
    const {epoch, net, replica, voters} = candidate()
    net.perform(replica, replica.core.delSlots(share(0, 3)))
    vote(net, replica, voters[0], epoch)
    vote(net, replica, voters[1], epoch)
    // Two primaries are left in its view, a quorum is two.
    expect(replica.core.myself.isPrimary).toBe(false)
  })

  it('nor those won before a change of sides', () => {
    const {epoch, net, replica, voters} = candidate()
    vote(net, replica, voters[0], epoch)
    net.perform(replica, replica.core.replicate(voters[0].id))
    replica.core.nodes.get(voters[0].id)!.set(NODE_FLAG.fail)
    vote(net, replica, voters[1], epoch)
    expect(replica.core.myself.isPrimary).toBe(false)
  })

  it('FORCEACK is for manual failovers alone', () => {
    const {replica} = candidate()
    expect(
      replica.sent('auth-request').every(({header: sent}) => (sent.messageFlags & MESSAGE_FLAG.forceAck) === 0),
    ).toBe(true)
  })
})
