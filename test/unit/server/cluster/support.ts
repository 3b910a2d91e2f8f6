import {seededRng} from '../../../../src/lib/kernel/rng.js'
import type {BusBody, BusHeader, BusMessage} from '../../../../src/lib/protocol/bus/message.js'
import {ClusterCore} from '../../../../src/lib/server/cluster/core.js'
import type {ClusterConfig, ClusterEffect} from '../../../../src/lib/server/cluster/types.js'

/** One core driven by hand, or several wired to each other without delay. */

export const START_MS = 1_700_000_000_000
export const TIMEOUT_MS = 2000

export function config(port: number, changes: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    port,
    busPort: port + 10000,
    nodeTimeoutMs: TIMEOUT_MS,
    requireFullCoverage: true,
    allowReadsWhenDown: false,
    allowPubsubshardWhenDown: true,
    allowReplicaMigration: true,
    migrationBarrier: 1,
    replicaValidityFactor: 10,
    replicationPingPeriodMs: 10_000,
    replicaNoFailover: false,
    announceIp: '',
    announceHostname: '',
    announcePort: 0,
    announceBusPort: 0,
    preferredEndpointType: 'ip',
    linkSendbufLimitBytes: 0,
    ...changes,
  }
}

export class TestNode {
  readonly core: ClusterCore
  readonly keys = new Map<number, number>()
  offset = 0
  /** Of its copy of its primary's data. */
  dataAgeMs = Number.POSITIVE_INFINITY
  /** Everything the core asked for, in order. */
  readonly effects: ClusterEffect[] = []
  disk: string | undefined
  /** Dialled link -> the peer's accepted link, and the reverse. */
  readonly peers = new Map<number, {readonly node: TestNode; readonly link: number}>()
  down = false

  constructor(
    readonly port: number,
    changes: Partial<ClusterConfig> = {},
    nodesConf?: string,
    nowMs = START_MS,
  ) {
    this.core = new ClusterCore({
      config: config(port, changes),
      rng: seededRng(port),
      nowMs,
      ports: {
        countKeysInSlot: (slot) => this.keys.get(slot) ?? 0,
        keyCount: () => [...this.keys.values()].reduce((sum, count) => sum + count, 0),
        replicationOffset: () => this.offset,
        primaryLinkUp: () => this.dataAgeMs < 1000,
        primaryDataAgeMs: () => this.dataAgeMs,
      },
      ...(nodesConf === undefined ? {} : {nodesConf}),
    })
  }

  get id(): string {
    return this.core.myself.id
  }

  sent(type?: BusBody['type']): BusMessage[] {
    const messages = this.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []))
    return type === undefined ? messages : messages.filter(({body}) => body.type === type)
  }

  /** Effects of a kind so far; the list of all is emptied. */
  take<K extends ClusterEffect['kind']>(kind: K): Extract<ClusterEffect, {kind: K}>[] {
    const found = this.effects.filter((effect) => effect.kind === kind)
    this.effects.length = 0
    return found as Extract<ClusterEffect, {kind: K}>[]
  }
}

/** A network without delay, loss or order of its own: what is not said here is the simulator's to try (test/sim). */
export class TestNet {
  nowMs = START_MS
  readonly nodes: TestNode[] = []
  private nextAccepted = -1
  private readonly queue: (() => void)[] = []
  private draining = false

  add(port: number, changes: Partial<ClusterConfig> = {}, nodesConf?: string): TestNode {
    const node = new TestNode(port, changes, nodesConf, this.nowMs)
    this.nodes.push(node)
    this.perform(node, node.core.start())
    return node
  }

  /** @param count - nodes on ports 7000.. that know each other, without slots */
  static of(count: number, changes: Partial<ClusterConfig> = {}): TestNet {
    const net = new TestNet()
    for (let index = 0; index < count; index++) net.add(7000 + index, changes)
    const [first, ...others] = net.nodes
    for (const [index, node] of net.nodes.entries()) net.perform(node, node.core.setConfigEpoch(index + 1))
    for (const node of others) net.perform(node, node.core.meet('127.0.0.1', first!.port, first!.port + 10000))
    net.run(3000)
    return net
  }

  perform(node: TestNode, effects: readonly ClusterEffect[]): void {
    for (const effect of effects) {
      node.effects.push(effect)
      this.queue.push(() => this.carryOut(node, effect))
    }
    this.drain()
  }

