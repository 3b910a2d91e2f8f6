import {asUint64, type Int64, plus} from '../../kernel/uint64.js'
import {compareIds, type StreamId} from '../stream-id.js'
import {frameListpack, listpackEntry} from './listpack.js'
import {checkListpack, ListpackCursor} from './listpack-cursor.js'
import {RdbError} from './reader.js'

/**
 * A node of a stream: a listpack of up to some hundred entries, whose ids are differences to the node's own and whose
 * field names, as a rule, are those of its head (wire.md 3.5).
 *
 *   head     live entries, deleted ones, number of fields, field ..., 0
 *   entries  flags, ms difference, seq difference, value ..., number of elements before
 *            or flags, ..., number of fields, field, value, ..., number of elements before
 */
export interface StreamNodeParts extends StreamId {
  /** Entries that are there. */
  readonly live: number
  /** Entries that are marked as deleted. */
  readonly deleted: number
  readonly fields: readonly string[]
  /** The head from the number of fields on, encoded. */
  readonly head: string
  /** The entries, encoded. */
  readonly entries: string
  /** Elements of the whole listpack. */
  readonly elements: number
  /** Of the last entry, be it deleted. */
  readonly lastId: StreamId
}

/** A node as it was read. */
export interface DecodedNode extends StreamNodeParts {
  /** Of the last entry that is there; undefined if all are deleted. */
  readonly lastLiveId: StreamId | undefined
}

export const ENTRY_DELETED = 1
export const ENTRY_SAME_FIELDS = 2

/** Of an entry, apart from fields and values: flags, two differences. */
const ENTRY_ELEMENTS = 3

/** Encoded 0..127. */
const SMALL = Array.from({length: 128}, (_, value) => String.fromCharCode(value, 1))

/** An integer as an element of a listpack. */
export function integerEntry(value: Int64): string {
  return typeof value === 'number' && value >= 0 && value < 128 ? SMALL[value]! : listpackEntry(String(value))
}

/** Elements of an entry without the last, which tells their number. */
export function elementsOfEntry(flags: number, fieldCount: number): number {
  return ENTRY_ELEMENTS + ((flags & ENTRY_SAME_FIELDS) !== 0 ? fieldCount : 2 * fieldCount + 1)
}

export function encodeHead(fields: readonly string[]): string {
  let head = integerEntry(fields.length)
  for (const field of fields) head += listpackEntry(field)
  return head + SMALL[0]!
}

export function encodeNode({deleted, elements, entries, head, live}: StreamNodeParts): string {
  return frameListpack(integerEntry(live) + integerEntry(deleted) + head + entries, elements)
}

/** The id of an entry from its differences to the node's. */
export function idFrom(base: StreamId, msDelta: Int64, seqDelta: Int64): StreamId {
  return {ms: asUint64(plus(base.ms, msDelta)), seq: asUint64(plus(base.seq, seqDelta))}
}

/** @throws RdbError unless it is a node that redis-server could have written */
export function decodeNode(id: StreamId, listpack: string): DecodedNode {
  const {count: elements, entries: text} = checkListpack(listpack)
  const cursor = new ListpackCursor(text)
  const live = size(cursor)
  const deleted = size(cursor)
  const headAt = cursor.at
  const fields = Array.from({length: bounded(size(cursor), elements)}, () => element(cursor))
  if (size(cursor) !== 0) throw new RdbError('a stream node whose head does not end')
  const entriesAt = cursor.at
  const {lastId, lastLiveId} = checkEntries(cursor, {deleted, fields: fields.length, id, live})
  const head = text.slice(headAt, entriesAt)
  return {...id, deleted, elements, entries: text.slice(entriesAt), fields, head, lastId, lastLiveId, live}
}

interface Told {
  readonly id: StreamId
  readonly live: number
  readonly deleted: number
  readonly fields: number
}

function checkEntries(cursor: ListpackCursor, told: Told): Pick<DecodedNode, 'lastId' | 'lastLiveId'> {
  let live = 0
  let deleted = 0
  let lastLive: StreamId | undefined
  let last: StreamId | undefined
  while (cursor.at < cursor.text.length) {
    const flags = size(cursor)
    if (flags > (ENTRY_DELETED | ENTRY_SAME_FIELDS)) throw new RdbError(`a stream entry with flags ${flags}`)
    last = idFrom(told.id, integer(cursor), integer(cursor))
    const isSame = (flags & ENTRY_SAME_FIELDS) !== 0
    const fieldCount = isSame ? told.fields : bounded(size(cursor), cursor.text.length)
    for (let left = isSame ? fieldCount : 2 * fieldCount; left > 0; left--) pass(cursor)
    if (size(cursor) !== elementsOfEntry(flags, fieldCount)) throw new RdbError('a stream entry that miscounts')
    if ((flags & ENTRY_DELETED) !== 0) {
      // XSETID may go back behind a deleted entry: those may be out of order.
      deleted++
      continue
    }
    const isAfter = lastLive === undefined ? compareIds(told.id, last) <= 0 : compareIds(lastLive, last) < 0
    if (!isAfter) throw new RdbError('stream entries out of order')
    lastLive = last
    live++
  }
  if (live !== told.live || deleted !== told.deleted || last === undefined) {
    throw new RdbError(`a stream node of ${live} and ${deleted} entries says ${told.live} and ${told.deleted}`)
  }
  return {lastId: last, lastLiveId: lastLive}
}

function pass(cursor: ListpackCursor): void {
  if (cursor.at >= cursor.text.length) throw new RdbError('a stream node that ends early')
  cursor.skip()
}

function element(cursor: ListpackCursor): string {
  if (cursor.at >= cursor.text.length) throw new RdbError('a stream node that ends early')
  return cursor.string()
}

function integer(cursor: ListpackCursor): Int64 {
  const value = cursor.at < cursor.text.length ? cursor.integer() : undefined
  if (value === undefined) throw new RdbError(`no integer in a stream node at ${cursor.at}`)
  return value
}

/** An integer that counts something. */
function size(cursor: ListpackCursor): number {
  const value = integer(cursor)
  if (typeof value !== 'number' || value < 0) throw new RdbError(`a count of ${value} in a stream node`)
  return value
}

function bounded(count: number, max: number): number {
  if (count > max) throw new RdbError(`${count} fields in a stream node`)
  return count
}
