import type {Database} from './database.js'
import {SLOT_COUNT} from './stores.js'

export interface ScanPage {
  /** 0 = all was seen. */
  readonly cursor: number
  /** Live keys; a page may be empty before the end. */
  readonly keys: readonly string[]
}

/**
 * SCAN: a key that is there from the first page to the last is shown, whatever else changes; twice at most if a key that
 * was not yet shown is deleted meanwhile, and the last one, which was, comes into its place.
 *
 * A cursor is a store and how many of its places, from the lowest, are still to be shown: `places * 16384 + store`. It needs
 * no memory here and may come from any connection, even again.
 *
 * @param cursor - 0 to begin, else what the page before said
 * @param count - how many keys to look at
 */
export function scanPage(db: Database, cursor: number, count: number): ScanPage {
  const keys: string[] = []
  const {nowMs} = db.state
  let left = count
  let places = Math.floor(cursor / SLOT_COUNT)
  for (let index = cursor % SLOT_COUNT; index < db.stores.length; index++, places = 0) {
    const store = db.stores[index]
    if (store === undefined) continue
    let place = places === 0 ? store.size : Math.min(places, store.size)
    while (place > 0) {
      if (left-- <= 0) return {cursor: place * SLOT_COUNT + index, keys}
      place--
      if (store.deadlineAt(place) > nowMs) keys.push(store.keyAt(place))
    }
  }
  return {cursor: 0, keys}
}