  /** Ticks every node each 100 ms. */
  run(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; ) {
      this.nowMs += 100
      for (const node of this.nodes) {
        if (!node.down) this.perform(node, node.core.step({kind: 'tick'}, this.nowMs))
      }
    }
  }

  /** The node stops without a word; its connections break. */
  kill(node: TestNode): void {
    node.down = true
    for (const [, {link, node: peer}] of [...node.peers]) this.closeAt(peer, link)
    node.peers.clear()
  }

  private drain(): void {
    if (this.draining) return
    this.draining = true
    for (let next = this.queue.shift(); next; next = this.queue.shift()) next()
    this.draining = false
  }

  private carryOut(node: TestNode, effect: ClusterEffect): void {
    if (node.down) return
    if (effect.kind === 'dial') this.dial(node, effect.link, effect.port)
    else if (effect.kind === 'save') node.disk = node.core.renderNodesConf()
    else if (effect.kind === 'close-link') {
      const peer = node.peers.get(effect.link)
      node.peers.delete(effect.link)
      if (peer) this.closeAt(peer.node, peer.link)
    } else if (effect.kind === 'delete-slot-keys') for (const slot of effect.slots) node.keys.delete(slot)
    else if (effect.kind === 'send') {
      const peer = node.peers.get(effect.link)
      if (!peer || peer.node.down) return
      const input = {kind: 'packet', link: peer.link, message: effect.message} as const
      this.perform(peer.node, peer.node.core.step(input, this.nowMs))
    }
  }

  private dial(node: TestNode, link: number, busPort: number): void {
    const peer = this.nodes.find((other) => other.core.config.busPort === busPort && !other.down)
    if (!peer) {
      this.perform(node, node.core.step({kind: 'link-closed', link}, this.nowMs))
      return
    }
    const accepted = this.nextAccepted--
    node.peers.set(link, {node: peer, link: accepted})
    peer.peers.set(accepted, {node, link})
    const ips = {localIp: '127.0.0.1', peerIp: '127.0.0.1'}
    this.perform(peer, peer.core.step({kind: 'link-accepted', link: accepted, ...ips}, this.nowMs))
    this.perform(node, node.core.step({kind: 'link-opened', link, ...ips}, this.nowMs))
  }

  private closeAt(node: TestNode, link: number): void {
    if (!node.peers.delete(link) || node.down) return
    this.perform(node, node.core.step({kind: 'link-closed', link}, this.nowMs))
  }
}

/** A cluster of primaries that share all slots evenly, settled and ok. */
export function formedCluster(count: number, changes: Partial<ClusterConfig> = {}): TestNet {
  const net = TestNet.of(count, changes)
  for (const [index, node] of net.nodes.entries()) {
    net.perform(node, node.core.addSlots(share(index, count)))
  }
  net.run(8000)
  for (const node of net.nodes) node.effects.length = 0
  return net
}

/** Who owns each slot in a node's view, as runs: `0-8191 <id>`. */
export function ownersOf(node: TestNode): string[] {
  const owners = [...node.core.nodes.values()].filter(({slots}) => slots.count > 0)
  return owners.flatMap(({id, slots}) => slots.ranges().map(({first, last}) => `${first}-${last} ${id}`)).sort()
}

export function share(index: number, count: number): number[] {
  const first = Math.floor((16384 * index) / count)
  const last = Math.floor((16384 * (index + 1)) / count) - 1
  return Array.from({length: last - first + 1}, (_, offset) => first + offset)
}

export function header(sender: string, changes: Partial<BusHeader> = {}): BusHeader {
  return {
    sender,
    port: 7999,
    plainPort: 0,
    busPort: 17999,
    currentEpoch: 0,
    configEpoch: 0,
    offset: 0,
    slots: new Uint8Array(2048),
    replicaOf: '',
    ip: '',
    flags: 17,
    stateOk: true,
    messageFlags: 0,
    ...changes,
  }
}

export function bitmap(...slots: number[]): Uint8Array {
  const bytes = new Uint8Array(2048)
  for (const slot of slots) bytes[slot >> 3] = (bytes[slot >> 3] as number) | (1 << (slot & 7))
  return bytes
}
