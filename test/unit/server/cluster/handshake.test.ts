import {describe, expect, it} from 'vitest'
import {type BusBody, type GossipEntry, NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import {header, START_MS, TestNet, TestNode, TIMEOUT_MS} from './support.js'

const STRANGER = 's'.repeat(40)
const OTHER = 'o'.repeat(40)

function meet(gossip: readonly GossipEntry[] = []): BusBody {
  return {type: 'meet', gossip, extensions: []}
}

/** A fresh node with one accepted link, number -1. */
function nodeWithLink(): TestNode {
  const node = new TestNode(7000)
  node.core.start()
  node.core.step({kind: 'link-accepted', link: -1, localIp: '10.0.0.1', peerIp: '10.0.0.2'}, START_MS)
  return node
}

function receive(node: TestNode, body: BusBody, link = -1, changes = {}, atMs = START_MS) {
  const effects = node.core.step({kind: 'packet', link, message: {header: header(STRANGER, changes), body}}, atMs)
  node.effects.push(...effects)
  return effects
}

describe('receiving a MEET (wire.md 1.7)', () => {
  it('answers PONG and starts a handshake at the peer address, under a temporary id', () => {
    const node = nodeWithLink()
    receive(node, meet())
    expect(node.sent('pong')).toHaveLength(1)
    const created = [...node.core.nodes.values()].find((one) => one.inHandshake)
    expect(created).toMatchObject({ip: '10.0.0.2', port: 7999, busPort: 17999})
    expect(created?.id).not.toBe(STRANGER)
    expect(created?.id).toMatch(/^[0-9a-f]{40}$/)
  })

  it('takes the announced address before the peer address', () => {
    const node = nodeWithLink()
    receive(node, meet(), -1, {ip: '10.9.9.9'})
    expect([...node.core.nodes.values()].map(({ip}) => ip)).toContain('10.9.9.9')
  })

  it('learns its own address from the socket, unless one is announced', () => {
    const node = nodeWithLink()
    receive(node, meet())
    expect(node.core.myself.ip).toBe('10.0.0.1')
    const announced = new TestNode(7001, {announceIp: '10.5.5.5'})
    announced.core.step({kind: 'link-accepted', link: -1, localIp: '10.0.0.1', peerIp: '10.0.0.2'}, START_MS)
    receive(announced, meet())
    expect(announced.core.myself.ip).toBe('10.5.5.5')
  })

  it('starts one handshake only, however often it is asked', () => {
    const node = nodeWithLink()
    for (let turn = 0; turn < 5; turn++) receive(node, meet())
    expect(node.core.nodes.size).toBe(2)
  })

  it('forgets a handshake that leads nowhere after the node timeout', () => {
    const node = nodeWithLink()
    receive(node, meet())
    node.core.step({kind: 'tick'}, START_MS + TIMEOUT_MS)
    expect(node.core.nodes.size).toBe(2)
    node.core.step({kind: 'tick'}, START_MS + TIMEOUT_MS + 1)
    expect(node.core.nodes.size).toBe(1)
  })

  it('keeps no more than 512 handshakes', () => {
    const node = nodeWithLink()
    for (let port = 1; port < 2000; port++) receive(node, meet(), -1, {port})
    expect(node.core.nodes.size).toBe(513)
  })

  it('changes nothing for a PING of a stranger, but answers it', () => {
    const node = nodeWithLink()
    const gossip = [
      {id: OTHER, pingSentSec: 0, pongReceivedSec: 0, ip: '10.0.0.3', port: 1, busPort: 2, flags: 1, plainPort: 0},
    ]
    receive(node, {type: 'ping', gossip, extensions: []}, -1, {currentEpoch: 99})
    expect(node.sent('pong')).toHaveLength(1)
    expect(node.core.nodes.size).toBe(1)
    expect(node.core.currentEpoch).toBe(0)
  })
})

describe('packets of strangers (wire.md 1.7)', () => {
  const about = 'a'.repeat(40)
  const full = new Uint8Array(2048).fill(255)
  const bodies: BusBody[] = [
    {type: 'fail', failed: about},
    {type: 'update', id: about, configEpoch: 99, slots: full},
    {type: 'publish', channel: 'c', message: 'm'},
    {type: 'auth-request'},
    {type: 'auth-ack'},
    {type: 'mfstart'},
    {type: 'module', moduleId: '12345678', moduleType: 0, payload: ''},
  ]
  it.each(bodies.map((body) => [body.type, body] as const))('%s changes nothing and gets no answer', (_type, body) => {
    const conf =
      `${'e'.repeat(40)} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-99\n` +
      `${about} 127.0.0.1:7001@17001 master - 0 0 2 connected 100-16383\n`
    const node = new TestNode(7000, {}, conf)
    node.core.start()
    node.core.step({kind: 'link-accepted', link: -1, localIp: '10.0.0.1', peerIp: '10.0.0.2'}, START_MS)
    const before = node.core.renderNodesConf()
    expect(receive(node, body, -1, {currentEpoch: 50, configEpoch: 50, slots: full, flags: 18})).toEqual([])
    expect(node.core.renderNodesConf()).toBe(before)
  })
})

/** A node that dialled the stranger after CLUSTER MEET; the link has number 1 and is open. */
function meetingNode(): TestNode {
  const node = new TestNode(7000)
  node.core.start()
  const dial = node.core.meet('10.0.0.2', 7999, 17999).find((effect) => effect.kind === 'dial')
  expect(dial).toMatchObject({host: '10.0.0.2', port: 17999, link: 1})
  node.effects.push(
    ...node.core.step({kind: 'link-opened', link: 1, localIp: '10.0.0.1', peerIp: '10.0.0.2'}, START_MS),
  )
  return node
}

const PONG: BusBody = {type: 'pong', gossip: [], extensions: []}

describe('CLUSTER MEET (wire.md 1.7)', () => {
  it('greets with MEET first, with PING after a re-dial', () => {
    const node = meetingNode()
    expect(node.sent().map(({body}) => body.type)).toEqual(['meet'])
    receive(node, PONG, 1)
    node.core.step({kind: 'link-closed', link: 1}, START_MS)
    node.core.step({kind: 'tick'}, START_MS + 100)
    node.effects.length = 0
    node.effects.push(
      ...node.core.step({kind: 'link-opened', link: 2, localIp: '10.0.0.1', peerIp: '10.0.0.2'}, START_MS + 100),
    )
    expect(node.sent().map(({body}) => body.type)).toEqual(['ping'])
  })

  it('renames the node to its real id on the PONG and copies its role', () => {
    const node = meetingNode()
    receive(node, PONG, 1, {flags: NODE_FLAG.myself | NODE_FLAG.replica})
    const known = node.core.nodes.get(STRANGER)
    expect(known?.inHandshake).toBe(false)
    expect(known?.isReplica).toBe(true)
    expect(node.core.nodes.size).toBe(2)
  })

  it('drops the temporary node and updates the address if the id is known already', () => {
    const node = meetingNode()
    receive(node, PONG, 1)
    node.core.meet('10.0.0.7', 7000, 17000)
    node.core.step({kind: 'tick'}, START_MS + 100)
    const ips = {localIp: '10.0.0.1', peerIp: '10.0.0.7'}
    node.core.step({kind: 'link-opened', link: 2, ...ips}, START_MS + 100)
    receive(node, PONG, 2, {port: 7000, busPort: 17000})
    expect(node.core.nodes.size).toBe(2)
    expect(node.core.nodes.get(STRANGER)).toMatchObject({ip: '10.0.0.7', port: 7000})
  })

  it('loses the address of a node if another answers there', () => {
    const node = meetingNode()
    receive(node, PONG, 1)
    const message = {header: header(OTHER), body: PONG}
    const effects = node.core.step({kind: 'packet', link: 1, message}, START_MS)
    expect(node.core.nodes.get(STRANGER)).toMatchObject({ip: '', port: 0, hasAddress: false})
    expect(effects).toContainEqual({kind: 'close-link', link: 1})
  })

  it('meeting itself leaves nothing behind', () => {
    const net = TestNet.of(1)
    const [node] = net.nodes
    net.perform(node!, node!.core.meet('127.0.0.1', 7000, 17000))
    net.run(500)
    expect(node?.core.nodes.size).toBe(1)
  })

  it.each([
    ['localhost', 7000, 17000],
    ['256.1.1.1', 7000, 17000],
    ['10.0.0.1', 0, 17000],
    ['10.0.0.1', 7000, 70000],
  ])('refuses %s %d %d', (ip, port, busPort) => {
    const node = new TestNode(7000)
    expect(() => node.core.meet(ip, port, busPort)).toThrow(`ERR Invalid node address specified: ${ip}:${port}`)
    expect(node.core.nodes.size).toBe(1)
  })

  it('writes an IPv6 address the one way nodes compare it', () => {
    const node = new TestNode(7000)
    node.core.meet('FE80:0:0:0:0:0:0:1', 7000, 17000)
    expect([...node.core.nodes.values()].map(({ip}) => ip)).toContain('fe80::1')
  })
})

describe('addresses (wire.md 1.7)', () => {
  it('takes a new address from a PING on an accepted link and dials there', () => {
    const node = meetingNode()
    receive(node, PONG, 1)
    node.core.step({kind: 'link-accepted', link: -1, localIp: '10.0.0.1', peerIp: '10.0.0.8'}, START_MS)
    const effects = receive(node, {type: 'ping', gossip: [], extensions: []}, -1)
    expect(node.core.nodes.get(STRANGER)?.ip).toBe('10.0.0.8')
    expect(effects).toContainEqual({kind: 'close-link', link: 1})
    expect(node.core.step({kind: 'tick'}, START_MS + 100)).toContainEqual({
      kind: 'dial',
      link: 2,
      host: '10.0.0.8',
      port: 17999,
    })
  })

  it('keeps one accepted link per node: the newer replaces the older', () => {
    const node = meetingNode()
    receive(node, PONG, 1)
    const ips = {localIp: '10.0.0.1', peerIp: '10.0.0.2'}
    node.core.step({kind: 'link-accepted', link: -1, ...ips}, START_MS)
    receive(node, {type: 'ping', gossip: [], extensions: []}, -1)
    node.core.step({kind: 'link-accepted', link: -2, ...ips}, START_MS)
    const effects = receive(node, {type: 'ping', gossip: [], extensions: []}, -2)
    expect(effects).toContainEqual({kind: 'close-link', link: -1})
    expect(node.core.nodes.get(STRANGER)?.inboundLink?.id).toBe(-2)
  })

  it('keeps and clears the hostname with the extension', () => {
    const node = meetingNode()
    receive(node, PONG, 1)
    receive(node, {type: 'pong', gossip: [], extensions: [{kind: 'hostname', hostname: 'h.example'}]}, 1)
    expect(node.core.nodes.get(STRANGER)?.hostname).toBe('h.example')
    receive(node, {type: 'pong', gossip: [], extensions: [{kind: 'unknown', type: 9, payload: new Uint8Array(8)}]}, 1)
    expect(node.core.nodes.get(STRANGER)?.hostname).toBe('')
  })

  it('lets no more than 256 silent strangers hold a link', () => {
    const node = new TestNode(7000)
    let closed = 0
    for (let link = -1; link > -400; link--) {
      const input = {kind: 'link-accepted', link, localIp: '', peerIp: ''} as const
      closed += node.core.step(input, START_MS).filter(({kind}) => kind === 'close-link').length
    }
    expect(node.core.links.size).toBe(256)
    expect(closed).toBe(399 - 256)
  })
})
