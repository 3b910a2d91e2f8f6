import {isNodeId} from '../../model/node-id.js'
import {
  AT,
  BUS_VERSION,
  EXT_DATA,
  EXTENSION_HEAD_BYTES,
  EXTENSION_TYPE,
  fixedFrameBytes,
  GOSSIP_AT,
  GOSSIP_BYTES,
  HEADER_BYTES,
  ID_BYTES,
  IP_BYTES,
  SIGNATURE,
  SLOT_BYTES,
  TYPE_NAMES,
} from './layout.js'
import type {BusBody, BusExtension, BusHeader, BusMessage, GossipEntry, MessageType} from './message.js'

/** What may stand in an address: anything else could not be written to nodes.conf and read again. */
const ADDRESS = /^[0-9A-Za-z.:_%-]*$/
const HOSTNAME = /^[0-9A-Za-z.-]*$/

/**
 * Reads one whole frame.
 *
 * Nothing in it is trusted: ids must be ids and addresses printable, since both end up in nodes.conf. A gossip entry that
 * breaks this is left out; a header that does makes the frame void. Epochs above 2^53 - 1 are refused: no cluster gets
 * there by counting.
 *
 * @param frame - from the `RCmb` on, exactly as long as its length field says
 * @returns undefined if the frame is to be skipped; the link may stay open
 */
export function decodeMessage(frame: Buffer): BusMessage | undefined {
  if (frame.length < HEADER_BYTES || frame.readUInt32BE(AT.signature) !== SIGNATURE) return undefined
  if (frame.readUInt32BE(AT.totalBytes) !== frame.length || frame.readUInt16BE(AT.version) !== BUS_VERSION) {
    return undefined
  }
  const type = TYPE_NAMES[frame.readUInt16BE(AT.type)]
  if (type === undefined) return undefined
  const fixed = fixedFrameBytes(type)
  if (fixed !== undefined && frame.length !== fixed) return undefined
  const header = decodeHeader(frame)
  const body = header && decodeBody(frame, type)
  return body && {header, body}
}

function decodeHeader(frame: Buffer): BusHeader | undefined {
  const currentEpoch = readUint64(frame, AT.currentEpoch)
  const configEpoch = readUint64(frame, AT.configEpoch)
  const offset = readUint64(frame, AT.offset)
  const sender = readText(frame, AT.sender, ID_BYTES)
  const replicaOf = readText(frame, AT.replicaOf, ID_BYTES)
  const ip = readText(frame, AT.ip, IP_BYTES)
  if (currentEpoch === undefined || configEpoch === undefined || offset === undefined) return undefined
  if (!isNodeId(sender) || (replicaOf !== '' && !isNodeId(replicaOf)) || !ADDRESS.test(ip)) return undefined
  return {
    sender,
    port: frame.readUInt16BE(AT.port),
    plainPort: frame.readUInt16BE(AT.plainPort),
    busPort: frame.readUInt16BE(AT.busPort),
    currentEpoch,
    configEpoch,
    offset,
    // A copy: the message outlives the receive buffer.
    slots: new Uint8Array(frame.subarray(AT.slots, AT.slots + SLOT_BYTES)),
    replicaOf,
    ip,
    flags: frame.readUInt16BE(AT.flags),
    stateOk: frame[AT.state] === 0,
    messageFlags: (frame[AT.messageFlags] as number) & ~EXT_DATA,
  }
}

function decodeBody(frame: Buffer, type: MessageType): BusBody | undefined {
  switch (type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return decodePing(frame, type)
    case 'fail': {
      const failed = readText(frame, HEADER_BYTES, ID_BYTES)
      return isNodeId(failed) ? {type, failed} : undefined
    }
    case 'publish':
    case 'publishshard':
      return decodePublish(frame, type)
    case 'update': {
      const configEpoch = readUint64(frame, HEADER_BYTES)
      const id = readText(frame, HEADER_BYTES + 8, ID_BYTES)
      if (configEpoch === undefined || !isNodeId(id)) return undefined
      return {type, id, configEpoch, slots: new Uint8Array(frame.subarray(HEADER_BYTES + 8 + ID_BYTES))}
    }
    case 'module':
      return decodeModule(frame)
    default:
      return {type}
  }
}

function decodePing(frame: Buffer, type: 'ping' | 'pong' | 'meet'): BusBody | undefined {
  const count = frame.readUInt16BE(AT.count)
  const gossipEnd = HEADER_BYTES + count * GOSSIP_BYTES
  if (gossipEnd > frame.length) return undefined
  const gossip: GossipEntry[] = []
  for (let at = HEADER_BYTES; at < gossipEnd; at += GOSSIP_BYTES) {
    const entry = decodeGossip(frame.subarray(at, at + GOSSIP_BYTES))
    if (entry) gossip.push(entry)
  }
  const hasExtensions = ((frame[AT.messageFlags] as number) & EXT_DATA) !== 0
  const extensions = decodeExtensions(frame, gossipEnd, hasExtensions ? frame.readUInt16BE(AT.extensions) : 0)
  return extensions && {type, gossip, extensions}
}

