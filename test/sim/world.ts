import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import type {BusMessage} from '../../src/lib/protocol/bus/message.js'
import type {ClusterConfig, ClusterEffect, ClusterInput} from '../../src/lib/server/cluster/types.js'
import {type Checker, Violation} from './checkers/checker.js'
import {EventQueue} from './event-queue.js'
import type {Mutation} from './mutations.js'
import {type LinkModel, Network} from './network.js'
import type {ReplicationMessage} from './replication-messages.js'
import {SimNode} from './sim-node.js'
import {Trace} from './trace.js'

export interface WorldOptions {
  readonly seed: number
  readonly nodeCount: number
  readonly nodeTimeoutMs: number
  /** Every how many bus messages of a node one goes through the real codec; 1 = all. */
  readonly codecEvery: number
  readonly link: LinkModel
  /** An fsync may stall its process: how often, and how long at most. */
  readonly slowFsyncChance: number
  readonly slowFsyncMaxMs: number
  readonly config?: Partial<ClusterConfig>
  /** Only packets wait for a durable save, the process goes on; else all waits, as in Redis. */
  readonly asyncSaves?: boolean
  /** Keys live in the production server, commands are RESP bytes. Else the least keyspace that can move slots. */
  readonly realServer?: boolean
  /** Primaries stream their writes to their replicas, which can take over. */
  readonly replication?: boolean
  /** With replication: crashes take the data back to the last snapshot, not to the last write. */
  readonly snapshots?: boolean
  /** Node 1 has id 111..., node 2 has 222..., for scripts that depend on their order. Else ids are random. */
  readonly tellingIds?: boolean
}

/** A perfect network and disk: what golden scripts run on unless they say otherwise. */
export const CALM_LINK: LinkModel = {
  halfOpenChance: 0,
  hangChance: 0,
  latencyMaxMs: 1,
  latencyMinMs: 1,
  refuseChance: 0,
  resetDelayMaxMs: 0,
  splitChance: 0,
}

/** All that travels the network as an object; bus messages may also travel as bytes. */
export type SimMessage = BusMessage | ReplicationMessage

/** The machine the clients run on; it can be cut off like any other. */
export const CLIENT_MACHINE = 0

/**
 * All of one simulated cluster: machines, network, clocks, clients, and the checkers that watch.
 *
 * Everything random comes from independent streams forked from the seed in one fixed order, so that one more packet
 * does not reshuffle the faults. Nothing else is read: same options and same script, same run.
 */
export class World {
  readonly queue = new EventQueue()
  readonly trace = new Trace()
  readonly network: Network<SimMessage>
  readonly nodes: readonly SimNode[]
  readonly checkers: Checker[] = []
  /** The nodes that began together as a primary and its replicas. */
  readonly shards: number[][] = []
  /** Epochs that CLUSTER FAILOVER TAKEOVER took without asking anybody: others may have them too. */
  readonly seizedEpochs = new Set<number>()
  private readonly diskRng: Rng
  private link: LinkModel
  private diskSlow = true

  constructor(
    readonly options: WorldOptions,
    mutation?: Mutation,
  ) {
    const root = seededRng(options.seed)
    const networkRng = root.fork()
    this.diskRng = root.fork()
    this.link = options.link
    this.network = new Network(this.queue, networkRng, options.link)
    const config = {...DEFAULT_CONFIG, nodeTimeoutMs: options.nodeTimeoutMs, ...options.config}
    const nodesRng = root.fork()
    this.nodes = Array.from({length: options.nodeCount}, (_, at) => {
      const node = new SimNode(this, at + 1, nodesRng.fork(), config, mutation)
      if (options.tellingIds) node.seedConf = freshConf(String.fromCharCode(at < 9 ? 49 + at : 88 + at).repeat(40))
      return node
    })
  }

  /** @param index - 1 .. nodeCount */
  node(index: number): SimNode {
    const node = this.nodes[index - 1]
    if (!node) throw new Error(`there is no node ${index}`)
    return node
  }

  get running(): SimNode[] {
    return this.nodes.filter((node) => node.running)
  }

  nodeAt(ip: string): SimNode | undefined {
    return this.nodes.find((node) => node.ip === ip)
  }

  /** The number of the node with this id, as `n3`; `?` if none has it now. */
  nameOf(id: string): string {
    const node = this.nodes.find((candidate) => candidate.id === id)
    return node ? `n${node.index}` : '?'
  }

  /** Everybody else who may hold the data of this primary: who began in its shard, and who follows it now. */
  copiesOf(primary: SimNode): number[] {
    const shard = this.shards.find((members) => members.includes(primary.index)) ?? []
    const following = this.running.filter(({core}) => core?.myself.primary?.id === primary.id)
    const indices = new Set([...shard, ...following.map(({index}) => index)])
    indices.delete(primary.index)
    return [...indices]
  }

  run(durationMs: number, stop?: () => boolean): void {
    this.queue.runUntil(this.queue.nowMs + durationMs, stop)
  }

