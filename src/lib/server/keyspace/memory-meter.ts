import type {Database} from './database.js'
import type {Store} from './store.js'
import {StringBytes} from './string-bytes.js'
import type {ObjectValue, Value} from './value.js'

/** What a key costs besides its own bytes and its value's: entry, its share of the Map, string headers. Measured on V8. */
const KEY_BYTES = 96
/** Of a string, and the mean of rounding up to eight bytes. */
const STRING_BYTES = 20
/** A deadline in a store's second Map. */
export const DEADLINE_BYTES = 40

/** `Store.bytes` of one that has not had its turn, and of one that is no longer part of a database. */
const UNCOUNTED = -1
const DROPPED = -2

const CHANGING_MAX = 256

/** Rough bytes of a value alone. */
export function sizeOfValue(value: Value | StringBytes): number {
  return typeof value === 'string' || value instanceof StringBytes ? STRING_BYTES + value.length : value.sizeBytes()
}

/** Rough bytes of a key with its value, as MEMORY USAGE answers. */
export function sizeOfKey(key: string, value: Value | StringBytes): number {
  return KEY_BYTES + key.length + sizeOfValue(value)
}

/**
 * What the data take, kept current while maxmemory is set: the heap's own figure includes garbage, so that evicting by it
 * would delete far too much, or never come to an end.
 *
 * Strings are counted as they come and go. Objects change in place: one that a command may change (`willChange`) is
 * measured before, and once more when somebody asks for the total. Sums are per store, because stores are dropped whole,
 * and because data that were there first are counted store by store; a store with -1 has not had its turn.
 */
export class MemoryMeter {
  private counted = 0
  private readonly changing: ObjectValue[] = []
  private readonly sizesBefore: number[] = []
  private readonly storesOfChanging: Store[] = []
  /** Data there were before the meter: what is left to count. */
  private uncounted: Store[] = []

  constructor(databases: readonly Database[]) {
    for (const db of databases) {
      for (const store of db.stores) {
        if (store === undefined) continue
        store.bytes = UNCOUNTED
        this.uncounted.push(store)
      }
    }
  }

  /** Bytes of all data counted so far. */
  total(): number {
    if (this.changing.length > 0) this.settle()
    return this.counted
  }

  get isComplete(): boolean {
    return this.uncounted.length === 0
  }

  /** Counts data that were there first, a store of them at least. */
  countSome(keyLimit: number): void {
    let left = keyLimit
    while (left > 0) {
      const store = this.uncounted.pop()
      if (store === undefined) return
      if (store.bytes !== UNCOUNTED) continue
      let bytes = (store.expires?.size ?? 0) * DEADLINE_BYTES
      for (const [key, {held}] of store.entries) bytes += sizeOfKey(key, held)
      this.counted += bytes
      store.bytes = bytes
      left -= store.entries.size + 1
    }
  }

  private add(store: Store, bytes: number): void {
    if (store.bytes < 0) return
    store.bytes += bytes
    this.counted += bytes
  }

  added(store: Store, key: string, value: Value): void {
    if (store.bytes < 0) return
    this.add(store, sizeOfKey(key, value))
    if (typeof value !== 'string') this.willChange(store, value)
  }

  replaced(store: Store, before: Value | StringBytes, value: Value): void {
    if (store.bytes < 0) return
    this.add(store, sizeOfValue(value) - sizeOfValue(before))
    if (typeof value !== 'string') this.willChange(store, value)
  }

  removed(store: Store, key: string, value: Value | StringBytes): void {
    if (store.bytes < 0) return
    // What it grew by since it was measured counts before it goes.
    this.settle()
    this.add(store, -sizeOfKey(key, value))
  }

  /** A string is longer by so much, or a deadline came or went. */
  grew(store: Store, bytes: number): void {
    this.add(store, bytes)
  }

  /** Whole stores are gone. */
  dropped(stores: readonly (Store | undefined)[]): void {
    this.settle()
    for (const store of stores) {
      if (store === undefined) continue
      if (store.bytes > 0) this.counted -= store.bytes
      store.bytes = DROPPED
    }
  }

  /** An object may be changed from now on. */
  willChange(store: Store, value: ObjectValue): void {
    if (store.bytes < 0 || this.changing.includes(value)) return
    // A transaction of many commands; no single command has as many under way.
    if (this.changing.length >= CHANGING_MAX) this.settle()
    this.changing.push(value)
    this.sizesBefore.push(value.sizeBytes())
    this.storesOfChanging.push(store)
  }

  private settle(): void {
    const {changing, sizesBefore, storesOfChanging} = this
    for (let i = 0; i < changing.length; i++) this.add(storesOfChanging[i]!, changing[i]!.sizeBytes() - sizesBefore[i]!)
    changing.length = 0
    sizesBefore.length = 0
    storesOfChanging.length = 0
  }
}
