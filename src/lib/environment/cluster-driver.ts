import type {Address} from '../model/address.js'
import type {SlotRange} from '../model/slot-set.js'
import type {Topology} from './spec.js'

/** How the nodes of one environment are reached. */
export interface ClusterAccess {
  readonly topology: Topology
  /** As the nodes know each other. */
  readonly addresses: readonly Address[]
  /** By those, rendered: where this machine reaches them, if elsewhere. */
  readonly addressMap: ReadonlyMap<string, Address>
  /** By those, rendered. */
  readonly regions: ReadonlyMap<string, string>
  /** Who belongs together to begin with, rendered, the primary first; as it comes without. */
  readonly shards?: readonly (readonly string[])[]
  readonly password?: string
  /** Topology `crdb`: its clusters. `addresses` above may be some of theirs. */
  readonly clusters?: readonly ClusterAccess[]
}

/** What a node says of itself and its cluster. */
export interface NodeFacts {
  /** As the other nodes know it. */
  readonly address: Address
  readonly role: 'primary' | 'replica'
  readonly slots: readonly SlotRange[]
  /** Its own `cluster_state`; `ok` without cluster. */
  readonly state: string
  /** Bytes of the replication stream that it has written, or taken as a replica; undefined if it does not say. */
  readonly offset?: number
  /** Of a replica: whom it follows, and how its copy is. */
  readonly primary?: Address
  readonly link?: ReplicaLink
}

/** `syncing`: it is being sent all data. */
export type ReplicaLink = 'down' | 'syncing' | 'up'

/** What an environment needs done by those who speak to nodes; given in, so that this layer needs no connections. */
export interface ClusterDriver {
  /**
   * Makes one cluster of empty nodes; resolves when all agree, report ok, and every replica is in sync. Without cluster the nodes know
   * already who is who: that is only waited for.
   */
  form(access: ClusterAccess, replicas: number, signal: AbortSignal): Promise<void>
  /** Resolves when that is so again. @throws {CliError} TIMED_OUT naming who is not ready */
  settle(access: ClusterAccess, signal: AbortSignal): Promise<void>
  /** Makes a replica the primary of its shard. One that has no copy of the data refuses, which is fine. */
  takeOver(access: ClusterAccess, replica: Address, signal: AbortSignal): Promise<void>
  /** Of the nodes that answer, by their own word. Never throws: no answer is no fact. */
  describe(access: ClusterAccess, signal: AbortSignal): Promise<NodeFacts[]>
}
