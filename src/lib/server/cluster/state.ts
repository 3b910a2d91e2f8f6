import type {Rng} from '../../kernel/rng.js'
import {SLOT_COUNT} from '../../model/slot-set.js'
import {MESSAGE_TYPES, type MessageType, NODE_FLAG} from '../../protocol/bus/message.js'
import type {Election, ManualFailover, StallReason} from './failover-state.js'
import {type ClusterLink, ClusterNode} from './node.js'
import type {ClusterConfig, ClusterEffect, ClusterPorts, LogLevel} from './types.js'

/** How long CLUSTER FORGET keeps gossip from bringing a node back. */
export const BLACKLIST_TTL_MS = 60_000
/** Nobody runs that many; gossip that names more is made up, and must not cost memory. */
const NODES_MAX = 8192
const BLACKLIST_MAX = 8192
const MESSAGE_TYPE_COUNT = Object.keys(MESSAGE_TYPES).length

/**
 * The cluster as this node knows it: the node table, who owns which slot, epochs, links. All files of this folder work on
 * one instance. It also collects the effects of the step under way.
 *
 * Invariants: `nodes.get(myself.id) === myself`; `owners[s] === n` exactly if `n.slots.has(s)`; every config epoch is at
 * most `currentEpoch`; `serves[s]` is 1 exactly if `stateOk`, `owners[s] === myself` and s is neither migrating nor
 * importing.
 */
export class ClusterState {
  nowMs: number
  /** When this node came back to a cluster that it knew before; -Infinity: it is new. */
  rejoinedMs = Number.NEGATIVE_INFINITY
  readonly nodes = new Map<string, ClusterNode>()
  readonly links = new Map<number, ClusterLink>()
  myself: ClusterNode
  currentEpoch = 0
  /** The last epoch in which we voted. On disk before the vote leaves. */
  lastVoteEpoch = 0
  readonly owners: (ClusterNode | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  /** 1 = the owner's last header did not claim the slot: free for anybody to claim, and not told in UPDATEs. */
  readonly unclaimed = new Uint8Array(SLOT_COUNT)
  /** False only if `unclaimed` is all zero. */
  hasUnclaimed = false
  readonly migrating = new Map<number, ClusterNode>()
  readonly importing = new Map<number, ClusterNode>()
  readonly serves = new Uint8Array(SLOT_COUNT)
  stateOk = false
  /** Primaries with at least one slot. */
  size = 0
  minorityMs = Number.NEGATIVE_INFINITY
  /** Our attempt to take over the present primary, the last one included that came to nothing. */
  election: Election | undefined
  /** Why there is none or no outcome, as last logged. */
  stall: {readonly reason: StallReason; readonly loggedMs: number} | undefined
  /** CLUSTER FAILOVER under way, here or at one of our replicas. */
  manual: ManualFailover | undefined
  /** The pause that we asked for ends then; it may outlast `manual`. */
  pausedUntilMs = 0
  /** Id -> when gossip may bring it back. */
  readonly blacklist = new Map<string, number>()
  readonly sent = new Array<number>(MESSAGE_TYPE_COUNT).fill(0)
  readonly received = new Array<number>(MESSAGE_TYPE_COUNT).fill(0)
  linksOverLimit = 0
  dropPacketFilter = -1
  /** Slots of ours are granted to another node, which claims them with the next epoch: we take none (handover.ts). */
  isHandingOver = false
  cronCount = 0
  /** Set by whatever may change the outcome of `updateState`. */
  stateDirty = true
  /** Slots unbound from us or our primary in this step; some may be ours again before it ends. */
  readonly lostSlots: number[] = []
  private effects: ClusterEffect[] = []
  private saveWanted = false
  private fsyncWanted = false
  private nextLink = 1
  private nodeList: ClusterNode[] | undefined

  constructor(
    public config: ClusterConfig,
    readonly rng: Rng,
    readonly ports: ClusterPorts,
    nowMs: number,
  ) {
    this.nowMs = nowMs
    this.myself = new ClusterNode(rng.hex(40), NODE_FLAG.myself | NODE_FLAG.primary, nowMs)
  }

  emit(effect: ClusterEffect): void {
    this.effects.push(effect)
  }

  log(level: LogLevel, text: string): void {
    this.effects.push({kind: 'log', level, text})
  }

  /** Asks for nodes.conf to be written before anything that this step sends. */
  save(fsync = false): void {
    this.saveWanted = true
    if (fsync) this.fsyncWanted = true
  }

  /** The effects since the last drain: the save first, so that nothing is revealed that a crash could take back. */
  drain(): ClusterEffect[] {
    const lost = this.lostSlots
      .splice(0)
      .filter((slot) => !this.owners[slot] || this.owners[slot] !== this.primaryOf(this.myself))
    if (lost.length > 0) this.effects.push({kind: 'slots-lost', slots: lost})
    const effects = this.effects
    if (this.saveWanted) effects.unshift({kind: 'save', fsync: this.fsyncWanted})
    this.effects = []
    this.saveWanted = false
    this.fsyncWanted = false
    return effects
  }

  newLinkId(): number {
    return this.nextLink++
  }

  /** All nodes, for indexing at random; rebuilt after the table changed. */
  list(): readonly ClusterNode[] {
    this.nodeList ??= [...this.nodes.values()]
    return this.nodeList
  }

  /** @returns false if the table is full */
  addNode(node: ClusterNode): boolean {
    if (this.nodes.size >= NODES_MAX) return false
    this.nodes.set(node.id, node)
    this.nodeList = undefined
    return true
  }

  removeNode(node: ClusterNode): void {
    this.nodes.delete(node.id)
    this.nodeList = undefined
  }

  renameNode(node: ClusterNode, id: string): void {
    this.nodes.delete(node.id)
    node.id = id
    this.nodes.set(id, node)
    this.nodeList = undefined
  }

  replicasOf(primary: ClusterNode): ClusterNode[] {
    return this.list().filter((node) => node.primary === primary)
  }

  /** The primary whose slots a node speaks for: itself, or the one it replicates if known. */
  primaryOf(node: ClusterNode): ClusterNode | undefined {
    return node.isPrimary ? node : node.primary
  }

  blacklistNode(id: string, ttlMs: number): void {
    for (const [other, untilMs] of this.blacklist) if (untilMs <= this.nowMs) this.blacklist.delete(other)
    if (this.blacklist.size < BLACKLIST_MAX) this.blacklist.set(id, this.nowMs + ttlMs)
  }

  isBlacklisted(id: string): boolean {
    const untilMs = this.blacklist.get(id)
    return untilMs !== undefined && untilMs > this.nowMs
  }

  countSent(type: MessageType): void {
    this.sent[MESSAGE_TYPES[type]]!++
  }

  countReceived(type: MessageType): void {
    this.received[MESSAGE_TYPES[type]]!++
  }

  /** Brings `serves` of one slot in line with the rest. */
  refreshServes(slot: number): void {
    const mine = this.stateOk && this.owners[slot] === this.myself
    this.serves[slot] = mine && !this.migrating.has(slot) && !this.importing.has(slot) ? 1 : 0
  }

  refreshAllServes(): void {
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.refreshServes(slot)
  }
}
