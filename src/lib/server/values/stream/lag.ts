import {asInt64, type Int64, minus, plus} from '../../../kernel/uint64.js'
import {compareIds, isZeroId, type StreamId} from '../../../protocol/stream-id.js'
import {ENTRIES_READ_UNKNOWN, type Group} from './group.js'
import type {Stream} from './stream.js'

/**
 * How many of the entries ever added come up to and with `id`, where that can be told without counting.
 *
 * @returns ENTRIES_READ_UNKNOWN where it cannot
 */
export function entriesUpTo(stream: Stream, id: StreamId): Int64 {
  const {entriesAdded, firstId, lastId, length, maxDeletedId} = stream
  if (entriesAdded === 0) return 0
  if (length === 0 && compareIds(id, lastId) < 1) return entriesAdded
  const toLast = compareIds(id, lastId)
  if (toLast === 0) return entriesAdded
  if (toLast > 0) return ENTRIES_READ_UNKNOWN
  if (isZeroId(maxDeletedId) || compareIds(maxDeletedId, firstId) < 0) {
    // Nothing is missing between the first entry and the last.
    const toFirst = compareIds(id, firstId)
    if (toFirst < 0) return minus(entriesAdded, length)
    if (toFirst === 0) return plus(minus(entriesAdded, length), 1)
  }
  return ENTRIES_READ_UNKNOWN
}

/** May an entry from `start` on have been deleted? */
function hasGapsFrom({firstId, length, maxDeletedId}: Stream, start: StreamId): boolean {
  if (length === 0 || isZeroId(maxDeletedId)) return false
  if (compareIds(firstId, maxDeletedId) > 0) return false
  return compareIds(start, maxDeletedId) <= 0
}

/** The group has got the entry `id`, which is later than all it got before. */
export function advance(stream: Stream, group: Group, id: StreamId): void {
  if (group.entriesRead !== ENTRIES_READ_UNKNOWN && !hasGapsFrom(stream, id)) {
    group.entriesRead = asInt64(plus(group.entriesRead, 1))
  } else if (stream.entriesAdded !== 0) {
    group.entriesRead = entriesUpTo(stream, id)
  }
  group.lastId = {ms: id.ms, seq: id.seq}
}

/** Entries the group has still to get; undefined if nobody knows. */
export function lagOf(stream: Stream, group: Group): Int64 | undefined {
  if (stream.entriesAdded === 0) return 0
  if (group.entriesRead !== ENTRIES_READ_UNKNOWN && !hasGapsFrom(stream, group.lastId)) {
    return asInt64(minus(stream.entriesAdded, group.entriesRead))
  }
  const read = entriesUpTo(stream, group.lastId)
  return read === ENTRIES_READ_UNKNOWN ? undefined : asInt64(minus(stream.entriesAdded, read))
}
