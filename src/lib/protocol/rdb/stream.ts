import {asInt64, asUint64, type Int64, uint64Of} from '../../kernel/uint64.js'
import {compareIds, ID_BYTES, ID_MIN, idBytes, idOfBytes, type StreamId} from '../stream-id.js'
import type {RdbOutput} from './output.js'
import {RdbError, type RdbReader} from './reader.js'
import {type DecodedNode, decodeNode, encodeNode, type StreamNodeParts} from './stream-node.js'
import {readString} from './string.js'
import type {RdbCodec, RdbObject} from './value.js'

/** Streams as RDB and DUMP store them (wire.md 3.5). */

export interface RdbStream extends RdbObject {
  readonly type: 'stream'
  /** In order. */
  readonly nodes: readonly StreamNodeParts[]
  readonly length: number
  readonly lastId: StreamId
  /** Unknown to what Redis before 7.0 wrote. */
  readonly counters: RdbStreamCounters | undefined
  /** In order of their names. */
  readonly groups: readonly RdbGroup[]
}

export interface RdbStreamCounters {
  readonly firstId: StreamId
  readonly maxDeletedId: StreamId
  readonly entriesAdded: Int64
}

export interface RdbGroup {
  readonly name: string
  readonly lastId: StreamId
  /** -1 if unknown; undefined if Redis before 7.0 wrote it. */
  readonly entriesRead: Int64 | undefined
  /** In order of their ids; each belongs to one consumer. */
  readonly pending: readonly RdbPending[]
  readonly consumers: readonly RdbConsumer[]
}

export interface RdbPending extends StreamId {
  /** Unix milliseconds. */
  readonly deliveredMs: number
  readonly deliveries: Int64
}

export interface RdbConsumer {
  readonly name: string
  /** Unix milliseconds. */
  readonly seenMs: number
  readonly pending: readonly StreamId[]
}

const STREAM_LISTPACKS = 15
const STREAM_LISTPACKS_2 = 19
const STREAM_LISTPACKS_3 = 21

const LENGTH_64 = 0x81
const TWO_32 = 0x1_0000_0000

function writeId(out: RdbOutput, {ms, seq}: StreamId): void {
  out.longLength(ms)
  out.longLength(seq)
}

/** Nodes, what stands between nodes and groups, groups. */
function partCount({groups, nodes}: RdbStream): number {
  return nodes.length + 1 + groups.length
}

function encode(stream: RdbStream, out: RdbOutput, from: number, to: number): void {
  const {groups, nodes} = stream
  if (from === 0) out.length(nodes.length)
  for (let i = from; i < to; i++) {
    const node = nodes[i]
    if (node !== undefined) {
      out.string(idBytes(node))
      out.string(encodeNode(node))
    } else if (i === nodes.length) {
      writeFacts(stream, out)
    } else {
      writeGroup(groups[i - nodes.length - 1]!, out)
    }
  }
}

function writeFacts({counters, groups, lastId, length}: RdbStream, out: RdbOutput): void {
  if (counters === undefined) throw new Error('a stream is written with its counters')
  out.length(length)
  writeId(out, lastId)
  writeId(out, counters.firstId)
  writeId(out, counters.maxDeletedId)
  out.longLength(counters.entriesAdded)
  out.length(groups.length)
}

function writeGroup({consumers, entriesRead = -1, lastId, name, pending}: RdbGroup, out: RdbOutput): void {
  out.string(name)
  writeId(out, lastId)
  out.longLength(asUint64(entriesRead))
  out.length(pending.length)
  for (const one of pending) {
    out.raw(idBytes(one))
    out.int64LE(one.deliveredMs)
    out.longLength(one.deliveries)
  }
  out.length(consumers.length)
  for (const consumer of consumers) {
    out.string(consumer.name)
    out.int64LE(consumer.seenMs)
    out.length(consumer.pending.length)
    for (const id of consumer.pending) out.raw(idBytes(id))
  }
}

/** A length that may use all of its 64 bits. */
function readUint64(reader: RdbReader): Int64 {
  reader.need(1)
  if (reader.source[reader.offset] !== LENGTH_64) return reader.length()
  reader.byte()
  const high = reader.uintBE(4)
  return uint64Of(high, reader.uintBE(4))
}

function readId(reader: RdbReader): StreamId {
  const ms = readUint64(reader)
  return {ms, seq: readUint64(reader)}
}

