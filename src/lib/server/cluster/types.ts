import type {Rng} from '../../kernel/rng.js'
import type {BusMessage} from '../../protocol/bus/message.js'
import {ReplyError} from '../reply-error.js'

/**
 * The cluster core's contract with whoever drives it (the bus shell in node/, or a simulator).
 *
 * 1. Feed every event as a `ClusterInput` to `core.step(input, nowMs)`, and a `tick` every 100 ms. `nowMs` is unix
 *    milliseconds, above 0, and never decreases.
 * 2. Carry out the effects in order, before the next input. `save` comes before every `send` of the same batch; with
 *    `fsync` it must be durable before anything after it happens (write-temp, fsync, rename, fsync of the folder).
 *    The text to save is `core.renderNodesConf()`, taken when the effect is carried out.
 * 3. Links are numbers. The core picks positive ones for links it dials (`dial`); the driver picks negative ones, each
 *    used once, for links it accepts. After `close-link` the driver reports nothing more about that link.
 * 4. Messages are values; the driver encodes them (`encodeMessage`), or hands them over by reference in a simulation.
 * 5. Admin calls (`core.meet(...)`, `core.addSlots(...)`, ...) return effects too, to be carried out the same way. They
 *    throw `ClusterRefusal` with Redis's error text, and have changed nothing then.
 */
export type ClusterInput =
  | {readonly kind: 'tick'}
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
  /** This node became a replica of `primary` (undefined: a primary), or its primary's address changed. */
  | {readonly kind: 'role-changed'; readonly primary: PrimaryAddress | undefined}
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
}

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
