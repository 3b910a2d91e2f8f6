/**
 * What travels on the cluster bus, as values (wire.md 1.2-1.4). Encoding and decoding stand in encode.ts and decode.ts.
 *
 * A message is immutable once made: one object may be sent on many links, and a simulator may hand it over by reference.
 */

export const MESSAGE_TYPES = {
  ping: 0,
  pong: 1,
  meet: 2,
  fail: 3,
  publish: 4,
  'auth-request': 5,
  'auth-ack': 6,
  update: 7,
  mfstart: 8,
  module: 9,
  publishshard: 10,
} as const

export type MessageType = keyof typeof MESSAGE_TYPES

/** Node flags on the wire (wire.md 1.5). */
export const NODE_FLAG = {
  primary: 1,
  replica: 2,
  pfail: 4,
  fail: 8,
  myself: 16,
  handshake: 32,
  noaddr: 64,
  meet: 128,
  migrateTo: 256,
  nofailover: 512,
} as const

/** Bits of the first mflags byte. EXT_DATA is not here: the encoder sets it when there are extensions. */
export const MESSAGE_FLAG = {paused: 1, forceAck: 2} as const

/** The fields every message carries. Epochs and offsets are integers of at most 2^53 - 1. */
export interface BusHeader {
  /** 40 characters of [0-9a-z]. */
  readonly sender: string
  /** The client port. */
  readonly port: number
  /** The plaintext client port if `port` is the TLS one, else 0. */
  readonly plainPort: number
  readonly busPort: number
  readonly currentEpoch: number
  /** Own if primary; the primary's if replica. */
  readonly configEpoch: number
  readonly offset: number
  /** 2048 bytes; slot s is bit `s & 7` of byte `s >> 3`. A replica sends its primary's slots. Never changed in place. */
  readonly slots: Uint8Array
  /** The primary's id; empty for a primary. */
  readonly replicaOf: string
  /** The announced IP; empty = the receiver takes the socket's peer address. */
  readonly ip: string
  /** Sum of NODE_FLAG values. */
  readonly flags: number
  /** The sender's view of the cluster state. */
  readonly stateOk: boolean
  /** Sum of MESSAGE_FLAG values. */
  readonly messageFlags: number
}

/** What the sender holds true about another node. Times are unix seconds; 0 = none. */
export interface GossipEntry {
  readonly id: string
  readonly pingSentSec: number
  readonly pongReceivedSec: number
  readonly ip: string
  readonly port: number
  readonly busPort: number
  readonly flags: number
  readonly plainPort: number
}

/** Ping extensions (wire.md 1.4). `unknown` ones are counted and skipped. */
export type BusExtension =
  | {readonly kind: 'hostname'; readonly hostname: string}
  | {readonly kind: 'nodename'; readonly nodename: string}
  | {readonly kind: 'forgotten-node'; readonly id: string; readonly ttlSec: number}
  | {readonly kind: 'shard-id'; readonly shardId: string}
  | {readonly kind: 'unknown'; readonly type: number; readonly payload: Uint8Array}

export type BusBody =
  | {
      readonly type: 'ping' | 'pong' | 'meet'
      readonly gossip: readonly GossipEntry[]
      readonly extensions: readonly BusExtension[]
    }
  | {readonly type: 'fail'; readonly failed: string}
  | {readonly type: 'publish' | 'publishshard'; readonly channel: string; readonly message: string}
  | {readonly type: 'auth-request' | 'auth-ack' | 'mfstart'}
  | {readonly type: 'update'; readonly id: string; readonly configEpoch: number; readonly slots: Uint8Array}
  | {
      readonly type: 'module'
      /** 8 raw bytes as a binary string. */
      readonly moduleId: string
      readonly moduleType: number
      readonly payload: string
    }

/** Header and body together. Channels, messages and payloads are binary (latin1) strings. */
export interface BusMessage {
  readonly header: BusHeader
  readonly body: BusBody
}
