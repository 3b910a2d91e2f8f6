import type {Rng} from '../../kernel/rng.js'
import type {BusMessage} from '../../protocol/bus/message.js'
import {ReplyError} from '../reply-error.js'

/**
 * The cluster core's contract with whoever drives it (the bus shell in node/, or a simulator).
 *
 * 1. Feed every event as a `ClusterInput` to `core.step(input, nowMs)`, and a `tick` every 100 ms. `nowMs` is unix
 *    milliseconds, above 0, and never decreases.
 * 2. Carry out the effects in order, before the next input. `save` comes before every `send` of the same batch; with
 *    `fsync` it must be durable before anything after it happens (write-temp, fsync, rename, fsync of the folder). Packets
 *    and replies to clients may be held back instead.
 *    The text to save is `core.renderNodesConf()`, taken when the effect is carried out.
 * 3. Links are numbers. The core picks positive ones for links it dials (`dial`); the driver picks negative ones, each
 *    used once, for links it accepts. After `close-link` the driver reports nothing more about that link.
 * 4. Messages are values; the driver encodes them (`encodeMessage`), or hands them over by reference in a simulation.
 * 5. Admin calls (`core.meet(...)`, `core.addSlots(...)`, ...) return effects too, to be carried out the same way. They
 *    throw `ClusterRefusal` with Redis's error text, and have changed nothing then.
 */
export type ClusterInput =
  | {readonly kind: 'tick'}
  /** This process did not run for longer than the node timeout. Before anything that has arrived meanwhile. */
  | {readonly kind: 'woke'}
  /** A dialled link is connected. */
  | {readonly kind: 'link-opened'; readonly link: number; readonly localIp: string; readonly peerIp: string}
  /** Somebody dialled us. */
  | {readonly kind: 'link-accepted'; readonly link: number; readonly localIp: string; readonly peerIp: string}
  /** The peer closed it, it broke, or a dial failed. */
  | {readonly kind: 'link-closed'; readonly link: number}
  | {readonly kind: 'packet'; readonly link: number; readonly message: BusMessage}
  /** Bytes queued on a link and not yet taken by the kernel; reported before a tick if not 0, or when it changes. */
  | {readonly kind: 'link-buffer'; readonly link: number; readonly queuedBytes: number}
  /** Settings that may change at run time; takes effect at once. */
  | {readonly kind: 'config-changed'; readonly config: ClusterConfig}

export type ClusterEffect =
  /** Connect to the bus port; answer with link-opened or link-closed. */
  | {readonly kind: 'dial'; readonly link: number; readonly host: string; readonly port: number}
  | {readonly kind: 'close-link'; readonly link: number}
  | {readonly kind: 'send'; readonly link: number; readonly message: BusMessage}
  | {readonly kind: 'save'; readonly fsync: boolean}
  /** Keys of slots lost to somebody else while they still held keys. */
  | {readonly kind: 'delete-slot-keys'; readonly slots: readonly number[]}
  /** These slots are no longer served here: blocked clients get MOVED, shard channels are unsubscribed. */
  | {readonly kind: 'slots-lost'; readonly slots: readonly number[]}
  | {readonly kind: 'state-changed'; readonly ok: boolean}
  /**
   * This node became a replica of `primary` (undefined: a primary), or its primary's address changed. A new primary keeps
   * the data it has, and the save of this batch must be durable before any client hears of its new role.
   */
  | {readonly kind: 'role-changed'; readonly primary: PrimaryAddress | undefined}
  /**
   * A replica takes over (CLUSTER FAILOVER): until then, or until `resume-writes`, the stream to replicas must not grow.
   * Clients' writes wait, other commands are served; no key expires or is evicted; no PING goes to replicas. A second one
   * replaces the first.
   */
  | {readonly kind: 'pause-writes'; readonly untilMs: number}
  /** Ends the pause before its time. */
  | {readonly kind: 'resume-writes'}
  /** CLUSTER RESET of a replica: it becomes an empty primary. */
  | {readonly kind: 'empty-database'}
  /** A PUBLISH of another node for our subscribers. Binary strings. */
  | {
      readonly kind: 'deliver-publish'
      readonly channel: string
      readonly message: string
      readonly sharded: boolean
    }
  | {readonly kind: 'log'; readonly level: LogLevel; readonly text: string}

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning'

export interface PrimaryAddress {
  readonly id: string
  readonly host: string
  readonly port: number
}

/** Redis's `cluster-*` settings (wire.md 1.17); the whole set is given at the start and at every change. */
export interface ClusterConfig {
  /** The client port. */
  readonly port: number
  /** The bus port, as listened on. */
  readonly busPort: number
  readonly nodeTimeoutMs: number
  readonly requireFullCoverage: boolean
  readonly allowReadsWhenDown: boolean
  readonly allowPubsubshardWhenDown: boolean
  readonly allowReplicaMigration: boolean
  readonly migrationBarrier: number
  /** How many node timeouts a replica's data may be older than its primary's failure explains; 0 = any age will do. */
  readonly replicaValidityFactor: number
  /** Every so often a primary writes to a replica that it has nothing else to tell. */
  readonly replicationPingPeriodMs: number
  /** cluster-replica-no-failover */
  readonly replicaNoFailover: boolean
  readonly announceIp: string
  readonly announceHostname: string
  /** 0 = not announced. */
  readonly announcePort: number
  readonly announceBusPort: number
  readonly preferredEndpointType: 'ip' | 'hostname' | 'unknown-endpoint'
  /** Bytes; 0 = no limit. */
  readonly linkSendbufLimitBytes: number
}

/** What the core asks of the keyspace and of replication. Answers must be current; none may call back into the core. */
export interface ClusterPorts {
  countKeysInSlot(slot: number): number
  /** Keys in the whole database. */
  keyCount(): number
  /** master_repl_offset, or the processed offset of a replica. */
  replicationOffset(): number
  /** The link to our primary is up (a replica's own reads). */
  primaryLinkUp(): boolean
  /**
   * How old a replica's copy of its primary's data is: milliseconds since the last byte from it; Infinity if this node has
   * no copy at all (it has never been in sync, or is being filled anew).
   */
  primaryDataAgeMs(): number
}

/** The part of it that replication answers. */
export type ReplicationFacts = Pick<ClusterPorts, 'primaryDataAgeMs' | 'primaryLinkUp' | 'replicationOffset'>

export interface ClusterCoreOptions {
  readonly config: ClusterConfig
  readonly rng: Rng
  readonly ports: ClusterPorts
  /** Unix milliseconds at the start. */
  readonly nowMs: number
  /** The text of nodes.conf; undefined = a fresh node with a random id, to be saved before anything else. */
  readonly nodesConf?: string
}

/** Redis's answer to a refused CLUSTER command, whole: `ERR Slot 5 is already busy`. Nothing was changed. */
export class ClusterRefusal extends ReplyError {}
