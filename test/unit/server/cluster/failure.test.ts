import {describe, expect, it} from 'vitest'
import {NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import type {ClusterNode} from '../../../../src/lib/server/cluster/node.js'
import {formedCluster, header, type TestNet, type TestNode, TIMEOUT_MS} from './support.js'

function viewOf(node: TestNode, other: TestNode) {
  const known = node.core.nodes.get(other.id)
  return {pfail: known?.suspected, fail: known?.failed}
}

function killLast(count: number): {net: TestNet; victim: TestNode; rest: TestNode[]} {
  const net = formedCluster(count)
  const victim = net.nodes.at(-1) as TestNode
  net.kill(victim)
  return {net, victim, rest: net.nodes.slice(0, -1)}
}

describe('failure detection (wire.md 1.6, 1.8)', () => {
  it('suspects a silent node after the node timeout, and not before', () => {
    const {net, rest, victim} = killLast(3)
    net.run(TIMEOUT_MS - 100)
    for (const node of rest) expect(viewOf(node, victim)).toEqual({pfail: false, fail: false})
    net.run(400)
    expect(rest.some((node) => viewOf(node, victim).pfail || viewOf(node, victim).fail)).toBe(true)
  })

  it('a quorum of primaries turns PFAIL into FAIL everywhere, and the state with it', () => {
    const {net, rest, victim} = killLast(3)
    net.run(TIMEOUT_MS * 3)
    for (const node of rest) {
      expect(viewOf(node, victim)).toEqual({pfail: false, fail: true})
      expect(node.core.stateOk).toBe(false)
      expect(node.core.serves.includes(1)).toBe(false)
    }
    expect(rest.flatMap((node) => node.sent('fail')).length).toBeGreaterThan(0)
  })

  it('without a quorum it stays PFAIL', () => {
    const net = formedCluster(3)
    const [alone, ...others] = net.nodes as [TestNode, TestNode, TestNode]
    for (const other of others) net.kill(other)
    net.run(TIMEOUT_MS * 3)
    for (const other of others) expect(viewOf(alone, other)).toEqual({pfail: true, fail: false})
    expect(alone.core.stateOk).toBe(false)
  })

  it('our own suspicion counts once: with one report it is two of five, no quorum', () => {
    const net = formedCluster(5)
    const [a, b, , , e] = net.nodes as [TestNode, TestNode, TestNode, TestNode, TestNode]
    const known = a.core.nodes.get(e.id)!
    known.set(NODE_FLAG.pfail)
    const report = (from: TestNode) => {
      const {busPort, ip, port} = known
      const flags = NODE_FLAG.primary | NODE_FLAG.pfail
      const entry = {id: e.id, pingSentSec: 0, pongReceivedSec: 0, ip, port, busPort, flags, plainPort: 0}
      const link = a.core.nodes.get(from.id)!.inboundLink!.id
      const own = {slots: from.core.myself.slots.snapshot(), configEpoch: from.core.myself.configEpoch}
      const place = {port: from.port, busPort: from.port + 10000, ...own}
      const body = {type: 'ping' as const, gossip: [entry], extensions: []}
      a.core.step({kind: 'packet', link, message: {header: header(from.id, place), body}}, net.nowMs)
    }
    report(b)
    expect(known.failed).toBe(false)
    report(net.nodes[2] as TestNode)
    expect(known.failed).toBe(true)
  })

  it('a re-dial does not make a silent node look alive', () => {
    const net = formedCluster(3)
    const [a, b] = net.nodes as [TestNode, TestNode]
    const known = a.core.nodes.get(b.id)!
    const sinceMs = net.nowMs - 1500
    known.pingSentMs = sinceMs
    a.core.step({kind: 'link-closed', link: known.link!.id}, net.nowMs)
    const dial = a.core.step({kind: 'tick'}, net.nowMs).find((effect) => effect.kind === 'dial')!
    a.core.step({kind: 'link-opened', link: dial.link, localIp: '', peerIp: ''}, net.nowMs)
    expect(known.pingSentMs).toBe(sinceMs)
  })

  it('counts reports for two node timeouts only', () => {
    const {net, rest, victim} = killLast(4)
    net.run(TIMEOUT_MS * 2)
    const [first, ...others] = rest as [TestNode, ...TestNode[]]
    const node = first.core.nodes.get(victim.id)!
    expect(first.core.countFailureReports(node)).toBeGreaterThan(0)
    for (const other of others) net.kill(other)
    net.run(TIMEOUT_MS * 2 + 200)
    expect(first.core.countFailureReports(node)).toBe(0)
  })

  it('clears PFAIL on a PONG at once', () => {
    const net = formedCluster(3)
    const [first, second] = net.nodes as [TestNode, TestNode]
    const known = first.core.nodes.get(second.id)!
    known.set(NODE_FLAG.pfail)
    net.run(TIMEOUT_MS)
    expect(known.suspected).toBe(false)
  })

  it('clears FAIL of a primary with slots only after two node timeouts', () => {
    const net = formedCluster(3)
    const [first, second] = net.nodes as [TestNode, TestNode]
    const known = first.core.nodes.get(second.id)!
    known.set(NODE_FLAG.fail)
    known.failTimeMs = net.nowMs
    net.run(TIMEOUT_MS * 2)
    expect(known.failed).toBe(true)
    net.run(TIMEOUT_MS)
    expect(known.failed).toBe(false)
  })

  it('clears FAIL of a primary without slots at the next PONG', () => {
    const net = formedCluster(3)
    const spare = net.add(7009)
    net.perform(spare, spare.core.meet('127.0.0.1', 7000, 17000))
    net.run(2000)
    const known = net.nodes[0]!.core.nodes.get(spare.id)!
    known.set(NODE_FLAG.fail)
    known.failTimeMs = net.nowMs
    net.run(TIMEOUT_MS)
    expect(known.failed).toBe(false)
  })

  it('believes a FAIL message of a known node without a suspicion of its own, not about itself', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const link = a.core.nodes.get(b.id)!.link!.id
    const message = (failed: string) => ({header: header(b.id), body: {type: 'fail' as const, failed}})
    a.core.step({kind: 'packet', link, message: message(c.id)}, net.nowMs)
    a.core.step({kind: 'packet', link, message: message(a.id)}, net.nowMs)
    expect(viewOf(a, c).fail).toBe(true)
    expect(a.core.myself.failed).toBe(false)
  })

  it('a node whose dial fails is suspected although it never got a ping', () => {
    const net = formedCluster(3)
    const [a] = net.nodes as [TestNode]
    a.core.meet('127.0.0.1', 7990, 17990)
    const temporary = [...a.core.nodes.values()].find((node) => node.inHandshake)!
    temporary.clear(NODE_FLAG.handshake | NODE_FLAG.meet)
    temporary.set(NODE_FLAG.primary)
    net.run(TIMEOUT_MS + 500)
    expect(temporary.suspected || temporary.failed).toBe(true)
  })

  it('recovers: a restarted node is welcome again and the state returns to ok', () => {
    const {net, rest, victim} = killLast(3)
    net.run(TIMEOUT_MS * 3)
    net.nodes.pop()
    const again = net.add(victim.port, {}, victim.disk)
    expect(again.id).toBe(victim.id)
    net.run(TIMEOUT_MS * 4 + 5000)
    for (const node of [...rest, again]) expect(node.core.stateOk).toBe(true)
  })
})

