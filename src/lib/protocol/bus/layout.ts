import {MESSAGE_TYPES, type MessageType} from './message.js'

/**
 * Where things stand in a bus frame (wire.md 1.2-1.4); all integers are big-endian.
 *
 *   0    4    8   10   12   14    16       24       32     40      80      2128    2168 2214  2246 2252 2256
 *   RCmb len  ver port type count curEpoch cfgEpoch offset sender  myslots slaveof myip ext.. pport.. | body
 */
export const SIGNATURE = 0x52436d62 // RCmb
export const BUS_VERSION = 1
export const HEADER_BYTES = 2256
export const SLOT_BYTES = 2048
export const ID_BYTES = 40
export const IP_BYTES = 46
export const GOSSIP_BYTES = 104
export const EXTENSION_HEAD_BYTES = 8

export const AT = {
  signature: 0,
  totalBytes: 4,
  version: 8,
  port: 10,
  type: 12,
  count: 14,
  currentEpoch: 16,
  configEpoch: 24,
  offset: 32,
  sender: 40,
  slots: 80,
  replicaOf: 2128,
  ip: 2168,
  extensions: 2214,
  plainPort: 2246,
  busPort: 2248,
  flags: 2250,
  state: 2252,
  messageFlags: 2253,
} as const

/** Offsets inside one gossip entry. */
export const GOSSIP_AT = {
  id: 0,
  pingSent: 40,
  pongReceived: 44,
  ip: 48,
  port: 94,
  busPort: 96,
  flags: 98,
  plainPort: 100,
} as const

/** Bit of the first mflags byte: extensions follow the gossip section. */
export const EXT_DATA = 4

export const EXTENSION_TYPE = {hostname: 0, nodename: 1, forgottenNode: 2, shardId: 3} as const

export const TYPE_NAMES: readonly MessageType[] = Object.keys(MESSAGE_TYPES) as MessageType[]

/** Total bytes of a frame whose type has one length only; undefined for the others. */
export function fixedFrameBytes(type: MessageType): number | undefined {
  switch (type) {
    case 'fail':
      return HEADER_BYTES + ID_BYTES
    case 'auth-request':
    case 'auth-ack':
    case 'mfstart':
      return HEADER_BYTES
    case 'update':
      return HEADER_BYTES + 8 + ID_BYTES + SLOT_BYTES
    default:
      return undefined
  }
}
