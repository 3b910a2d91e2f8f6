import {type BusMessage, NODE_FLAG} from '../../protocol/bus/message.js'
import {SlotBitmap} from './slot-bitmap.js'

/** A connection to or from a node, as the core knows it. */
export interface ClusterLink {
  /** Positive: we dialled it. Negative: accepted. */
  readonly id: number
  /** Undefined for an accepted link whose sender is not known yet. */
  node: ClusterNode | undefined
  readonly createdMs: number
  open: boolean
  localIp: string
  peerIp: string
  queuedBytes: number
  /** To be sent once it is open. */
  readonly pending: BusMessage[]
}

/** Role bits of another's making: a packet may carry both, a node has one. */
export function withOneRole(flags: number): number {
  return flags & NODE_FLAG.replica ? flags & ~(NODE_FLAG.primary | NODE_FLAG.migrateTo) : flags
}

/** One known node, ourselves included. Mutated by the files of this folder only. */
export class ClusterNode {
  /** Sum of NODE_FLAG values. */
  flags: number
  configEpoch = 0
  /** Own slots; empty for a replica. */
  readonly slots = new SlotBitmap()
  /** For a replica whose primary is known. */
  primary: ClusterNode | undefined
  ip = ''
  port = 0
  plainPort = 0
  busPort = 0
  hostname = ''
  /** Aux fields of nodes.conf written by 7.2 (`shard-id=...`), kept as they are. */
  aux: readonly string[] = []
  readonly createdMs: number
  /** The unanswered ping's time; 0 = none in flight. Unix ms. */
  pingSentMs = 0
  pongReceivedMs = 0
  dataReceivedMs = 0
  failTimeMs = 0
  /** When we last voted for a replica of this primary. */
  votedTimeMs = Number.NEGATIVE_INFINITY
  replOffset = 0
  /** Kept while we are a replica: since when this primary, which ought to have replicas, has no working one; 0 = it has. */
  orphanedMs = 0
  /** The link we dialled, opening or open. */
  link: ClusterLink | undefined
  inboundLink: ClusterLink | undefined
  /** Reporter -> when it last said that this node is PFAIL or FAIL. */
  readonly failureReports = new Map<ClusterNode, number>()

  constructor(
    public id: string,
    flags: number,
    nowMs: number,
  ) {
    this.flags = flags
    this.createdMs = nowMs
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  set(flag: number): void {
    this.flags |= flag
  }

  clear(flag: number): void {
    this.flags &= ~flag
  }

  get isMyself(): boolean {
    return this.has(NODE_FLAG.myself)
  }

  get isPrimary(): boolean {
    return this.has(NODE_FLAG.primary)
  }

  get isReplica(): boolean {
    return this.has(NODE_FLAG.replica)
  }

  get inHandshake(): boolean {
    return this.has(NODE_FLAG.handshake)
  }

  get failed(): boolean {
    return this.has(NODE_FLAG.fail)
  }

  get suspected(): boolean {
    return this.has(NODE_FLAG.pfail)
  }

  /** `cluster-replica-no-failover` is set there. */
  get forbidsFailover(): boolean {
    return this.has(NODE_FLAG.nofailover)
  }

  get hasAddress(): boolean {
    return !this.has(NODE_FLAG.noaddr)
  }
}
