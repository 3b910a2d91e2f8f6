import {ReplyError} from '../../reply-error.js'
import {REGISTER_COUNT} from './element-hash.js'

/**
 * A HyperLogLog is a string, the same bytes as redis-server's:
 *
 *   | "HYLL" | encoding u8 | 3 unused | cached cardinality u64 LE, its highest bit set = not valid | registers |
 *
 * Dense: 16384 registers of 6 bits, the first in the lowest bits. Sparse: runs, see sparse.ts.
 */
export const HEADER_BYTES = 16
export const DENSE = 0
export const SPARSE = 1
export const DENSE_BYTES = HEADER_BYTES + (REGISTER_COUNT * 6) / 8

const MAGIC = 'HYLL'
export const ENCODING_AT = 4
const CACHE_AT = 8
const CACHE_END = 16

const INVALID_OBJECT = 'INVALIDOBJ Corrupted HLL object detected'

/** Without elements: one run of zeros over all registers. */
export const EMPTY = `${MAGIC}\x01\0\0\0${'\0'.repeat(8)}\x7f\xff`

export function invalidObject(): ReplyError {
  return new ReplyError(INVALID_OBJECT)
}

export function encodingOf(bytes: Uint8Array): number {
  return bytes[ENCODING_AT]!
}

/** @throws ReplyError if the string cannot be one */
export function requireHyperLogLog(bytes: Uint8Array, length: number): void {
  const isOne =
    length >= HEADER_BYTES &&
    bytes[0] === 0x48 &&
    bytes[1] === 0x59 &&
    bytes[2] === 0x4c &&
    bytes[3] === 0x4c &&
    encodingOf(bytes) <= SPARSE &&
    (encodingOf(bytes) !== DENSE || length === DENSE_BYTES)
  if (!isOne) throw new ReplyError('WRONGTYPE Key is not a valid HyperLogLog string value.')
}

/** Undefined if elements were added since it was counted. */
export function cachedCount(bytes: Uint8Array): bigint | undefined {
  if ((bytes[CACHE_END - 1]! & 0x80) !== 0) return undefined
  let count = 0n
  for (let i = CACHE_END - 1; i >= CACHE_AT; i--) count = count * 256n + BigInt(bytes[i]!)
  return count
}

export function cacheCount(bytes: Uint8Array, count: number): void {
  let rest = count
  for (let i = CACHE_AT; i < CACHE_END; i++) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

export function invalidateCount(bytes: Uint8Array): void {
  bytes[CACHE_END - 1]! |= 0x80
}
