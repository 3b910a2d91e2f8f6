import type {Database} from './database.js'
import type {Entry, Store} from './store.js'

export interface ScanPage {
  /** 0 = all was seen. */
  readonly cursor: number
  /** Some of them may have run out; a page may be empty before the end. */
  readonly keys: readonly string[]
}

type Pair = [string, Entry]
type Walk = Iterator<Pair>

interface Position {
  readonly store: Store
  readonly walk: Walk
  /** What `walk` yielded last and no page has shown. */
  readonly ahead: Pair
  readonly savedMs: number
}

/** The low digits of a cursor are the store's index: the slot in cluster mode. */
const STORES_MAX = 16384
/** Below this, finding the place again by walking costs no more than remembering it. */
const REMEMBERED_STORE_SIZE_MIN = 512
const POSITIONS_MAX = 32
const IDLE_MS_MAX = 30_000

/**
 * SCAN: a key that is there from the first page to the last is shown exactly once, whatever else changes.
 *
 * A store's Map iterates by ascending `Entry.seq`, which never changes while a key exists; so a cursor is the `seq` of the
 * next key to show, and its store. It needs no state here and may come from any connection, even twice. To find the place
 * in a big Map without walking it, the iterators of the latest pages are kept, by cursor: losing one costs time only.
 */
export class ScanCursors {
  private readonly positions = new Map<number, Position>()

  scan(db: Database, cursor: number, count: number): ScanPage {
    const keys: string[] = []
    let left = count
    let slot = cursor % STORES_MAX
    let seq = Math.floor(cursor / STORES_MAX)
    for (; slot < db.stores.length; slot++, seq = 0) {
      const store = db.stores[slot]
      if (store === undefined) continue
      const {ahead, walk} = this.find(store, seq, cursor)
      let pair = ahead
      while (pair !== undefined) {
        if (left-- <= 0) return {cursor: this.remember(db, slot, store, walk, pair), keys}
        const [key, entry] = pair
        if (store.entries.get(key) === entry) keys.push(key)
        pair = nextOf(walk)
      }
    }
    return {cursor: 0, keys}
  }

  dropIdle(nowMs: number): void {
    for (const [cursor, {savedMs}] of this.positions) if (savedMs + IDLE_MS_MAX < nowMs) this.positions.delete(cursor)
  }

  /** The first entry from `seq` on, and the walk that goes on behind it. */
  private find(store: Store, seq: number, cursor: number): {ahead: Pair | undefined; walk: Walk} {
    const position = this.positions.get(cursor)
    if (seq !== 0 && position?.store === store) {
      this.positions.delete(cursor)
      return position
    }
    const walk = store.entries.entries()
    let ahead = nextOf(walk)
    while (ahead !== undefined && ahead[1].seq < seq) ahead = nextOf(walk)
    return {ahead, walk}
  }

  private remember(db: Database, slot: number, store: Store, walk: Walk, ahead: Pair): number {
    const {seq} = ahead[1]
    const cursor = seq * STORES_MAX + slot
    if (store.entries.size < REMEMBERED_STORE_SIZE_MIN) return cursor
    this.positions.delete(cursor)
    this.positions.set(cursor, {ahead, savedMs: db.state.nowMs, store, walk})
    if (this.positions.size > POSITIONS_MAX) this.positions.delete(this.positions.keys().next().value!)
    return cursor
  }
}

function nextOf(walk: Walk): Pair | undefined {
  const next = walk.next()
  return next.done ? undefined : next.value
}
