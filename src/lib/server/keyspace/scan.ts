import type {Database} from './database.js'

export interface ScanPage {
  /** 0 = all was seen. */
  readonly cursor: number
  /** Some of them may have run out; a page may be empty before the end. */
  readonly keys: readonly string[]
}

/**
 * SCAN: a key that is there from the first page to the last is shown, whatever else changes; twice at most if a key that
 * was not yet shown is deleted meanwhile, and the last one, which was, comes into its place.
 *
 * A cursor is how many places, from the lowest, are still to be shown. It needs no memory here and may come from any
 * connection, even again.
 *
 * @param cursor - 0 to begin, else what the page before said
 * @param count - how many keys to look at
 */
export function scanPage({hidden, store}: Database, cursor: number, count: number): ScanPage {
  const end = cursor === 0 ? store.size : Math.min(cursor, store.size)
  const first = Math.max(0, end - count)
  const keys: string[] = []
  for (let place = end - 1; place >= first; place--) {
    const key = store.keyAt(place)
    if (hidden === undefined || !hidden.hasKey(key)) keys.push(key)
  }
  return {cursor: first, keys}
}
