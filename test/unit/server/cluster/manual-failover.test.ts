import {describe, expect, it} from 'vitest'
import {MESSAGE_FLAG, NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import type {ClusterConfig, ClusterEffect} from '../../../../src/lib/server/cluster/types.js'
import {formedCluster, header, ownersOf, type TestNet, type TestNode, TIMEOUT_MS} from './support.js'

interface Pair {
  readonly net: TestNet
  readonly primary: TestNode
  readonly replica: TestNode
}

/** The last of some primaries has a replica; both are at offset 100. */
function pair(primaryCount = 3, changes: Partial<ClusterConfig> = {}): Pair {
  const net = formedCluster(primaryCount, changes)
  const primary = net.nodes.at(-1) as TestNode
  const replica = net.add(7009, changes)
  net.perform(replica, replica.core.meet('127.0.0.1', primary.port, primary.port + 10_000))
  net.run(2000)
  net.perform(replica, replica.core.replicate(primary.id))
  primary.offset = 100
  replica.offset = 100
  replica.dataAgeMs = 0
  net.run(3000)
  for (const node of net.nodes) node.effects.length = 0
  return {net, primary, replica}
}

function logsOf(effects: readonly ClusterEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'log' ? [effect.text] : []))
}

function kindsOf(node: TestNode): string[] {
  return node.effects.map(({kind}) => kind)
}

describe('CLUSTER FAILOVER, plain (wire.md 1.11)', () => {
  it('changes roles at once when the replica has caught up, and ends the pause', () => {
    const {net, primary, replica} = pair()
    net.perform(replica, replica.core.failover('plain'))
    expect(replica.core.myself.isPrimary).toBe(true)
    expect(primary.core.myself.primary?.id).toBe(replica.id)
    expect(primary.effects).toContainEqual({kind: 'pause-writes', untilMs: net.nowMs + 10_000})
    expect(kindsOf(primary).indexOf('resume-writes')).toBeGreaterThan(kindsOf(primary).indexOf('pause-writes'))
    expect(logsOf(replica.effects)).toEqual(
      expect.arrayContaining([
        'Manual failover user request accepted.',
        'Received replication offset for paused master manual failover: 100',
        'All master replication stream processed, manual failover can start.',
        'Start of election delayed for 0 milliseconds (rank #0, offset 100).',
      ]),
    )
    expect(logsOf(primary.effects)).toContain(`Manual failover requested by replica ${replica.id}.`)
    net.run(1000)
    for (const node of net.nodes) expect(ownersOf(node)).toContain(`10922-16383 ${replica.id}`)
    expect(replica.core.stateOk).toBe(true)
  })

  it('asks for votes by force, as the primary is up', () => {
    const {net, replica} = pair()
    net.perform(replica, replica.core.failover('plain'))
    expect(replica.sent('auth-request').map(({header: sent}) => sent.messageFlags)).toEqual([2, 2, 2])
  })

  it('waits until the paused offset is reached, not less and not more', () => {
    const {net, primary, replica} = pair()
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    net.run(1000)
    expect(replica.core.myself.isReplica).toBe(true)
    // Every 100 ms the primary shows that it is paused.
    const shown = primary.sent('ping').filter(({header: sent}) => (sent.messageFlags & MESSAGE_FLAG.paused) !== 0)
    expect(shown.length).toBeGreaterThanOrEqual(10)
    replica.offset = 150
    net.run(300)
    expect(replica.core.myself.isReplica).toBe(true)
    replica.offset = 140
    net.run(200)
    expect(replica.core.myself.isPrimary).toBe(true)
  })

  it('does not wait for a tick once the stream has been applied so far', () => {
    const {net, primary, replica} = pair()
    expect(replica.core.awaitsStream).toBe(false)
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    expect(replica.core.awaitsStream).toBe(true)
    replica.offset = 139
    net.perform(replica, replica.core.streamApplied())
    expect(replica.core.myself.isReplica).toBe(true)
    replica.offset = 140
    net.perform(replica, replica.core.streamApplied())
    expect(replica.core.myself.isPrimary).toBe(true)
    expect(replica.core.awaitsStream).toBe(false)
  })

  it('times out after 5 s on both sides; the pause runs its time', () => {
    const {net, primary, replica} = pair()
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    net.run(4900)
    expect(logsOf(primary.effects)).not.toContain('Manual failover timed out.')
    net.run(400)
    expect(kindsOf(primary)).not.toContain('resume-writes')
    const paused = primary.effects.filter(({kind}) => kind === 'pause-writes')
    expect(paused).toHaveLength(1)
    expect(logsOf(primary.effects)).toContain('Manual failover timed out.')
    expect(logsOf(replica.effects)).toContain('Manual failover timed out.')
    replica.offset = 140
    primary.effects.length = 0
    net.run(5000)
    expect(replica.core.myself.isReplica).toBe(true)
    expect(primary.sent().every(({header: sent}) => sent.messageFlags === 0)).toBe(true)
  })

  it('works to and fro, and with the primary as the only voter', () => {
    const {net, primary, replica} = pair(1)
    const nodes = [primary, replica] as [TestNode, TestNode]
    for (let round = 0; round < 4; round++) {
      net.perform(nodes[1], nodes[1].core.failover('plain'))
      // Voters do not vote about one primary twice in that time.
      net.run(2 * TIMEOUT_MS)
      expect(nodes[1].core.myself.isPrimary, `round ${round}`).toBe(true)
      expect(nodes[0].core.myself.primary?.id).toBe(nodes[1].id)
      nodes[0].dataAgeMs = 0
      nodes.reverse()
    }
  })

  it('does not use the votes after its time, should the primary fail then', () => {
    // An election has time for votes of twice that.
    const {net, primary, replica} = pair(3, {nodeTimeoutMs: 4000})
    for (const voter of net.nodes.slice(0, 2)) voter.core.dropPacketFilter = 5
    net.perform(replica, replica.core.failover('plain'))
    expect(replica.sent('auth-request')).toHaveLength(3)
    net.run(5200)
    const epoch = replica.core.currentEpoch
    replica.core.nodes.get(primary.id)!.set(NODE_FLAG.fail)
    for (const voter of net.nodes.slice(0, 2)) {
      const link = replica.core.nodes.get(voter.id)!.inboundLink!.id
      const message = {body: {type: 'auth-ack' as const}, header: header(voter.id, {currentEpoch: epoch})}
      net.perform(replica, replica.core.step({kind: 'packet', link, message}, net.nowMs))
    }
    expect(replica.core.myself.isReplica).toBe(true)
  })
})

