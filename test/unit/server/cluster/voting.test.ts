import {describe, expect, it} from 'vitest'
import {type BusHeader, MESSAGE_FLAG, NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import {formedCluster, header, type TestNet, type TestNode, TIMEOUT_MS} from './support.js'

interface Election {
  readonly net: TestNet
  readonly voter: TestNode
  readonly failed: TestNode
  readonly replica: TestNode
  /** Asks the voter for its vote in the epoch after the current one, with changes. */
  readonly ask: (changes?: Partial<BusHeader>) => boolean
}

/** Three primaries, the last of them failed, and a replica of it. */
function election(): Election {
  const net = formedCluster(3)
  const [voter, , failed] = net.nodes as [TestNode, TestNode, TestNode]
  const replica = net.add(7009)
  net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
  net.run(2000)
  net.perform(replica, replica.core.replicate(failed.id))
  net.run(2000)
  const known = voter.core.nodes.get(failed.id)!
  known.set(NODE_FLAG.fail)
  const slots = failed.core.myself.slots.snapshot()
  const epoch = voter.core.currentEpoch + 1
  const ask = (changes: Partial<BusHeader> = {}) => {
    const own = {configEpoch: known.configEpoch, currentEpoch: epoch, flags: 18, replicaOf: failed.id, slots}
    const link = voter.core.nodes.get(replica.id)!.inboundLink!.id
    const message = {header: header(replica.id, {...own, ...changes}), body: {type: 'auth-request' as const}}
    const effects = voter.core.step({kind: 'packet', link, message}, net.nowMs)
    voter.effects.push(...effects)
    const sent = effects.findIndex((effect) => effect.kind === 'send' && effect.message.body.type === 'auth-ack')
    // Persist before sending.
    if (sent >= 0) expect(effects[0]).toEqual({kind: 'save', fsync: true})
    return sent >= 0
  }
  return {net, voter, failed, replica, ask}
}

describe('voting (wire.md 1.10, voter)', () => {
  it('grants one vote, durable before it leaves', () => {
    const {ask, voter} = election()
    expect(ask()).toBe(true)
    expect(voter.core.lastVoteEpoch).toBe(voter.core.currentEpoch)
    expect(voter.core.renderNodesConf()).toContain(`lastVoteEpoch ${voter.core.lastVoteEpoch}`)
    expect(voter.core.renderInfo()).toContain('cluster_stats_messages_auth-req_received:1\r\n')
    expect(voter.core.renderInfo()).toContain('cluster_stats_messages_auth-ack_sent:1\r\n')
  })

  it('never votes twice in one epoch', () => {
    const {ask} = election()
    expect(ask()).toBe(true)
    expect(ask()).toBe(false)
  })

  it('nor after a restart from what is on disk', () => {
    const {ask, net, replica, voter} = election()
    expect(ask()).toBe(true)
    const disk = voter.core.renderNodesConf()
    net.kill(voter)
    const again = net.add(voter.port, {}, disk)
    expect(again.core.lastVoteEpoch).toBe(again.core.currentEpoch)
    const link = -99
    again.core.step({kind: 'link-accepted', link, localIp: '', peerIp: '127.0.0.1'}, net.nowMs)
    const own = {currentEpoch: again.core.lastVoteEpoch, flags: 18, messageFlags: MESSAGE_FLAG.forceAck}
    const message = {header: header(replica.id, own), body: {type: 'auth-request' as const}}
    const effects = again.core.step({kind: 'packet', link, message}, net.nowMs)
    expect(effects.some((effect) => effect.kind === 'send')).toBe(false)
  })

  it('not for an older epoch', () => {
    const {ask, voter} = election()
    expect(ask({currentEpoch: voter.core.currentEpoch - 1})).toBe(false)
  })

  it('not while the primary is up, unless the replica may force it', () => {
    const {ask, failed, voter} = election()
    voter.core.nodes.get(failed.id)!.clear(NODE_FLAG.fail)
    expect(ask()).toBe(false)
    expect(ask({messageFlags: MESSAGE_FLAG.forceAck})).toBe(true)
  })

  it('not again for the same primary within two node timeouts', () => {
    const {ask, net, voter} = election()
    expect(ask()).toBe(true)
    net.nowMs += TIMEOUT_MS * 2 - 100
    expect(ask({currentEpoch: voter.core.currentEpoch + 1})).toBe(false)
    net.nowMs += 200
    expect(ask({currentEpoch: voter.core.currentEpoch + 1})).toBe(true)
  })

  it('not if a claimed slot is known with a greater epoch', () => {
    const {ask, failed, voter} = election()
    voter.core.nodes.get(failed.id)!.configEpoch = 40
    expect(ask({configEpoch: 39})).toBe(false)
    expect(ask({configEpoch: 40, currentEpoch: 41})).toBe(true)
  })

  it('not without slots of its own', () => {
    const {ask, voter} = election()
    voter.core.flushSlots()
    expect(ask()).toBe(false)
  })

  it('not for a primary that asks', () => {
    const {ask, replica, voter} = election()
    const known = voter.core.nodes.get(replica.id)!
    known.clear(NODE_FLAG.replica)
    known.set(NODE_FLAG.primary)
    expect(ask()).toBe(false)
  })
})
