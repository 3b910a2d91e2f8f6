import {
  AT,
  BUS_VERSION,
  EXT_DATA,
  EXTENSION_HEAD_BYTES,
  EXTENSION_TYPE,
  GOSSIP_AT,
  GOSSIP_BYTES,
  HEADER_BYTES,
  ID_BYTES,
  IP_BYTES,
  SIGNATURE,
  SLOT_BYTES,
} from './layout.js'
import {type BusBody, type BusExtension, type BusMessage, type GossipEntry, MESSAGE_TYPES} from './message.js'

/** @returns one whole frame, ready for the socket */
export function encodeMessage({header, body}: BusMessage): Buffer {
  const extensions = extensionsOf(body)
  const encodedExtensions = extensions.map(encodeExtension)
  const bytes = HEADER_BYTES + bodyBytes(body) + encodedExtensions.reduce((sum, {length}) => sum + length, 0)
  const frame = Buffer.alloc(bytes)
  frame.writeUInt32BE(SIGNATURE, AT.signature)
  frame.writeUInt32BE(bytes, AT.totalBytes)
  frame.writeUInt16BE(BUS_VERSION, AT.version)
  frame.writeUInt16BE(header.port, AT.port)
  frame.writeUInt16BE(MESSAGE_TYPES[body.type], AT.type)
  frame.writeUInt16BE(gossipOf(body).length, AT.count)
  writeUint64(frame, header.currentEpoch, AT.currentEpoch)
  writeUint64(frame, header.configEpoch, AT.configEpoch)
  writeUint64(frame, header.offset, AT.offset)
  frame.write(header.sender, AT.sender, 'latin1')
  frame.set(header.slots, AT.slots)
  frame.write(header.replicaOf, AT.replicaOf, 'latin1')
  frame.write(header.ip, AT.ip, IP_BYTES - 1, 'latin1')
  frame.writeUInt16BE(extensions.length, AT.extensions)
  frame.writeUInt16BE(header.plainPort, AT.plainPort)
  frame.writeUInt16BE(header.busPort, AT.busPort)
  frame.writeUInt16BE(header.flags, AT.flags)
  frame[AT.state] = header.stateOk ? 0 : 1
  frame[AT.messageFlags] = header.messageFlags | (extensions.length > 0 ? EXT_DATA : 0)
  let at = writeBody(frame, body)
  for (const extension of encodedExtensions) at += extension.copy(frame, at)
  return frame
}

function gossipOf(body: BusBody): readonly GossipEntry[] {
  return 'gossip' in body ? body.gossip : []
}

function extensionsOf(body: BusBody): readonly BusExtension[] {
  return 'extensions' in body ? body.extensions : []
}

/** Extensions not counted. */
function bodyBytes(body: BusBody): number {
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return body.gossip.length * GOSSIP_BYTES
    case 'fail':
      return ID_BYTES
    case 'publish':
    case 'publishshard':
      return 8 + body.channel.length + body.message.length
    case 'update':
      return 8 + ID_BYTES + SLOT_BYTES
    case 'module':
      return 13 + body.payload.length
    default:
      return 0
  }
}

/** @returns where the extensions go */
function writeBody(frame: Buffer, body: BusBody): number {
  let at = HEADER_BYTES
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      for (const entry of body.gossip) {
        writeGossip(frame.subarray(at, at + GOSSIP_BYTES), entry)
        at += GOSSIP_BYTES
      }
      return at
    case 'fail':
      return at + frame.write(body.failed, at, 'latin1')
    case 'publish':
    case 'publishshard':
      at = frame.writeUInt32BE(body.channel.length, at)
      at = frame.writeUInt32BE(body.message.length, at)
      at += frame.write(body.channel, at, 'latin1')
      return at + frame.write(body.message, at, 'latin1')
    case 'update':
      writeUint64(frame, body.configEpoch, at)
      frame.write(body.id, at + 8, 'latin1')
      frame.set(body.slots, at + 8 + ID_BYTES)
      return frame.length
    case 'module':
      frame.write(body.moduleId, at, 8, 'latin1')
      frame.writeUInt32BE(body.payload.length, at + 8)
      frame[at + 12] = body.moduleType
      return at + 13 + frame.write(body.payload, at + 13, 'latin1')
    default:
      return at
  }
}

function writeGossip(entry: Buffer, gossip: GossipEntry): void {
  entry.write(gossip.id, GOSSIP_AT.id, ID_BYTES, 'latin1')
  entry.writeUInt32BE(gossip.pingSentSec >>> 0, GOSSIP_AT.pingSent)
  entry.writeUInt32BE(gossip.pongReceivedSec >>> 0, GOSSIP_AT.pongReceived)
  entry.write(gossip.ip, GOSSIP_AT.ip, IP_BYTES - 1, 'latin1')
  entry.writeUInt16BE(gossip.port, GOSSIP_AT.port)
  entry.writeUInt16BE(gossip.busPort, GOSSIP_AT.busPort)
  entry.writeUInt16BE(gossip.flags, GOSSIP_AT.flags)
  entry.writeUInt16BE(gossip.plainPort, GOSSIP_AT.plainPort)
}

function encodeExtension(extension: BusExtension): Buffer {
  switch (extension.kind) {
    case 'hostname':
      return extensionFrame(EXTENSION_TYPE.hostname, Buffer.from(`${extension.hostname}\0`, 'latin1'))
    case 'nodename':
      return extensionFrame(EXTENSION_TYPE.nodename, Buffer.from(`${extension.nodename}\0`, 'latin1'))
    case 'shard-id':
      return extensionFrame(EXTENSION_TYPE.shardId, Buffer.from(extension.shardId, 'latin1'))
    case 'forgotten-node': {
      const payload = Buffer.alloc(ID_BYTES + 8)
      payload.write(extension.id, 0, 'latin1')
      writeUint64(payload, extension.ttlSec, ID_BYTES)
      return extensionFrame(EXTENSION_TYPE.forgottenNode, payload)
    }
    case 'unknown':
      return extensionFrame(extension.type, Buffer.from(extension.payload))
  }
}

/** The length counts its own head and is padded to 8. */
function extensionFrame(type: number, payload: Buffer): Buffer {
  const bytes = EXTENSION_HEAD_BYTES + Math.ceil(payload.length / 8) * 8
  const frame = Buffer.alloc(bytes)
  frame.writeUInt32BE(bytes, 0)
  frame.writeUInt16BE(type, 4)
  payload.copy(frame, EXTENSION_HEAD_BYTES)
  return frame
}

function writeUint64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(value / 0x1_0000_0000) >>> 0, at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
}