describe('a plain failover whose primary fails before it has paused', () => {
  it('becomes an election like any other: delayed, and not by force', () => {
    const {net, primary, replica} = pair()
    primary.core.dropPacketFilter = 8
    net.perform(replica, replica.core.failover('plain'))
    net.kill(primary)
    for (let ranMs = 0; replica.core.myself.isReplica && ranMs < 8000; ranMs += 100) net.run(100)
    expect(replica.core.myself.isPrimary).toBe(true)
    expect(logsOf(replica.effects).join('\n')).toMatch(/Start of election delayed for [5-9]\d\d milliseconds/)
    expect(replica.sent('auth-request').every(({header: sent}) => sent.messageFlags === 0)).toBe(true)
  })
})

describe('a vote that comes late', () => {
  it('does not promote when the primary may write again, tick or no tick', () => {
    const {net, replica} = pair(3, {nodeTimeoutMs: 4000})
    const voters = net.nodes.slice(0, 3)
    for (const voter of voters) voter.core.dropPacketFilter = 5
    net.perform(replica, replica.core.failover('plain'))
    const epoch = replica.core.currentEpoch
    for (const voter of voters) {
      const link = replica.core.nodes.get(voter.id)!.inboundLink!.id
      const message = {body: {type: 'auth-ack' as const}, header: header(voter.id, {currentEpoch: epoch})}
      net.perform(replica, replica.core.step({kind: 'packet', link, message}, net.nowMs + 5001))
    }
    expect(replica.core.myself.isReplica).toBe(true)
  })
})

describe('a pause that outlasts the attempt', () => {
  it('ends when the primary becomes a replica after all', () => {
    const {net, primary, replica} = pair()
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    net.run(5500)
    expect(kindsOf(primary)).not.toContain('resume-writes')
    net.perform(replica, replica.core.failover('takeover'))
    net.run(300)
    expect(primary.core.myself.isReplica).toBe(true)
    expect(kindsOf(primary)).toContain('resume-writes')
  })
})