  note(text: string): void {
    this.trace.line(`${this.queue.nowMs.toFixed(1)} ${text}`)
  }

  /** No more bad luck from here on: cuts healed, links as good as they get, disks fast. Processes stay as they are. */
  calm(): void {
    this.link = {...this.link, halfOpenChance: 0, hangChance: 0, refuseChance: 0, resetDelayMaxMs: 0}
    this.network.setModel(this.link)
    this.network.healAll()
    this.diskSlow = false
  }

  fsyncMs(): number {
    const {slowFsyncChance, slowFsyncMaxMs} = this.options
    if (!this.diskSlow || slowFsyncChance === 0 || !this.diskRng.chance(slowFsyncChance)) return 0
    return 1 + this.diskRng.below(slowFsyncMaxMs)
  }

  /**
   * A request from one machine to a process, as RPC over a fresh connection: lost if the link is cut on the way. A
   * request whose caller has given up is dropped unread, like one whose connection is closed.
   *
   * @param serve - runs in the process; calls `reply` at once or later
   */
  call<T>(
    from: number,
    node: SimNode,
    timeoutMs: number,
    serve: (reply: (value: T) => void) => void,
    done: (value: T) => void,
  ): void {
    const deadlineMs = this.queue.nowMs + timeoutMs
    this.queue.after(this.callLatency(from, node.index), () => {
      if (this.network.isCut(from, node.index)) return
      node.deliver(() => {
        if (this.queue.nowMs > deadlineMs) return
        const {life} = node
        serve((value) => {
          if (node.life !== life || !node.running) return
          this.queue.after(this.callLatency(node.index, from), () => {
            if (!this.network.isCut(node.index, from)) done(value)
          })
        })
      })
    })
  }

  beforeStep(node: SimNode, input: ClusterInput): void {
    this.trace.mix(node.index)
    this.trace.mix(this.queue.nowMs * 1000)
    this.trace.mixText(input.kind)
    for (const checker of this.checkers) checker.beforeStep?.(node, input)
  }

  afterStep(node: SimNode, input: ClusterInput | undefined): void {
    if (!node.running) return
    for (const checker of this.checkers) checker.afterStep?.(node, input)
  }

  onEffect(node: SimNode, effect: ClusterEffect): void {
    this.trace.mix(node.index)
    if (effect.kind === 'send') {
      this.trace.mixText(effect.message.body.type)
      this.trace.mix(effect.message.header.currentEpoch * 1000 + effect.message.header.configEpoch)
    } else if (effect.kind !== 'log') {
      this.trace.mixText(effect.kind)
    } else if (effect.level === 'warning' || effect.level === 'notice') {
      this.note(`n${node.index}: ${effect.text}`)
    }
    for (const checker of this.checkers) checker.onEffect?.(node, effect)
  }

  onSaved(node: SimNode, text: string): void {
    this.trace.mixText(text)
    for (const checker of this.checkers) checker.onSaved?.(node, text)
  }

  onStarted(node: SimNode): void {
    this.note(`n${node.index} starts as ${node.id.slice(0, 8)}`)
    for (const checker of this.checkers) checker.onStarted?.(node)
  }

  onStopped(node: SimNode): void {
    this.note(`n${node.index} is down`)
    for (const checker of this.checkers) checker.onStopped?.(node)
  }

  /** An owner was told to drop what it holds of a slot that somebody else took: in the right order, it holds nothing. */
  onKeysDropped(node: SimNode, slot: number, keys: readonly string[]): void {
    if (keys.length === 0) return
    throw new Violation('no-key-dropped', `n${node.index} drops ${keys.length} keys of slot ${slot}: ${keys.join(' ')}`)
  }

  /** Chance for one thing that begins now: independent of whatever else begins. */
  momentRng(name: string): Rng {
    let hash = this.options.seed ^ Math.floor(this.queue.nowMs * 1000)
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
    return seededRng(hash)
  }

  private callLatency(from: number, to: number): number {
    const {latencyMaxMs, latencyMinMs} = this.link
    return latencyMinMs + this.momentRng(`${from}>${to}`).below(Math.max(1, Math.floor(latencyMaxMs - latencyMinMs)))
  }
}

/** A nodes.conf that only gives the node its id. */
export function freshConf(id: string): string {
  return `${id} :0@0 myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n`
}

const DEFAULT_CONFIG: Omit<ClusterConfig, 'port' | 'busPort'> = {
  allowPubsubshardWhenDown: true,
  allowReadsWhenDown: false,
  allowReplicaMigration: true,
  announceBusPort: 0,
  announceHostname: '',
  announceIp: '',
  announcePort: 0,
  linkSendbufLimitBytes: 0,
  migrationBarrier: 1,
  nodeTimeoutMs: 1000,
  preferredEndpointType: 'ip',
  replicaNoFailover: false,
  replicaValidityFactor: 10,
  replicationPingPeriodMs: 10_000,
  requireFullCoverage: true,
}
