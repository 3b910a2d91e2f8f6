import {hashSlot} from '../../protocol/hash-slot.js'
import {Deadlines, NEVER} from './deadlines.js'
import {KeyObservers} from './key-observers.js'
import type {KeyspaceState} from './keyspace-state.js'
import {DEADLINE_BYTES} from './memory-meter.js'
import {NOTIFY_EVICTED, NOTIFY_EXPIRED, NOTIFY_GENERIC, NOTIFY_NEW} from './notifications.js'
import {Store} from './store.js'
import {emptyStores} from './stores.js'
import type {Value} from './value.js'

/**
 * Keys, their values and deadlines: finding, writing, deleting, expiring one key at a time.
 *
 * In cluster mode every slot has a `Store` of its own, so that counting, listing, moving and dropping a slot touch that
 * slot alone; otherwise one has all keys. Whoever looks a key up that has expired deletes it on the way (unless
 * `keepExpired`). Every change counts `state.dirty` and breaks WATCH.
 */
export class StoredKeys extends KeyObservers {
  readonly isSlotted: boolean
  /** By slot; one alone outside cluster mode. */
  stores: (Store | undefined)[]
  /** Stores with deadlines, for the active expiry. */
  expiring = new Set<Store>()
  /** Number of keys, expired ones not yet deleted included. */
  size = 0
  /** Number of keys with a deadline. */
  expiresSize = 0

  /** The routing check has just hashed this key; the same string is asked for next. */
  private hintKey = ''
  private hintSlot = 0

  constructor(index: number, state: KeyspaceState, isSlotted: boolean) {
    super(index, state)
    this.isSlotted = isSlotted
    this.stores = emptyStores(isSlotted)
  }

  /** Tells the slot of the key that the coming command names, to hash it once only. */
  hint(key: string, slot: number): void {
    this.hintKey = key
    this.hintSlot = slot
  }

  protected storeIndex(key: string): number {
    if (!this.isSlotted) return 0
    if (key === this.hintKey && key !== '') return this.hintSlot
    return hashSlot(key)
  }

  /** Where the key is, or would be. */
  storeOf(key: string): Store | undefined {
    return this.stores[this.storeIndex(key)]
  }

  /** The place of the live key in its store, or -1. */
  protected live(store: Store | undefined, key: string): number {
    if (store === undefined) return -1
    const place = store.find(key)
    if (place < 0 || store.deadlines === undefined || store.deadlines.at(place) > this.state.nowMs) return place
    this.expire(store, place)
    return -1
  }

  has(key: string): boolean {
    return this.live(this.storeOf(key), key) >= 0
  }

  /** Also true for a key that is expired but not deleted yet: what routing asks. */
  hasEvenExpired(key: string): boolean {
    const store = this.storeOf(key)
    return store !== undefined && store.find(key) >= 0
  }

  /** There, but past its deadline: watched keys are asked so. Deletes nothing. */
  isExpired(key: string): boolean {
    const store = this.storeOf(key)
    const place = store === undefined ? -1 : store.find(key)
    return place >= 0 && store!.deadlineAt(place) <= this.state.nowMs
  }

  /** All live keys; those shown already may be deleted meanwhile. */
  *keys(): Generator<string> {
    for (const store of this.stores) {
      if (store === undefined) continue
      for (let place = store.size - 1; place >= 0; place--) {
        if (store.deadlineAt(place) > this.state.nowMs) yield store.keyAt(place)
      }
    }
  }

  /** Deletes a key whose deadline has passed, unless deletions come from the primary alone. */
  expire(store: Store, place: number): void {
    if (this.state.keepExpired) return
    const key = store.keyAt(place)
    const unmoved = this.watchers.size === 0 ? undefined : this.whoSawExpired(key)
    this.state.isExpiring = true
    this.remove(store, place)
    this.state.isExpiring = false
    if (unmoved !== undefined) for (const watcher of unmoved) watcher.watchBroken = false
    this.state.expiredKeys++
    this.notify(NOTIFY_EXPIRED, 'expired', key)
  }

  /** Deletes a key to make room. */
  evict(store: Store, place: number): void {
    const key = store.keyAt(place)
    this.remove(store, place)
    this.state.evictedKeys++
    this.notify(NOTIFY_EVICTED, 'evicted', key)
  }

  /** Sets the value and drops any deadline, as SET does. */
  set(key: string, value: Value): void {
    const store = this.storeFor(key)
    const place = this.write(store, key, value)
    if (store.deadlines !== undefined) this.dropDeadline(store, place)
    this.changed(key)
  }

