import {highHalf, type Int64, lowHalf, plus, UINT64_MAX, uint64Of} from '../kernel/uint64.js'

/** The id of an entry in a stream: two unsigned 64-bit integers, ordered by the first, then by the second. */
export interface StreamId {
  readonly ms: Int64
  readonly seq: Int64
}

export const ID_MIN: StreamId = {ms: 0, seq: 0}
export const ID_MAX: StreamId = {ms: UINT64_MAX, seq: UINT64_MAX}

export const ID_BYTES = 16

/** Below 0 if `a` comes first, 0 if they are equal. */
export function compareIds(a: StreamId, b: StreamId): number {
  const byMs = compareUint64(a.ms, b.ms)
  return byMs === 0 ? compareUint64(a.seq, b.seq) : byMs
}

/** Numbers and bigints are slow to compare with each other, and need not be: an unsigned bigint is always the greater. */
function compareUint64(a: Int64, b: Int64): number {
  if (typeof a === 'number') {
    if (typeof b !== 'number') return -1
    return a < b ? -1 : a > b ? 1 : 0
  }
  if (typeof b === 'number') return 1
  return a < b ? -1 : a > b ? 1 : 0
}

export function isZeroId(id: StreamId): boolean {
  return id.ms === 0 && id.seq === 0
}

export function formatId({ms, seq}: StreamId): string {
  return `${ms}-${seq}`
}

/** @returns undefined after the last */
export function idAfter({ms, seq}: StreamId): StreamId | undefined {
  if (seq !== UINT64_MAX) return {ms, seq: plus(seq, 1)}
  return ms === UINT64_MAX ? undefined : {ms: plus(ms, 1), seq: 0}
}

/** @returns undefined before the first */
export function idBefore({ms, seq}: StreamId): StreamId | undefined {
  if (seq !== 0) return {ms, seq: plus(seq, -1)}
  return ms === 0 ? undefined : {ms: plus(ms, -1), seq: UINT64_MAX}
}

const {fromCharCode} = String

function bytes32(value: number): string {
  return fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** Big-endian, so that the bytes sort as the values do. */
export function uint64Bytes(value: Int64): string {
  return bytes32(highHalf(value)) + bytes32(lowHalf(value))
}

/** Big-endian. @param text - binary, with eight bytes from `at` on */
export function uint64At(text: string, at: number): Int64 {
  return uint64Of(uint32At(text, at), uint32At(text, at + 4))
}

function uint32At(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) << 24) |
      (text.charCodeAt(at + 1) << 16) |
      (text.charCodeAt(at + 2) << 8) |
      text.charCodeAt(at + 3)) >>>
    0
  )
}

/** As nodes and pending entries are keyed: 16 bytes. */
export function idBytes({ms, seq}: StreamId): string {
  return uint64Bytes(ms) + uint64Bytes(seq)
}

/** @param bytes - 16 of them, binary */
export function idOfBytes(bytes: string): StreamId {
  return {ms: uint64At(bytes, 0), seq: uint64At(bytes, 8)}
}
