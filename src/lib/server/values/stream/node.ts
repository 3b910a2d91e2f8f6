import {asInt64, type Int64, minus} from '../../../kernel/uint64.js'
import {listpackEntry} from '../../../protocol/rdb/listpack.js'
import {ListpackCursor} from '../../../protocol/rdb/listpack-cursor.js'
import {
  ENTRY_DELETED,
  ENTRY_SAME_FIELDS,
  elementsOfEntry,
  encodeHead,
  integerEntry,
  type StreamNodeParts,
} from '../../../protocol/rdb/stream-node.js'
import type {StreamId} from '../../../protocol/stream-id.js'

/** Head and end byte of a listpack. */
const FRAME_BYTES = 7
/** Live, deleted, number of fields, end of the head. */
const HEAD_ELEMENTS = 4

const {fromCharCode} = String

/**
 * Some entries in one binary string, the very bytes that redis-server would hold: DUMP copies them, and the sizes at
 * which a node is full agree.
 *
 * The string of the node that entries are added to is a rope until somebody reads it.
 */
export class StreamNode implements StreamNodeParts {
  readonly ms
  readonly seq
  live
  deleted
  /** Live and deleted. */
  elements
  fields: readonly string[]
  readonly head: string
  entries: string
  lastId: StreamId
  /**
   * Entries before this offset are deleted, whatever their flags say: exact trimming goes entry by entry, and to write
   * the flag each time would copy the string each time.
   */
  trimmedTo = 0
  /** Of the nodes that it is one of. Not one of the parts that are shown and stored. */
  #sum: {sizeBytes: number} | undefined
  /**
   * The live entry that was looked for last, and where it starts: readers go on from there instead of from the first.
   * Entries never move, so it stays right.
   */
  hintAt = -1
  hintMs: Int64 = 0
  hintSeq: Int64 = 0

  constructor(parts: StreamNodeParts) {
    this.ms = parts.ms
    this.seq = parts.seq
    this.live = parts.live
    this.deleted = parts.deleted
    this.elements = parts.elements
    this.fields = parts.fields
    this.head = parts.head
    this.entries = parts.entries
    this.lastId = parts.lastId
  }

  /** A node for entries from `id` on, none in it yet. @param before - shares its names if they are the same */
  static empty(id: StreamId, fields: readonly string[], before: StreamNode | undefined): StreamNode {
    const isSame = before !== undefined && hasSameFields(before.fields, fields)
    return new StreamNode({
      deleted: 0,
      elements: HEAD_ELEMENTS + fields.length,
      entries: '',
      fields: isSame ? before.fields : fields,
      head: isSame ? before.head : encodeHead(fields),
      lastId: id,
      live: 0,
      ms: id.ms,
      seq: id.seq,
    })
  }

  /** Of what grows with the entries. */
  get textBytes(): number {
    return this.head.length + this.entries.length
  }

  /** Of the listpack. */
  get bytes(): number {
    return FRAME_BYTES + countBytes(this.live) + countBytes(this.deleted) + this.textBytes
  }

  /** @param sum - to be told from now on what this one grows by; undefined: of none */
  countIn(sum: {sizeBytes: number} | undefined): void {
    this.#sum = sum
  }

  /** @param argv - field, value, ... from `first` on @param id - after all that are in the node */
  append(id: StreamId, argv: readonly string[], first: number): void {
    const count = (argv.length - first) >>> 1
    const isSame = this.sharesFields(argv, first, count)
    const flags = isSame ? ENTRY_SAME_FIELDS : 0
    let text =
      integerEntry(flags) +
      integerEntry(asInt64(minus(id.ms, this.ms))) +
      integerEntry(asInt64(minus(id.seq, this.seq)))
    if (isSame) {
      for (let i = first + 1; i < argv.length; i += 2) text += listpackEntry(argv[i]!)
    } else {
      text += integerEntry(count)
      for (let i = first; i < argv.length; i++) text += listpackEntry(argv[i]!)
    }
    const elements = elementsOfEntry(flags, count)
    text += integerEntry(elements)
    this.entries += text
    if (this.#sum !== undefined) this.#sum.sizeBytes += text.length
    this.elements += elements + 1
    this.live++
    this.lastId = id
  }

  private sharesFields(argv: readonly string[], first: number, count: number): boolean {
    const {fields} = this
    if (count !== fields.length) return false
    for (let i = 0; i < count; i++) if (fields[i] !== argv[first + 2 * i]) return false
    return true
  }

  /** No entry will be added: makes the rope one piece in memory. */
  seal(): void {
    this.entries.charCodeAt(0)
  }

  /** Marks the live entry at this offset. */
  delete(at: number): void {
    const {entries} = this
    this.entries = entries.slice(0, at) + fromCharCode(entries.charCodeAt(at) | ENTRY_DELETED) + entries.slice(at + 1)
    this.countDeleted(1)
  }

  countDeleted(count: number): void {
    this.live -= count
    this.deleted += count
  }

  copy(): StreamNode {
    const copy = new StreamNode(this)
    copy.trimmedTo = this.trimmedTo
    return copy
  }

  /** With the flags of what was trimmed written. */
  settled(): StreamNodeParts {
    const {entries, fields, trimmedTo} = this
    const cursor = new ListpackCursor(entries)
    let text = ''
    while (cursor.at < trimmedTo) {
      const {at} = cursor
      const flags = cursor.count()
      cursor.skip()
      cursor.skip()
      const count = (flags & ENTRY_SAME_FIELDS) !== 0 ? fields.length : 2 * cursor.count()
      for (let left = count + 1; left > 0; left--) cursor.skip()
      text += fromCharCode(flags | ENTRY_DELETED) + entries.slice(at + 1, cursor.at)
    }
    if (trimmedTo > 0) this.entries = text + entries.slice(trimmedTo)
    return this
  }
}

function hasSameFields(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((field, i) => field === b[i])
}

/** Of a count as an element of a listpack. */
function countBytes(count: number): number {
  return count < 128 ? 2 : integerEntry(count).length
}