  /** Sets the value and keeps the deadline of a live key, as APPEND does. An expired key starts anew. */
  put(key: string, value: Value): void {
    this.write(this.storeFor(key), key, value)
    this.changed(key)
  }

  /** `put` of the same content in another form: no change that anybody is told of. */
  putUntold(key: string, value: Value): void {
    this.write(this.storeFor(key), key, value)
  }

  /** Where the key is, or from now on can be. */
  protected storeFor(key: string): Store {
    const index = this.storeIndex(key)
    let store = this.stores[index]
    if (store === undefined) {
      store = new Store()
      this.stores[index] = store
    }
    return store
  }

  /** @returns the key's place */
  protected write(store: Store, key: string, value: Value): number {
    const {state} = this
    const {keys, rows} = store
    let place = keys.add(key)
    if (place >= 0 && store.deadlines !== undefined && store.deadlines.at(place) <= state.nowMs && !state.keepExpired) {
      this.expire(store, place)
      place = keys.add(key)
    }
    if (place >= 0) {
      if (state.meter !== undefined) state.meter.replaced(store, place, rows.heldAt(place), value)
      rows.replace(place, value, state.nextMark(rows.markAt(place)))
      return place
    }
    place = keys.size - 1
    rows.push(place, value, state.firstMark)
    this.size++
    if (state.meter !== undefined) state.meter.added(store, value)
    this.notify(NOTIFY_NEW, 'new', key)
    return place
  }

  /** An object value was changed in place. */
  touched(key: string): void {
    this.changed(key)
  }

  /** `touched` for a change that WATCH does not look at, such as that of a consumer group. */
  touchedUnwatched(key: string): void {
    const {state} = this
    state.dirty++
    if (this.awaited.size !== 0 && this.awaited.has(key)) this.noteReady(key)
    if (state.onChange !== undefined) state.onChange(key)
  }

  /** The one place that every change of a key goes through. */
  protected changed(key: string): void {
    if (this.watchers.size !== 0) this.breakWatch(key)
    this.touchedUnwatched(key)
  }

  /** @returns whether a live key was there */
  delete(key: string): boolean {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    if (place < 0) return false
    this.remove(store!, place)
    return true
  }

  /** Deletes a key to make room, expired or not: that it had run out is not told. @returns whether it was there */
  drop(key: string): boolean {
    const store = this.storeOf(key)
    const place = store === undefined ? -1 : store.find(key)
    if (place < 0) return false
    this.remove(store!, place)
    return true
  }

  /** Deletes a key whose last element a command took, with the event that follows the command's own. */
  deleteEmptied(key: string): void {
    if (this.delete(key)) this.notify(NOTIFY_GENERIC, 'del', key)
  }

  private remove(store: Store, place: number): void {
    const key = store.keyAt(place)
    if (store.deadlines !== undefined) this.dropDeadline(store, place)
    this.state.meter?.willRemove(store, place)
    store.removeAt(place)
    this.size--
    this.changed(key)
  }

  private dropDeadline(store: Store, place: number): boolean {
    const {deadlines} = store
    if (deadlines === undefined || deadlines.set(place, NEVER) === NEVER) return false
    this.expiresSize--
    this.state.meter?.grew(store, place, -DEADLINE_BYTES)
    if (deadlines.count === 0) {
      store.deadlines = undefined
      this.expiring.delete(store)
    }
    return true
  }

  /** The deadline of a live key in unix milliseconds; undefined without one or without the key. */
  expiryOf(key: string): number | undefined {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    const atMs = place < 0 ? NEVER : store!.deadlineAt(place)
    return atMs === NEVER ? undefined : atMs
  }

  /** The key must exist. @param atMs - unix milliseconds; a deadline in the past expires at the next access */
  setExpiry(key: string, atMs: number): void {
    const store = this.storeOf(key)
    const place = store === undefined ? -1 : store.find(key)
    if (place < 0) return
    store!.deadlines ??= new Deadlines()
    if (store!.deadlines.set(place, atMs) === NEVER) {
      this.expiresSize++
      this.state.meter?.grew(store!, place, DEADLINE_BYTES)
      this.expiring.add(store!)
    }
    this.touched(key)
  }

  /** @returns whether there was a deadline */
  removeExpiry(key: string): boolean {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    if (place < 0 || !this.dropDeadline(store!, place)) return false
    this.touched(key)
    return true
  }
}
