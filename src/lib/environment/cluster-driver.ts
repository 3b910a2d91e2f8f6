import type {Address} from '../model/address.js'
import type {SlotRange} from '../model/slot-set.js'

/** How the nodes of one environment are reached. */
export interface ClusterAccess {
  readonly addresses: readonly Address[]
  readonly password?: string
}

/** What a node says of itself and its cluster. */
export interface NodeFacts {
  readonly address: Address
  readonly role: 'primary' | 'replica'
  readonly slots: readonly SlotRange[]
  /** Its own `cluster_state`. */
  readonly state: string
}

/** What an environment needs done by those who speak to nodes; given in, so that this layer needs no connections. */
export interface ClusterDriver {
  /** Makes one cluster of empty nodes; resolves when all agree and report ok. */
  form(access: ClusterAccess, signal: AbortSignal): Promise<void>
  /** Resolves when all nodes agree and report ok. @throws {CliError} TIMED_OUT naming who does not */
  settle(access: ClusterAccess, signal: AbortSignal): Promise<void>
  /** Of the nodes that answer, by their own word. Never throws: no answer is no fact. */
  describe(access: ClusterAccess, signal: AbortSignal): Promise<NodeFacts[]>
}