function decodeGossip(entry: Buffer): GossipEntry | undefined {
  const id = readText(entry, GOSSIP_AT.id, ID_BYTES)
  const ip = readText(entry, GOSSIP_AT.ip, IP_BYTES)
  if (!isNodeId(id) || !ADDRESS.test(ip)) return undefined
  return {
    id,
    pingSentSec: entry.readUInt32BE(GOSSIP_AT.pingSent),
    pongReceivedSec: entry.readUInt32BE(GOSSIP_AT.pongReceived),
    ip,
    port: entry.readUInt16BE(GOSSIP_AT.port),
    busPort: entry.readUInt16BE(GOSSIP_AT.busPort),
    flags: entry.readUInt16BE(GOSSIP_AT.flags),
    plainPort: entry.readUInt16BE(GOSSIP_AT.plainPort),
  }
}

/** @returns undefined unless `count` extensions end exactly at the end of the frame */
function decodeExtensions(frame: Buffer, start: number, count: number): BusExtension[] | undefined {
  const extensions: BusExtension[] = []
  let at = start
  for (let index = 0; index < count; index++) {
    if (at + EXTENSION_HEAD_BYTES > frame.length) return undefined
    const bytes = frame.readUInt32BE(at)
    if (bytes < EXTENSION_HEAD_BYTES || bytes % 8 !== 0 || bytes > frame.length - at) return undefined
    const extension = decodeExtension(frame.readUInt16BE(at + 4), frame.subarray(at + EXTENSION_HEAD_BYTES, at + bytes))
    if (extension) extensions.push(extension)
    at += bytes
  }
  return at === frame.length ? extensions : undefined
}

/** @returns undefined for a known type with a payload that makes no sense: as if it had not been sent */
function decodeExtension(type: number, payload: Buffer): BusExtension | undefined {
  switch (type) {
    case EXTENSION_TYPE.hostname: {
      const hostname = readText(payload, 0, payload.length)
      return HOSTNAME.test(hostname) && hostname.length < 256 ? {kind: 'hostname', hostname} : undefined
    }
    case EXTENSION_TYPE.nodename:
      return {kind: 'nodename', nodename: readText(payload, 0, payload.length)}
    case EXTENSION_TYPE.forgottenNode: {
      if (payload.length !== ID_BYTES + 8) return undefined
      const id = readText(payload, 0, ID_BYTES)
      const ttlSec = readUint64(payload, ID_BYTES)
      return isNodeId(id) && ttlSec !== undefined ? {kind: 'forgotten-node', id, ttlSec} : undefined
    }
    case EXTENSION_TYPE.shardId: {
      const shardId = readText(payload, 0, ID_BYTES)
      return isNodeId(shardId) ? {kind: 'shard-id', shardId} : undefined
    }
    default:
      return {kind: 'unknown', type, payload: new Uint8Array(payload)}
  }
}

function decodePublish(frame: Buffer, type: 'publish' | 'publishshard'): BusBody | undefined {
  if (frame.length < HEADER_BYTES + 8) return undefined
  const channelBytes = frame.readUInt32BE(HEADER_BYTES)
  const messageBytes = frame.readUInt32BE(HEADER_BYTES + 4)
  const start = HEADER_BYTES + 8
  if (start + channelBytes + messageBytes !== frame.length) return undefined
  const channel = frame.toString('latin1', start, start + channelBytes)
  return {type, channel, message: frame.toString('latin1', start + channelBytes, frame.length)}
}

function decodeModule(frame: Buffer): BusBody | undefined {
  if (frame.length < HEADER_BYTES + 13) return undefined
  const payloadBytes = frame.readUInt32BE(HEADER_BYTES + 8)
  if (HEADER_BYTES + 13 + payloadBytes !== frame.length) return undefined
  return {
    type: 'module',
    moduleId: frame.toString('latin1', HEADER_BYTES, HEADER_BYTES + 8),
    moduleType: frame[HEADER_BYTES + 12] as number,
    payload: frame.toString('latin1', HEADER_BYTES + 13, frame.length),
  }
}

/** Up to the first NUL. */
function readText(buffer: Buffer, at: number, bytes: number): string {
  const end = Math.min(at + bytes, buffer.length)
  const nul = buffer.indexOf(0, at)
  return buffer.toString('latin1', at, nul >= 0 && nul < end ? nul : end)
}

/** @returns undefined above 2^53 - 1 */
function readUint64(buffer: Buffer, at: number): number | undefined {
  const high = buffer.readUInt32BE(at)
  return high > 0x1f_ffff ? undefined : high * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
}
