import {asUint64, type Int64, normalInt64, UINT64_MAX} from '../../../kernel/uint64.js'
import {ID_MAX, ID_MIN, idAfter, idBefore, type StreamId} from '../../../protocol/stream-id.js'
import {parseInt64} from '../../arguments.js'
import {ReplyError} from '../../reply-error.js'

/** Reading ids from arguments as redis-server does, its generosity with odd numbers included. */

const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument'

const ID_BYTES_MAX = 127

/** What C's strtoull takes. */
const LOOSE = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/

/** An unsigned 64-bit integer: decimal, or whatever strtoull makes one of. */
function parseUint64(text: string): Int64 | undefined {
  const exact = parseInt64(text)
  if (exact !== undefined) return exact < 0 ? undefined : exact
  const match = LOOSE.exec(text)
  if (match === null) return undefined
  const value = BigInt(match[2]!)
  if (value > BigInt(UINT64_MAX)) return undefined
  return asUint64(normalInt64(match[1] === '-' ? -value : value))
}

/** As XADD takes it: without `seq` where the stream is to choose. */
export interface GivenId {
  readonly ms: Int64
  readonly seq: Int64 | undefined
}

/** `ms-seq`, `ms-*`, or `ms` alone, which means seq 0. @throws ReplyError */
export function requireGivenId(text: string): GivenId {
  const line = cText(text)
  const dash = line.indexOf('-')
  if (dash < 0 || line.slice(dash) !== '-*') return requireId(text)
  const ms = parseUint64(line.slice(0, dash))
  if (ms === undefined || text.length > ID_BYTES_MAX) throw new ReplyError(INVALID_ID)
  return {ms, seq: undefined}
}

/** A C string ends at its first NUL. */
function cText(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** `ms-seq`, or `ms` alone. @returns undefined if it is no id */
export function parseId(text: string, missingSeq: Int64 = 0): StreamId | undefined {
  if (text.length > ID_BYTES_MAX) return undefined
  const line = cText(text)
  const dash = line.indexOf('-')
  const ms = parseUint64(dash < 0 ? line : line.slice(0, dash))
  const seq = dash < 0 ? missingSeq : parseUint64(line.slice(dash + 1))
  return ms === undefined || seq === undefined ? undefined : {ms, seq}
}

/** @throws ReplyError */
export function requireId(text: string): StreamId {
  const id = parseId(text)
  if (id === undefined) throw new ReplyError(INVALID_ID)
  return id
}

/** An id, or `-` or `+` for the least and the greatest. @throws ReplyError */
export function requireEdge(text: string, missingSeq: Int64): StreamId {
  const line = cText(text)
  if (line === '-') return ID_MIN
  if (line === '+') return ID_MAX
  const id = parseId(text, missingSeq)
  if (id === undefined) throw new ReplyError(INVALID_ID)
  return id
}

/** The first id of an interval; `(` excludes. @throws ReplyError */
export function requireStart(text: string): StreamId {
  if (!isExclusive(text)) return requireEdge(text, 0)
  const start = idAfter(requireId(text.slice(1)))
  if (start === undefined) throw new ReplyError('ERR invalid start ID for the interval')
  return start
}

/** The last id of an interval; `(` excludes. @throws ReplyError */
export function requireEnd(text: string): StreamId {
  if (!isExclusive(text)) return requireEdge(text, UINT64_MAX)
  const id = parseId(text.slice(1), UINT64_MAX)
  if (id === undefined) throw new ReplyError(INVALID_ID)
  const end = idBefore(id)
  if (end === undefined) throw new ReplyError('ERR invalid end ID for the interval')
  return end
}

function isExclusive(text: string): boolean {
  return text.length > 1 && text.charCodeAt(0) === 0x28
}
