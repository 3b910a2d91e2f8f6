import type {FailoverMode} from './manual-failover.js'
import type {ClusterLink, ClusterNode} from './node.js'
import type {ClusterConfig, ClusterEffect, ClusterInput} from './types.js'

/**
 * What `new ClusterCore(options: ClusterCoreOptions)` (core.ts) offers. The contract for driving it stands in types.ts.
 * Every method that returns effects throws `ClusterRefusal` with Redis's error text instead of changing anything.
 */
export interface ClusterCoreApi {
  step(input: ClusterInput, nowMs: number): ClusterEffect[]
  /** What must be done before the first input: save a fresh nodes.conf, announce the role. Call once. */
  start(): ClusterEffect[]
  /** nodes.conf as it is to be on disk now. */
  renderNodesConf(): string

  /**
   * The hot path's only test, one byte per slot: 1 = this node owns the slot, it is neither migrating nor importing, and
   * the cluster state is ok, so a command whose keys all lie in it is served with no other question. Else ask routing.ts.
   * The array is the same object for the life of the core.
   */
  readonly serves: Uint8Array
  readonly stateOk: boolean
  readonly myself: ClusterNode
  readonly currentEpoch: number
  readonly lastVoteEpoch: number
  readonly config: ClusterConfig
  /** By id, in the order they became known. */
  readonly nodes: ReadonlyMap<string, ClusterNode>
  ownerOf(slot: number): ClusterNode | undefined
  migratingTo(slot: number): ClusterNode | undefined
  importingFrom(slot: number): ClusterNode | undefined

  /** Open and opening connections by number. */
  readonly links: ReadonlyMap<number, ClusterLink>
  replicasOf(node: ClusterNode): ClusterNode[]
  countFailureReports(node: ClusterNode): number
  /** One line of CLUSTER NODES, without the newline. */
  renderNode(node: ClusterNode): string
  /** CLUSTER NODES, CLUSTER INFO. */
  renderNodes(): string
  renderInfo(): string
  replicationOffset(): number
  primaryLinkUp(): boolean

  meet(ip: string, port: number, busPort: number): ClusterEffect[]
  forget(id: string): ClusterEffect[]
  /** Slots are checked as a whole first: all or nothing. */
  addSlots(slots: readonly number[]): ClusterEffect[]
  delSlots(slots: readonly number[]): ClusterEffect[]
  flushSlots(): ClusterEffect[]
  setSlotMigrating(slot: number, to: string): ClusterEffect[]
  setSlotImporting(slot: number, from: string): ClusterEffect[]
  setSlotStable(slot: number): ClusterEffect[]
  setSlotNode(slot: number, id: string): ClusterEffect[]
  bumpEpoch(): {readonly bumped: boolean; readonly epoch: number; readonly effects: ClusterEffect[]}
  setConfigEpoch(epoch: number): ClusterEffect[]
  replicate(id: string): ClusterEffect[]
  /** Plain and force only begin it: what becomes of it shows in the roles. Takeover is done on return. */
  failover(mode: FailoverMode): ClusterEffect[]
  /** A failover waits for this node to have applied more of its primary's stream: after each step `streamApplied` is due. */
  readonly awaitsStream: boolean
  streamApplied(): ClusterEffect[]
  reset(hard: boolean): ClusterEffect[]
  /** handover.ts: slots that were copied beforehand change hands at once. `epoch` is what they were claimed by. */
  takeOverSlots(
    slots: readonly number[],
    from: string,
    above: number,
  ): {readonly epoch: number; readonly effects: ClusterEffect[]}
  yieldSlots(slots: readonly number[], to: string, epoch: number): ClusterEffect[]
  noteTakeover(slots: readonly number[], epoch: number): ClusterEffect[]
  keepSlots(granted: number): ClusterEffect[]
  /** Slots are granted to another node: until that is over we take no new epoch. */
  isHandingOver: boolean
  /** A slot is open by SETSLOT. */
  readonly hasImporting: boolean
  readonly hasMigrating: boolean
  saveConfig(): ClusterEffect[]
  /**
   * At the start: keys of a slot that nodes.conf does not give to this node. Nobody's slots are its own from now on,
   * another's are open for import from that node.
   */
  claimSlotsWithKeys(isHidden: (slot: number) => boolean): ClusterEffect[]
  /** To all nodes of the cluster (sharded: of the shard). Binary strings. */
  publish(channel: string, message: string, sharded: boolean): ClusterEffect[]

  /** DEBUG DROP-CLUSTER-PACKET-FILTER: type number to drop on receipt, -2 = all, -1 = none. */
  dropPacketFilter: number
  /** DEBUG CLUSTERLINK KILL; false if the node is unknown. */
  killLinks(direction: 'to' | 'from' | 'all', id: string): ClusterEffect[] | undefined
}

/** What the `Server` holds in cluster mode (`server.cluster`; undefined otherwise): set by the bus shell at start. */
export interface ClusterBinding {
  readonly core: ClusterCoreApi
  /** Carries out effects of an admin call, in order, before it returns. */
  perform(effects: readonly ClusterEffect[]): void
}

/** One command (or the union of a transaction's) as routing sees it. */
export interface RouteRequest {
  /** The slot of every key in order, repeats allowed; not empty. */
  readonly slots: readonly number[]
  /** Does key number `index` exist, expiry not applied? Asked only for slots that are migrating or importing. */
  exists(index: number): boolean
  readonly isWrite: boolean
  /** The client sent READONLY. */
  readonly isReadonlyClient: boolean
  /** The client sent ASKING before this command, or the command carries the flag (RESTORE-ASKING). */
  readonly asking: boolean
  readonly isMigrate: boolean
  /** SSUBSCRIBE, SPUBLISH, SUNSUBSCRIBE. */
  readonly isShardPubsub: boolean
}

/** routing.ts: `route(core, request)` gives undefined = serve it here, or the whole error text, `MOVED 1 127.0.0.1:7000`. */
export type Route = (core: ClusterCoreApi, request: RouteRequest) => string | undefined
