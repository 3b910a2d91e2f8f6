import type {Value} from './value.js'

/** What one key has besides its name. */
export class Entry {
  value: Value
  /** Second of the last access, as `KeyspaceState.lruClock` counted then. */
  lru: number
  /**
   * Rises with every key that is added to the store and never changes while the key exists. A store's Map iterates in
   * this order, so "the keys from `seq` on" is a position that survives any change: SCAN's guarantee rests on it.
   */
  readonly seq: number

  constructor(value: Value, lru: number, seq: number) {
    this.value = value
    this.lru = lru
    this.seq = seq
  }
}

/** The keys of one slot, or of one shard outside cluster mode. */
export class Store {
  readonly entries = new Map<string, Entry>()
  /** Deadlines in unix milliseconds of those keys that have one; undefined until the first. */
  expires: Map<string, number> | undefined = undefined
  /** The next entry's `seq`; from 1, so that SCAN's cursor 0 stays free. */
  nextSeq = 1
}
