import type {Address} from './address.js'
import type {NodeId} from './node-id.js'
import type {SlotRange} from './slot-set.js'

/** One line of a node's CLUSTER NODES: what the observer holds true about `id`. */
export interface NodeRecord {
  readonly id: NodeId
  readonly address: Address
  readonly busPort: number
  /** The announced hostname, if any. */
  readonly hostname?: string
  readonly role: 'primary' | 'replica'
  /** For a replica whose primary is known. */
  readonly primaryId?: NodeId
  readonly myself: boolean
  readonly pfail: boolean
  readonly fail: boolean
  readonly handshake: boolean
  readonly noaddr: boolean
  /** The observer holds a link to this node (always true for itself). */
  readonly linked: boolean
  /** When the observer last heard of it, by the observer's clock; Unix milliseconds. Absent for itself, and if never. */
  readonly pongAtMs?: number
  /** A replica's line shows its primary's. */
  readonly configEpoch: number
  readonly slots: readonly SlotRange[]
  /** Only on the `myself` line: slot -> the node it goes to. */
  readonly migrating: ReadonlyMap<number, NodeId>
  /** Only on the `myself` line: slot -> the node it comes from. */
  readonly importing: ReadonlyMap<number, NodeId>
}

/** What one node says of itself and of all others. Kept apart per node: disagreement is information. */
export interface NodeView {
  readonly id: NodeId
  /** The address Shoal reaches it by. */
  readonly address: Address
  readonly records: readonly NodeRecord[]
  /** CLUSTER INFO, and of INFO what the callers need: raw name -> value. */
  readonly clusterInfo: ReadonlyMap<string, string>
  readonly info: ReadonlyMap<string, string>
}

/** A node that some view names but that did not answer. */
export interface UnreachableNode {
  readonly id?: NodeId
  readonly address: Address
  readonly reason: string
}

/** All that was seen of a cluster in one observation. */
export interface ClusterView {
  /** In ascending order of address. */
  readonly nodes: readonly NodeView[]
  readonly unreachable: readonly UnreachableNode[]
  readonly seed: Address
}
