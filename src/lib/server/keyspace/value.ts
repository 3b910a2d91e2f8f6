import type {RdbObject} from '../../protocol/rdb/value.js'

/**
 * What a key holds. A Redis string IS a binary (latin1) JavaScript string; every other type is an object that names
 * its type, so that `typeof value === 'string'` is the hot path's type check.
 */
export type Value = string | ObjectValue

export type ObjectType = 'list' | 'set' | 'zset' | 'hash' | 'stream'

export interface ObjectValue {
  readonly type: ObjectType
  /** As OBJECT ENCODING answers. */
  encoding(): string
  /** An independent deep copy, for COPY. */
  copy(): ObjectValue
  /** Rough bytes, for MEMORY USAGE and eviction. */
  sizeBytes(): number
  /** For DUMP, MIGRATE and snapshots. */
  toRdb(): RdbObject
  /** What DEBUG OBJECT shows besides what it shows of all values. */
  debugFields?(): string
  /** What DEBUG DIGEST takes of it, in Redis's order. */
  addToDigest(digest: ValueDigest): void
}

/** What DEBUG DIGEST adds up. */
export interface ValueDigest {
  /** The order of several does not matter. */
  xor(text: string): void
  /** The order matters. */
  mix(text: string): void
  /** `xor` of a digest into which the parts were mixed in turn. */
  xorMixed(...parts: readonly string[]): void
}

/** As TYPE answers. */
export function typeOf(value: Value): 'string' | ObjectType {
  return typeof value === 'string' ? 'string' : value.type
}

/** Redis keeps strings up to this many bytes in one allocation with their header. */
const EMBSTR_BYTES_MAX = 44

const INT64_TEXT = /^(?:0|-?[1-9]\d{0,18})$/

/** Is it what Redis keeps as a 64-bit integer: canonical decimal within the range? */
export function isInt64Text(text: string): boolean {
  const {length} = text
  if (length === 0 || length > 20 || !INT64_TEXT.test(text)) return false
  if (length <= 15) return true
  const exact = BigInt(text)
  return BigInt.asIntN(64, exact) === exact
}

/** As OBJECT ENCODING answers. */
export function encodingOf(value: Value): string {
  if (typeof value !== 'string') return value.encoding()
  if (isInt64Text(value)) return 'int'
  return value.length <= EMBSTR_BYTES_MAX ? 'embstr' : 'raw'
}
