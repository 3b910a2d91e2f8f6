import type {Address} from '../../model/address.js'
import type {ClusterAccess} from '../cluster-driver.js'

/** A node of the cluster, addresses rendered as the nodes know each other. */
export interface ClusterMember {
  readonly address: string
  readonly role: 'primary' | 'replica'
  readonly slotCount: number
  readonly replicaOf?: string
}

export interface Moved {
  readonly slots: number
  readonly keys: number
}

/** What scaling needs done by those who speak to nodes. Each is safe to repeat. */
export interface ScaleDriver {
  /** Of the cluster that owns the slots. @throws {CliError} UNREACHABLE if no node of it answers */
  members(access: ClusterAccess, signal: AbortSignal): Promise<ClusterMember[]>
  /** Resolves when all nodes agree, a replica in sync. @param primary - whose replica it becomes; none for a primary */
  join(
    access: ClusterAccess,
    seed: Address,
    node: Address,
    primary: Address | undefined,
    signal: AbortSignal,
  ): Promise<void>
  /** A name for a move of slots, by which it can be resumed. */
  newJob(): string
  /** Moves slots until these primaries own all, evenly, without losing a key. */
  spread(access: ClusterAccess, owners: readonly Address[], job: string, signal: AbortSignal): Promise<Moved>
  /** Finishes a move that was cut short; nothing if it is over or never began. */
  resume(access: ClusterAccess, seed: Address, job: string, signal: AbortSignal): Promise<Moved>
  follow(access: ClusterAccess, replica: Address, primary: Address, signal: AbortSignal): Promise<void>
  /** Takes a node without slots out of the cluster. */
  remove(access: ClusterAccess, seed: Address, node: Address, signal: AbortSignal): Promise<void>
}