describe('gossip about a healthy node (wire.md 1.6)', () => {
  /** What a holds as c's last PONG after b told `pongSec` seconds from now, and `before` had been done. */
  function lifted(pongSec: number, before: (known: ClusterNode) => void = () => undefined): boolean {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const known = a.core.nodes.get(c.id)!
    const oldMs = net.nowMs - 60_000
    known.pongReceivedMs = oldMs
    known.pingSentMs = 0
    before(known)
    const {busPort, ip, port} = known
    const entry = {id: c.id, pingSentSec: 0, pongReceivedSec: net.nowMs / 1000 + pongSec, ip, port, busPort}
    const gossip = [{...entry, flags: NODE_FLAG.primary, plainPort: 0}]
    const {configEpoch, slots} = b.core.myself
    const own = {port: b.port, busPort: b.port + 10000, configEpoch, slots: slots.snapshot()}
    const link = a.core.nodes.get(b.id)!.inboundLink!.id
    const message = {header: header(b.id, own), body: {type: 'ping' as const, gossip, extensions: []}}
    a.core.step({kind: 'packet', link, message}, net.nowMs)
    return known.pongReceivedMs > oldMs
  }

  it('saves us a ping', () => {
    expect(lifted(-1)).toBe(true)
  })

  it('is not believed from the future, nor while we wait for an answer ourselves', () => {
    expect(lifted(2)).toBe(false)
    expect(lifted(-1, (known) => (known.pingSentMs = known.pongReceivedMs))).toBe(false)
  })
})

describe('what a tick costs (wire.md 1.6)', () => {
  it('pings every node at least every half node timeout, and no storm', () => {
    const net = formedCluster(5)
    const [first] = net.nodes as [TestNode]
    first.effects.length = 0
    net.run(10_000)
    const pings = first.sent('ping').length
    expect(pings).toBeGreaterThanOrEqual(10)
    expect(pings).toBeLessThan(70)
  })

  it('tells every PFAIL node and at most a tenth (at least 3) of the others', () => {
    const net = formedCluster(8)
    const [first, ...others] = net.nodes as [TestNode, ...TestNode[]]
    for (const other of others.slice(0, 2)) first.core.nodes.get(other.id)!.set(NODE_FLAG.pfail)
    first.effects.length = 0
    net.perform(first, first.core.step({kind: 'tick'}, net.nowMs + 1000))
    const [ping] = first.sent('ping')
    const gossip = ping?.body.type === 'ping' ? ping.body.gossip : []
    expect(gossip.filter(({flags}) => flags & NODE_FLAG.pfail).length).toBeGreaterThanOrEqual(1)
    expect(gossip.length).toBeLessThanOrEqual(5)
    expect(new Set(gossip.map(({id}) => id)).size).toBe(gossip.length)
    expect(gossip.map(({id}) => id)).not.toContain(first.id)
  })
})
