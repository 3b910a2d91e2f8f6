import {StringBytes} from './string-bytes.js'
import type {Value} from './value.js'

/** The types that clients wait for: BLPOP, BZPOPMIN, XREAD BLOCK. */
export type AwaitedType = 'list' | 'stream' | 'zset'

/** What one key has besides its name. */
export class Entry {
  /** The value, or the bytes of a string that is changed in place. */
  held: Value | StringBytes
  /** Second of the last access, as `KeyspaceState.lruClock` counted then. */
  lru: number
  /**
   * Rises with every key that is added to the store and never changes while the key exists. A store's Map iterates in
   * this order, so "the keys from `seq` on" is a position that survives any change: SCAN's guarantee rests on it.
   */
  readonly seq: number

  constructor(value: Value, lru: number, seq: number) {
    this.held = value
    this.lru = lru
    this.seq = seq
  }

  get value(): Value {
    const {held} = this
    if (typeof held === 'string' || !(held instanceof StringBytes)) return held
    const text = held.text()
    this.held = text
    return text
  }

  set value(value: Value) {
    this.held = value
  }

  /** What clients that wait for such a value wait for; undefined if nobody can. */
  get awaitedAs(): AwaitedType | undefined {
    const {held} = this
    if (typeof held === 'string' || held instanceof StringBytes) return undefined
    return held.type === 'list' || held.type === 'zset' || held.type === 'stream' ? held.type : undefined
  }
}

/** The keys of one slot, or of one shard outside cluster mode. */
export class Store {
  readonly entries = new Map<string, Entry>()
  /** Deadlines in unix milliseconds of those keys that have one; undefined until the first. */
  expires: Map<string, number> | undefined = undefined
  /** What keys and values take, about; -1 = not counted, as memory is not limited. */
  bytes = -1
  /** The next entry's `seq`; from 1, so that SCAN's cursor 0 stays free. */
  nextSeq = 1
}
