import type {Database} from './database.js'
import {NEVER} from './deadlines.js'
import type {KeyWalk} from './keyspace-state.js'
import type {Store} from './store.js'
import type {Value} from './value.js'

/** A key as it was when the walk began. */
export interface KeyVisitor {
  /** @param size - about how many keys follow @param expiresSize - of them with a deadline */
  database(index: number, size: number, expiresSize: number): void
  /** @param expireAtMs - unix milliseconds @param mark - of its last access @returns whether the value may change now */
  key(key: string, value: Value, expireAtMs: number | undefined, mark: number): boolean
  /** The value of the last key is about to change, which it was not to. */
  settle(): void
}

/** Places passed over in one step. */
const PASSED_MAX = 1024

/** How far the walk is in one store. */
class Stop {
  /** The highest place that is not visited; -1: all are. */
  next: number
  readonly size: number
  readonly expiresSize: number
  /** A bit for each place at `next` or below: its key is not to be visited; it was, or it came later. */
  private readonly skipped: Uint32Array

  constructor(
    readonly database: number,
    readonly store: Store,
  ) {
    this.next = store.size - 1
    this.size = store.size
    this.expiresSize = store.deadlines?.count ?? 0
    this.skipped = new Uint32Array(Math.ceil(store.size / 32))
  }

  isSkipped(place: number): boolean {
    return ((this.skipped[place >>> 5]! >>> (place & 31)) & 1) === 1
  }

  skip(place: number): void {
    this.skipped[place >>> 5]! |= 1 << (place & 31)
  }

  /** The key at `from` comes to `to`, whose own is gone. */
  move(from: number, to: number): void {
    if (this.isSkipped(from)) this.skip(to)
    else this.skipped[to >>> 5]! &= ~(1 << (to & 31))
  }
}

/**
 * Visits every key of all databases as it was at one moment, in slices, while commands go on. Who is about to change a key
 * says so: one that the walk has not come to is visited first.
 *
 * It goes from the highest place down, as all walks over a store do: what is added lies above, and what moves into a place
 * that is still to be visited comes from the highest.
 */
export class KeyspaceWalk implements KeyWalk {
  /** The current one is last. */
  private readonly stops: Stop[] = []
  private readonly byStore = new Map<Store, Stop>()
  private announced: number | undefined
  private unsettledStore: Store | undefined
  private unsettledKey = ''

  constructor(
    databases: readonly Database[],
    private readonly visitor: KeyVisitor,
  ) {
    for (const {index, store} of databases) {
      if (store.size > 0) this.stops.push(new Stop(index, store))
    }
    this.stops.reverse()
    for (const stop of this.stops) this.byStore.set(stop.store, stop)
  }

  /** What lies at the place is about to be changed. */
  willChange(store: Store, place: number): void {
    if (store === this.unsettledStore && store.keyAt(place) === this.unsettledKey) this.settle()
    const stop = this.byStore.get(store)
    if (stop === undefined || place > stop.next) return
    if (stop.isSkipped(place)) return
    stop.skip(place)
    this.visit(stop, place, store.keyAt(place))
    this.settle()
  }

  /** The key at the place is about to go; the last one comes into its place. */
  willRemove(store: Store, place: number): void {
    this.willChange(store, place)
    const stop = this.byStore.get(store)
    if (stop === undefined || place > stop.next) return
    // Its bit is set: the key that comes into its place from above is not to be visited either.
    const last = store.size - 1
    if (last > stop.next) return
    stop.move(last, place)
    stop.next = last - 1
  }

  /** Visits one more key, or passes over some that are not to be visited. @returns false: that was all */
  step(): boolean {
    let passed = 0
    for (let stop = this.stops.at(-1); stop !== undefined; stop = this.stops.at(-1)) {
      while (stop.next >= 0) {
        const place = stop.next--
        if (stop.isSkipped(place)) {
          if (++passed === PASSED_MAX) return true
          continue
        }
        this.visit(stop, place, stop.store.keyAt(place))
        return true
      }
      this.stops.pop()
      this.byStore.delete(stop.store)
    }
    return false
  }

  private settle(): void {
    if (this.unsettledStore === undefined) return
    this.unsettledStore = undefined
    this.visitor.settle()
  }

  private visit({database, expiresSize, size, store}: Stop, place: number, key: string): void {
    // One that was visited before its time belongs to another database perhaps.
    if (database !== this.announced) {
      this.announced = database
      this.visitor.database(database, size, expiresSize)
    }
    const atMs = store.deadlineAt(place)
    const expireAtMs = atMs === NEVER ? undefined : atMs
    const isSettled = this.visitor.key(key, store.valueAt(place), expireAtMs, store.rows.markAt(place))
    this.unsettledStore = isSettled ? undefined : store
    this.unsettledKey = key
  }
}