function readRawId(reader: RdbReader): StreamId {
  return idOfBytes(reader.bytes(ID_BYTES))
}

function readMs(reader: RdbReader): number {
  const low = reader.uintLE(4)
  return (reader.uintLE(4) | 0) * TWO_32 + low
}

function reading(type: number): (reader: RdbReader) => RdbStream {
  return (reader) => {
    const nodes = readNodes(reader)
    const length = reader.length()
    const live = nodes.reduce((sum, node) => sum + node.live, 0)
    if (length !== live) throw new RdbError(`a stream of ${live} entries says ${length}`)
    const lastId = readId(reader)
    // The next entry would get an id that is there already, or one before it.
    const lastLiveId = nodes.findLast((node) => node.live > 0)?.lastLiveId ?? ID_MIN
    if (compareIds(lastLiveId, lastId) > 0) throw new RdbError('a stream with entries behind its last')
    const counters = type === STREAM_LISTPACKS ? undefined : readCounters(reader)
    const groups: RdbGroup[] = []
    const names = new Set<string>()
    for (let left = reader.length(); left > 0; left--) {
      const group = readGroup(reader, type)
      if (names.has(group.name)) throw new RdbError('two groups of one name')
      names.add(group.name)
      groups.push(group)
    }
    return {counters, groups, lastId, length, nodes, type: 'stream'}
  }
}

function readNodes(reader: RdbReader): DecodedNode[] {
  const nodes: DecodedNode[] = []
  let before: StreamId | undefined
  for (let left = reader.length(); left > 0; left--) {
    const key = readString(reader)
    if (key.length !== ID_BYTES) throw new RdbError(`a stream node with a key of ${key.length} bytes`)
    const node = decodeNode(idOfBytes(key), readString(reader))
    if (before !== undefined && compareIds(before, node) >= 0) throw new RdbError('stream nodes out of order')
    before = node.lastLiveId ?? node
    nodes.push(node)
  }
  return nodes
}

function readCounters(reader: RdbReader): RdbStreamCounters {
  const firstId = readId(reader)
  const maxDeletedId = readId(reader)
  return {entriesAdded: readUint64(reader), firstId, maxDeletedId}
}

function readGroup(reader: RdbReader, type: number): RdbGroup {
  const name = readString(reader)
  const lastId = readId(reader)
  const entriesRead = type === STREAM_LISTPACKS ? undefined : asInt64(readUint64(reader))
  const pending: RdbPending[] = []
  /** Keys of those that no consumer has claimed yet. */
  const unclaimed = new Set<string>()
  for (let left = reader.length(); left > 0; left--) {
    const id = readRawId(reader)
    const deliveredMs = readMs(reader)
    pending.push({deliveredMs, deliveries: readUint64(reader), ms: id.ms, seq: id.seq})
    unclaimed.add(idBytes(id))
  }
  if (unclaimed.size !== pending.length) throw new RdbError('an entry is pending twice')
  const consumers: RdbConsumer[] = []
  const names = new Set<string>()
  for (let left = reader.length(); left > 0; left--) {
    const consumer = readConsumer(reader, type, unclaimed)
    if (names.has(consumer.name)) throw new RdbError('two consumers of one name')
    names.add(consumer.name)
    consumers.push(consumer)
  }
  if (unclaimed.size !== 0) throw new RdbError('an entry is pending for nobody')
  return {consumers, entriesRead, lastId, name, pending}
}

function readConsumer(reader: RdbReader, type: number, unclaimed: Set<string>): RdbConsumer {
  const name = readString(reader)
  const seenMs = readMs(reader)
  // When it last got something: 7.0 does not keep it.
  if (type === STREAM_LISTPACKS_3) readMs(reader)
  const pending: StreamId[] = []
  for (let left = reader.length(); left > 0; left--) {
    const id = readRawId(reader)
    if (!unclaimed.delete(idBytes(id))) throw new RdbError('a consumer with an entry that is not pending')
    pending.push(id)
  }
  return {name, pending, seenMs}
}

export const streamCodec: RdbCodec<RdbStream> = {
  encode,
  partCount,
  readers: new Map([STREAM_LISTPACKS, STREAM_LISTPACKS_2, STREAM_LISTPACKS_3].map((type) => [type, reading(type)])),
  typeByte: () => STREAM_LISTPACKS_2,
}
