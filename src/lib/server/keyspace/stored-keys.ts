import {hashSlot} from '../../protocol/hash-slot.js'
import {KeyObservers} from './key-observers.js'
import type {KeyspaceState} from './keyspace-state.js'
import {DEADLINE_BYTES} from './memory-meter.js'
import {NOTIFY_EVICTED, NOTIFY_EXPIRED, NOTIFY_GENERIC, NOTIFY_NEW} from './notifications.js'
import {Entry, Store} from './store.js'
import {emptyStores, shardOf} from './stores.js'
import type {Value} from './value.js'

/**
 * Keys, their values and deadlines: finding, writing, deleting, expiring one key at a time.
 *
 * In cluster mode every slot has a `Store` of its own, so that counting, listing, moving and dropping a slot touch that
 * slot alone. Otherwise the keys are spread over a few stores: a Map of millions stops the node for a fifth of a second
 * when it grows, and holds 2^24 keys at most. Whoever looks a key up that has expired deletes it on the way (unless
 * `keepExpired`). Every change counts `state.dirty` and breaks WATCH.
 */
export class StoredKeys extends KeyObservers {
  readonly isSlotted: boolean
  /** By slot; by shard outside cluster mode. */
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
    if (!this.isSlotted) return shardOf(key)
    if (key === this.hintKey && key !== '') return this.hintSlot
    return hashSlot(key)
  }

  /** Where the key is, or would be. */
  storeOf(key: string): Store | undefined {
    return this.stores[this.storeIndex(key)]
  }

  /** The live entry, or undefined. */
  protected live(key: string): Entry | undefined {
    const store = this.storeOf(key)
    if (store === undefined) return undefined
    const entry = store.entries.get(key)
    if (entry !== undefined && store.expires !== undefined) {
      const at = store.expires.get(key)
      if (at !== undefined && at <= this.state.nowMs) {
        this.expire(store, key)
        return undefined
      }
    }
    return entry
  }

  has(key: string): boolean {
    return this.live(key) !== undefined
  }

  /** Also true for a key that is expired but not deleted yet: what routing asks. */
  hasEvenExpired(key: string): boolean {
    return this.storeOf(key)?.entries.has(key) ?? false
  }

  /** There, but past its deadline: watched keys are asked so. Deletes nothing. */
  isExpired(key: string): boolean {
    const store = this.storeOf(key)
    return store?.entries.has(key) === true && !this.isLiveIn(store, key)
  }

  /** Without deleting it if it is expired. */
  isLiveIn(store: Store, key: string): boolean {
    const at = store.expires?.get(key)
    return at === undefined || at > this.state.nowMs
  }

  /** All live keys, oldest first in each store. */
  *keys(): Generator<string> {
    for (const store of this.stores) {
      if (store === undefined) continue
      for (const key of store.entries.keys()) if (this.isLiveIn(store, key)) yield key
    }
  }

  /** Deletes a key whose deadline has passed, unless deletions come from the primary alone. */
  expire(store: Store, key: string): void {
    if (this.state.keepExpired) return
    const unmoved = this.watchers.size === 0 ? undefined : this.whoSawExpired(key)
    this.state.isExpiring = true
    this.remove(store, key)
    this.state.isExpiring = false
    if (unmoved !== undefined) for (const watcher of unmoved) watcher.watchBroken = false
    this.state.expiredKeys++
    this.notify(NOTIFY_EXPIRED, 'expired', key)
  }

  /** Deletes a key to make room. */
  evict(store: Store, key: string): void {
    this.remove(store, key)
    this.state.evictedKeys++
    this.notify(NOTIFY_EVICTED, 'evicted', key)
  }

  /** Sets the value and drops any deadline, as SET does. */
  set(key: string, value: Value): void {
    const store = this.write(key, value)
    if (store.expires !== undefined) this.dropDeadline(store, key)
  }

  /** Sets the value and keeps the deadline of a live key, as APPEND does. An expired key starts anew. */
  put(key: string, value: Value): void {
    this.write(key, value)
  }

  /** `put` of the same content in another form: no change that anybody is told of. */
  putUntold(key: string, value: Value): void {
    this.write(key, value, false)
  }

  protected write(key: string, value: Value, isTold = true): Store {
    const index = this.storeIndex(key)
    let store = this.stores[index]
    if (store === undefined) {
      store = new Store()
      if (this.state.meter !== undefined) store.bytes = 0
      this.stores[index] = store
    }
    const {state} = this
    let entry = store.entries.get(key)
    if (entry !== undefined && store.expires !== undefined && !this.isLiveIn(store, key) && !state.keepExpired) {
      this.expire(store, key)
      entry = undefined
    }
    // As in redis-server: what takes the place of another value serves nobody, but a stream that is gone is told.
    const isNews = this.awaited.size !== 0 && (entry === undefined || entry.awaitedAs === 'stream')
    if (entry !== undefined) {
      state.meter?.replaced(store, entry.held, value)
      entry.value = value
      state.markAccess(entry)
    } else {
      store.entries.set(key, new Entry(value, state.firstMark, store.nextSeq++))
      this.size++
      state.meter?.added(store, key, value)
      this.notify(NOTIFY_NEW, 'new', key)
    }
    if (isTold) this.changed(key, isNews)
    return store
  }

  /** Who waits for a list or a sorted set waits for it to be made, also if it was there in vain; a stream may grow. */
  private isNewsWithin(key: string): boolean {
    const entry = this.storeOf(key)?.entries.get(key)
    return entry === undefined || entry.awaitedAs === 'stream'
  }

  /** An object value was changed in place. */
  touched(key: string): void {
    this.changed(key)
  }

  /** `touched` for a change of which neither WATCH nor client tracking takes note, such as that of a consumer group. */
  touchedUnwatched(key: string): void {
    this.state.dirty++
    if (this.awaited.size !== 0 && this.awaited.has(key)) this.noteReady(key)
  }

  /** The one place that every change of a key goes through. @param isNews - to those who wait for the key */
  protected changed(key: string, isNews = this.awaited.size !== 0 && this.isNewsWithin(key)): void {
    if (this.watchers.size !== 0) this.breakWatch(key)
    const {state} = this
    state.dirty++
    if (isNews && this.awaited.has(key)) this.noteReady(key)
    if (state.onChange !== undefined) state.onChange(key)
  }

  /** @returns whether a live key was there */
  delete(key: string): boolean {
    if (this.live(key) === undefined) return false
    this.remove(this.storeOf(key)!, key)
    return true
  }

  /**
   * Deletes a key to make room or because a command's result is empty, expired or not: that it had run out is not told.
   *
   * @returns whether it was there
   */
  drop(key: string): boolean {
    const store = this.storeOf(key)
    if (store === undefined || !store.entries.has(key)) return false
    this.remove(store, key)
    return true
  }

  /** Deletes a key whose last element a command took, with the event that follows the command's own. */
  deleteEmptied(key: string): void {
    if (this.delete(key)) this.notify(NOTIFY_GENERIC, 'del', key)
  }

  protected remove(store: Store, key: string): void {
    const {meter} = this.state
    if (meter !== undefined) {
      const entry = store.entries.get(key)
      if (entry !== undefined) meter.removed(store, key, entry.held)
    }
    if (!store.entries.delete(key)) return
    this.size--
    if (store.expires !== undefined) this.dropDeadline(store, key)
    this.changed(key)
  }

  protected dropDeadline(store: Store, key: string): boolean {
    const {expires} = store
    if (expires === undefined || !expires.delete(key)) return false
    this.expiresSize--
    this.state.meter?.grew(store, -DEADLINE_BYTES)
    if (expires.size === 0) {
      store.expires = undefined
      this.expiring.delete(store)
    }
    return true
  }

  /** The deadline of a live key in unix milliseconds; undefined without one or without the key. */
  expiryOf(key: string): number | undefined {
    const entry = this.live(key)
    return entry === undefined ? undefined : this.storeOf(key)!.expires?.get(key)
  }

  /** The key must exist. @param atMs - unix milliseconds; a deadline in the past expires at the next access */
  setExpiry(key: string, atMs: number): void {
    const store = this.storeOf(key)
    if (store === undefined || !store.entries.has(key)) return
    store.expires ??= new Map()
    if (!store.expires.has(key)) {
      this.expiresSize++
      this.state.meter?.grew(store, DEADLINE_BYTES)
    }
    store.expires.set(key, atMs)
    this.expiring.add(store)
    this.touched(key)
  }

  /** @returns whether there was a deadline */
  removeExpiry(key: string): boolean {
    if (this.live(key) === undefined) return false
    if (!this.dropDeadline(this.storeOf(key)!, key)) return false
    this.touched(key)
    return true
  }
}
