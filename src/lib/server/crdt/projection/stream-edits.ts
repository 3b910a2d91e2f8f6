import {compareIds, formatId, type StreamId} from '../../../protocol/stream-id.js'
import {parseId} from '../../commands/stream/ids.js'
import {ENTRIES_READ_UNKNOWN, Group} from '../../values/stream/group.js'
import {insertEntry} from '../../values/stream/insert.js'
import type {NodeLimits, Stream} from '../../values/stream/stream.js'
import type {Edit, VisibleKey} from '../core/api.js'

/** Brings entries and groups of a stream to what is shown of them; consumers and what they hold are this region's own. */

export function editStream(stream: Stream, shown: VisibleKey, edit: Edit, limits: NodeLimits): void {
  if (edit.kind === 'entries') editEntries(stream, shown, edit.ids, limits)
  else if (edit.kind === 'groups') editGroups(stream, shown, new Set(edit.names))
}

/** All of it. */
export function showStream(stream: Stream, shown: VisibleKey, limits: NodeLimits): void {
  const ids = new Set(shown.entryIds())
  const cursor = stream.range()
  for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) ids.add(formatId(entry))
  editEntries(stream, shown, ids, limits)
  const names = new Set(stream.groups.keys())
  for (const {name} of shown.groups()) names.add(name)
  editGroups(stream, shown, names)
}

function editEntries(stream: Stream, shown: VisibleKey, ids: Iterable<string>, limits: NodeLimits): void {
  let isDeleted = false
  for (const text of ids) {
    const id = parseId(text)!
    const fields = shown.entry(text)
    if (fields === undefined) {
      if (stream.delete(id)) isDeleted = true
      continue
    }
    const isLate = compareIds(id, stream.lastId) < 0
    // Two regions may have given the same id; a key made anew may have an entry of one that it had.
    if (!holds(stream, id, fields)) stream.delete(id)
    if (insertEntry(stream, id, fields, limits) && isLate) noteLate(stream, id)
  }
  if (isDeleted) stream.renewFirstId()
}

/** Is there just this entry? */
function holds(stream: Stream, id: StreamId, fields: readonly string[]): boolean {
  const entry = stream.find(id)
  if (entry === undefined || entry.fieldCount * 2 !== fields.length) return false
  let at = 0
  let isSame = true
  entry.visitFields((field, value) => {
    isSame &&= fields[at] === field && fields[at + 1] === value
    at += 2
  })
  return isSame
}

/** Groups that have read further get it all the same; how many entries they have read is not known any more. */
function noteLate(stream: Stream, id: StreamId): void {
  for (const group of stream.groups.values()) {
    if (compareIds(id, group.lastId) > 0) continue
    group.entriesRead = ENTRIES_READ_UNKNOWN
    group.noteLate(id)
  }
}

function editGroups(stream: Stream, shown: VisibleKey, names: ReadonlySet<string>): void {
  const known = new Map([...shown.groups()].map(({lastId, name}) => [name, parseId(lastId)!]))
  for (const name of names) {
    const lastId = known.get(name)
    if (lastId === undefined) {
      stream.groups.delete(name)
      continue
    }
    const group = stream.groups.get(name)
    if (group === undefined) {
      stream.groups.set(name, new Group(name, lastId, ENTRIES_READ_UNKNOWN))
      continue
    }
    if (compareIds(lastId, group.lastId) > 0) {
      group.lastId = lastId
      group.entriesRead = ENTRIES_READ_UNKNOWN
    }
    for (let first = group.pending.first(); first !== undefined; first = group.pending.first()) {
      if (compareIds(first, lastId) > 0) break
      group.acknowledge(first)
    }
  }
}
