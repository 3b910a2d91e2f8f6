import type {Database} from './database.js'
import {NEVER} from './deadlines.js'
import type {Held} from './rows.js'
import type {Store} from './store.js'
import {StringBytes} from './string-bytes.js'
import type {ObjectValue, Value} from './value.js'

/** What a key costs besides its own bytes and its value's: its row, its share of the index, string headers. Measured on V8. */
const KEY_BYTES = 56
/** Of a string, and the mean of rounding up to eight bytes. */
const STRING_BYTES = 20
/** A deadline at the key's place. */
export const DEADLINE_BYTES = 8

/** `Store.countedFrom` of one that has not had its turn. */
const UNCOUNTED = Number.POSITIVE_INFINITY

const CHANGING_MAX = 256

/** Rough bytes of a value alone. */
export function sizeOfValue(value: Held): number {
  return typeof value === 'string' || value instanceof StringBytes ? STRING_BYTES + value.length : value.sizeBytes()
}

/** Rough bytes of a key with its value, as MEMORY USAGE answers. */
export function sizeOfKey(key: string, value: Held): number {
  return KEY_BYTES + key.length + sizeOfValue(value)
}

/** What all at one place of a store takes. */
function sizeAt(store: Store, place: number): number {
  const bytes = sizeOfKey(store.keyAt(place), store.heldAt(place))
  return store.deadlineAt(place) === NEVER ? bytes : bytes + DEADLINE_BYTES
}

/**
 * What the data take, kept current while maxmemory is set: the heap's own figure includes garbage, so that evicting by it
 * would delete far too much, or never come to an end.
 *
 * Strings are counted as they come and go. Objects change in place: one that a command may change (`willChange`) is
 * measured before, and once more when somebody asks for the total. Sums are per database, for those are dropped whole.
 * Data that were there first are counted from the highest place of a store down, some at a time: what changes below
 * `Store.countedFrom` is left out, for its turn comes. Outside of that the walk needs nothing, since keys only move down.
 */
export class MemoryMeter {
  private counted = 0
  private readonly changing: ObjectValue[] = []
  private readonly sizesBefore: number[] = []
  private readonly storesOfChanging: Store[] = []
  /** Stores there were before the meter and that are not all counted. */
  private uncounted: Store[] = []

  constructor(databases: readonly Database[]) {
    for (const db of databases) {
      db.store.bytes = 0
      db.store.countedFrom = UNCOUNTED
      this.uncounted.push(db.store)
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

  /** Counts data that were there first. */
  countSome(keyLimit: number): void {
    let left = keyLimit
    this.settle()
    while (left > 0) {
      const store = this.uncounted[this.uncounted.length - 1]
      if (store === undefined) return
      const end = Math.min(store.countedFrom, store.size)
      const first = Math.max(0, end - left)
      let bytes = 0
      for (let place = first; place < end; place++) bytes += sizeAt(store, place)
      this.add(store, bytes)
      store.countedFrom = first
      if (first === 0) this.uncounted.pop()
      left -= end - first + 1
    }
  }

  private add(store: Store, bytes: number): void {
    store.bytes += bytes
    this.counted += bytes
  }

  /** At the last place. */
  added(store: Store, value: Value): void {
    const place = store.size - 1
    if (place < store.countedFrom) return
    this.add(store, sizeAt(store, place))
    if (typeof value !== 'string') this.willChange(store, place, value)
  }

  replaced(store: Store, place: number, before: Held, value: Value): void {
    if (place < store.countedFrom) return
    this.add(store, sizeOfValue(value) - sizeOfValue(before))
    if (typeof value !== 'string') this.willChange(store, place, value)
  }

  /** Before what is at the place goes, and what is last comes into its place. */
  willRemove(store: Store, place: number): void {
    // What it grew by since it was measured counts before it goes.
    this.settle()
    const last = store.size - 1
    if (place >= store.countedFrom) this.add(store, -sizeAt(store, place))
    else if (last >= store.countedFrom) this.add(store, -sizeAt(store, last))
  }

  /** A string is longer by so much, or a deadline came or went. */
  grew(store: Store, place: number, bytes: number): void {
    if (place >= store.countedFrom) this.add(store, bytes)
  }

  /** All of it is gone. */
  dropped(store: Store): void {
    this.settle()
    this.counted -= store.bytes
    this.uncounted = this.uncounted.filter((one) => one !== store)
  }

  /** An object may be changed from now on. */
  willChange(store: Store, place: number, value: ObjectValue): void {
    if (place < store.countedFrom || this.changing.includes(value)) return
    // A transaction of many commands; no single command has as many under way.
    if (this.changing.length >= CHANGING_MAX) this.settle()
    this.changing.push(value)
    this.sizesBefore.push(value.sizeBytes())
    this.storesOfChanging.push(store)
  }

  private settle(): void {
    const {changing, sizesBefore, storesOfChanging} = this
    // One by one: a length that is set gives back the room, which the next command takes anew.
    while (changing.length > 0) {
      const value = changing.pop()!
      this.add(storesOfChanging.pop()!, value.sizeBytes() - sizesBefore.pop()!)
    }
  }
}
