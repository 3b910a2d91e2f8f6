import {type Int64, plus} from '../../../kernel/uint64.js'
import type {RdbStream} from '../../../protocol/rdb/stream.js'
import {compareIds, formatId, ID_MAX, ID_MIN, idAfter, type StreamId} from '../../../protocol/stream-id.js'
import type {ObjectValue, ValueDigest} from '../../keyspace/value.js'
import type {EntryCursor} from './entry-cursor.js'
import type {Group} from './group.js'
import {StreamNode} from './node.js'
import {radixNodes} from './radix.js'
import {RangeCursor} from './range-cursor.js'
import {StreamNodes} from './stream-nodes.js'
import {streamToRdb} from './to-rdb.js'

/** When a node is full; 0 = no limit. */
export interface NodeLimits {
  readonly streamNodeMaxBytes: number
  readonly streamNodeMaxEntries: number
}

/** A listpack must not grow beyond this, whatever the settings say. */
export const NODE_BYTES_MAX = 1024 * 1024 * 1024

/** What objects and their fields take, about; measured on V8. */
const GROUP_OVERHEAD_BYTES = 300
const PENDING_BYTES = 120

/** A log of entries in the order of their ids, and the groups that read it. */
export class Stream implements ObjectValue {
  readonly type = 'stream'
  readonly nodes = new StreamNodes()
  readonly groups = new Map<string, Group>()
  /** Entries that are there. */
  length = 0
  /** The greatest id ever added, or what XSETID said. */
  lastId: StreamId = ID_MIN
  /** Of the first entry that is there; zero if there is none. */
  firstId: StreamId = ID_MIN
  /** The greatest id that XDEL took away. */
  maxDeletedId: StreamId = ID_MIN
  /** Entries ever added. */
  entriesAdded: Int64 = 0

  /** What XINFO tells of redis-server's radix tree, and the state of `nodes` it was computed for. */
  private radix = {changes: -1, nodes: 0}

  encoding(): string {
    return 'stream'
  }

  /** The id that XADD's `*` stands for. @returns undefined if there is none left */
  nextId(nowMs: number): StreamId | undefined {
    return this.lastId.ms < nowMs ? {ms: nowMs, seq: 0} : idAfter(this.lastId)
  }

  /** @param argv - field, value, ... from `first` on @param id - greater than `lastId` */
  append(id: StreamId, argv: readonly string[], first: number, limits: NodeLimits): void {
    let node = this.nodes.last()
    // Trimming leaves a node of deleted entries if the last of them was deleted before; XSETID may then go back behind it.
    while (node !== undefined && node.live === 0 && compareIds(id, node) <= 0) {
      this.nodes.delete(node)
      node = this.nodes.last()
    }
    if (node === undefined || isFull(node, argv, first, limits)) {
      node?.seal()
      const fields: string[] = []
      for (let i = first; i < argv.length; i += 2) fields.push(argv[i]!)
      node = StreamNode.empty(id, fields, node)
      this.nodes.insert(node)
    }
    node.append(id, argv, first)
    this.entriesAdded = plus(this.entriesAdded, 1)
    this.lastId = id
    if (this.length++ === 0) this.firstId = id
  }

  range(start: StreamId = ID_MIN, end: StreamId = ID_MAX, isReverse = false): RangeCursor {
    return new RangeCursor(this.nodes, start, end, isReverse)
  }

  /** The entry of this id, if it is there. */
  find(id: StreamId): EntryCursor | undefined {
    return this.range(id, id).next()
  }

  hasAfter(id: StreamId): boolean {
    if (this.length === 0 || compareIds(this.lastId, id) <= 0) return false
    const start = idAfter(id)
    return start !== undefined && this.range(start).next() !== undefined
  }

  /** The greatest id that is there. */
  lastLiveId(): StreamId {
    const entry = this.range(ID_MIN, ID_MAX, true).next()
    return entry === undefined ? ID_MIN : {ms: entry.ms, seq: entry.seq}
  }

  /** After the first entry went. */
  renewFirstId(): void {
    const entry = this.length === 0 ? undefined : this.range().next()
    this.firstId = entry === undefined ? ID_MIN : {ms: entry.ms, seq: entry.seq}
  }

  /** XDEL's part: the caller renews `firstId` after the last. @returns whether it was there */
  delete(id: StreamId): boolean {
    const entry = this.find(id)
    if (entry === undefined) return false
    const {node} = entry
    if (node.live === 1) this.nodes.delete(node)
    else node.delete(entry.at)
    this.length--
    if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id
    return true
  }

  radixNodes(): number {
    const {changes} = this.nodes
    if (this.radix.changes !== changes) this.radix = {changes, nodes: radixNodes(this.nodes.values())}
    return this.radix.nodes
  }

  copy(): Stream {
    const copy = new Stream()
    for (const node of this.nodes.values()) copy.nodes.insert(node.copy())
    for (const group of this.groups.values()) copy.groups.set(group.name, group.copy())
    copy.length = this.length
    copy.lastId = this.lastId
    copy.firstId = this.firstId
    copy.maxDeletedId = this.maxDeletedId
    copy.entriesAdded = this.entriesAdded
    return copy
  }

  sizeBytes(): number {
    let bytes = this.nodes.sizeBytes
    for (const {consumers, pending} of this.groups.values()) {
      bytes += GROUP_OVERHEAD_BYTES * (1 + consumers.size) + PENDING_BYTES * pending.size
    }
    return bytes
  }

  toRdb(): RdbStream {
    return streamToRdb(this)
  }

  addToDigest(digest: ValueDigest): void {
    const cursor = this.range()
    for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
      digest.mix(formatId(entry).replace('-', '.'))
      entry.visitFields((field, value) => {
        digest.mix(field)
        digest.mix(value)
      })
    }
  }
}

export function isFull(node: StreamNode, argv: readonly string[], first: number, limits: NodeLimits): boolean {
  const {streamNodeMaxBytes, streamNodeMaxEntries} = limits
  if (streamNodeMaxEntries !== 0 && node.live + node.deleted >= streamNodeMaxEntries) return true
  const bytesMax = streamNodeMaxBytes === 0 ? NODE_BYTES_MAX : Math.min(streamNodeMaxBytes, NODE_BYTES_MAX)
  return node.bytes + addedBytes(argv, first) >= bytesMax
}

/** As redis-server counts an entry: names and values alone. */
export function addedBytes(argv: readonly string[], first: number): number {
  let bytes = 0
  for (let i = first; i < argv.length; i++) bytes += argv[i]!.length
  return bytes
}