describe('CLUSTER FAILOVER FORCE and TAKEOVER', () => {
  it('force asks nobody to pause, and needs votes', () => {
    const {net, primary, replica} = pair()
    net.kill(primary)
    net.perform(replica, replica.core.failover('force'))
    expect(replica.sent('mfstart')).toEqual([])
    expect(replica.core.myself.isPrimary).toBe(true)
    expect(logsOf(replica.effects)).toContain('Forced failover user request accepted.')
    expect(replica.core.myself.configEpoch).toBe(replica.core.currentEpoch)
  })

  it('force comes to nothing without a quorum, takeover does not ask', () => {
    const {net, primary, replica} = pair()
    for (const node of net.nodes) if (node !== replica) net.kill(node)
    net.perform(replica, replica.core.failover('force'))
    net.run(6000)
    expect(replica.core.myself.isReplica).toBe(true)
    const before = replica.core.currentEpoch
    net.perform(replica, replica.core.failover('takeover'))
    expect(replica.core.myself.isPrimary).toBe(true)
    expect(replica.core.myself.configEpoch).toBe(before + 1)
    expect(ownersOf(replica)).toContain(`10922-16383 ${replica.id}`)
    expect(logsOf(replica.effects)).toContain('Taking over the master (user request).')
    expect(primary.down).toBe(true)
  })

  it('takeover: the primary that is up yields', () => {
    const {net, primary, replica} = pair()
    net.perform(replica, replica.core.failover('takeover'))
    net.run(500)
    expect(primary.core.myself.primary?.id).toBe(replica.id)
    const [save] = replica.effects
    expect(save).toEqual({fsync: true, kind: 'save'})
  })

  it('is not stopped by cluster-replica-no-failover nor by old data', () => {
    const {net, primary, replica} = pair()
    const config = {...replica.core.config, replicaNoFailover: true}
    net.perform(replica, replica.core.step({config, kind: 'config-changed'}, net.nowMs))
    replica.dataAgeMs = 1e9
    net.kill(primary)
    net.run(8000)
    expect(replica.core.myself.isReplica).toBe(true)
    net.perform(replica, replica.core.failover('force'))
    expect(replica.core.myself.isPrimary).toBe(true)
  })
})

describe('CLUSTER FAILOVER is refused', () => {
  it('on a primary, without a known primary, and with one that does not answer', () => {
    const {net, primary, replica} = pair()
    expect(() => primary.core.failover('plain')).toThrow('ERR You should send CLUSTER FAILOVER to a replica')
    replica.core.nodes.get(primary.id)!.set(NODE_FLAG.fail)
    const down = 'ERR Master is down or failed, please use CLUSTER FAILOVER FORCE'
    expect(() => replica.core.failover('plain')).toThrow(down)
    replica.core.nodes.get(primary.id)!.clear(NODE_FLAG.fail)
    net.kill(primary)
    expect(() => replica.core.failover('plain')).toThrow(down)
    replica.core.myself.primary = undefined
    expect(() => replica.core.failover('force')).toThrow("ERR I'm a replica but my master is unknown to me")
  })

  it('without a copy of the data, however it is asked', () => {
    const {replica} = pair()
    replica.dataAgeMs = Number.POSITIVE_INFINITY
    for (const mode of ['plain', 'force', 'takeover'] as const) {
      expect(() => replica.core.failover(mode)).toThrow("ERR This replica has no copy of its master's data")
    }
  })
})

describe('the primary that is asked', () => {
  it('lets no write through when it is asked again', () => {
    const {net, primary, replica} = pair()
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    net.run(1000)
    net.perform(replica, replica.core.failover('plain'))
    expect(kindsOf(primary).filter((kind) => kind === 'pause-writes')).toHaveLength(2)
    expect(kindsOf(primary)).not.toContain('resume-writes')
  })

  it('hears its own replicas alone', () => {
    const {net, primary} = pair()
    const [other] = net.nodes as [TestNode]
    const link = primary.core.nodes.get(other.id)!.inboundLink!.id
    const message = {body: {type: 'mfstart' as const}, header: header(other.id)}
    net.perform(primary, primary.core.step({kind: 'packet', link, message}, net.nowMs))
    expect(kindsOf(primary)).not.toContain('pause-writes')
  })

  it('forgets it when the replica is forgotten, and at a reset', () => {
    for (const end of ['forget', 'reset'] as const) {
      const {net, primary, replica} = pair()
      replica.core.dropPacketFilter = 0
      net.perform(replica, replica.core.failover('plain'))
      expect(kindsOf(primary)).toContain('pause-writes')
      net.perform(primary, end === 'forget' ? primary.core.forget(replica.id) : primary.core.reset(false))
      expect(kindsOf(primary)).toContain('resume-writes')
    }
  })

  it('a replica that is reset forgets what it began', () => {
    const {net, primary, replica} = pair()
    primary.offset = 140
    net.perform(replica, replica.core.failover('plain'))
    net.perform(replica, replica.core.reset(false))
    replica.offset = 140
    net.run(1000)
    expect(replica.sent('auth-request')).toEqual([])
  })
})
