/** A key as DUMP gives it. */
export interface DumpedKey {
  /** Latin1 text, one character per byte, as all text on a `Wire`. `Buffer.toString('latin1')` makes it of bytes. */
  readonly key: string
  /** What DUMP answered, latin1 text too. */
  readonly payload: string
  /** Unix milliseconds; 0 or absent if the key does not expire. */
  readonly expireAtMs?: number | undefined
}

/** How writing a key ended. */
export type KeyOutcome =
  /** The cluster had no such key. */
  | 'written'
  /** The cluster had another one, and `replace` was asked for. */
  | 'replaced'
  /** The cluster has the very same key: written by an earlier run, or by a RESTORE whose answer was lost. */
  | 'equal'
  /** Its time was over; it was not written. */
  | 'expired'
  /** The cluster has a key of that name that differs, and keeps it. */
  | 'conflict'

/** A key that is on both sides and differs. */
export interface KeyConflict {
  /** As people read it: JSON text, bytes beyond ASCII escaped. */
  readonly key: string
  readonly differs: 'value' | 'expiry' | 'unknown'
  readonly sourceType: string
  readonly sourceBytes: number
  /** Unix milliseconds. */
  readonly sourceExpireAtMs?: number
  readonly targetType: string
  readonly targetBytes: number
  readonly targetExpireAtMs?: number
}

export interface WriterCounts {
  readonly written: number
  readonly replaced: number
  readonly equal: number
  readonly expired: number
  readonly conflict: number
  /** Of payloads, written or replaced. */
  readonly bytes: number
}

export function expiresAt({expireAtMs}: DumpedKey): number | undefined {
  return expireAtMs === undefined || expireAtMs <= 0 ? undefined : expireAtMs
}
