import type {Rng} from '../../kernel/rng.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {ReplyError, WRONG_TYPE} from '../reply-error.js'
import type {KeyspaceState, Watcher} from './keyspace-state.js'
import {DEADLINE_BYTES} from './memory-meter.js'
import {NOTIFY_EVICTED, NOTIFY_EXPIRED, NOTIFY_GENERIC, NOTIFY_KEY_MISS, NOTIFY_NEW} from './notifications.js'
import {pickRandomKey} from './random-key.js'
import {ScanCursors, type ScanPage} from './scan.js'
import {SlotListing} from './slot-listing.js'
import {Entry, Store} from './store.js'
import {StringBytes} from './string-bytes.js'
import type {ObjectType, ObjectValue, Value} from './value.js'

export const SLOT_COUNT = 16384

/** Outside cluster mode. A power of two, at most SLOT_COUNT. */
const SHARD_COUNT = 64
/** 32 - log2(SHARD_COUNT) */
const SHARD_SHIFT = 26

function requireType<T extends ObjectValue>(value: Value | undefined, type: ObjectType): T | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' || value.type !== type) throw new ReplyError(WRONG_TYPE)
  return value as T
}

function requireText({held}: Entry): string | StringBytes {
  if (typeof held !== 'string' && !(held instanceof StringBytes)) throw new ReplyError(WRONG_TYPE)
  return held
}

/** A cheap spread by a few bytes where keys usually differ; keys that agree in them are served all the same. */
function shardOf(key: string): number {
  const {length} = key
  if (length < 3) return length === 0 ? 0 : key.charCodeAt(0) & (SHARD_COUNT - 1)
  const bytes =
    key.charCodeAt(length - 1) |
    (key.charCodeAt(length - 2) << 8) |
    (key.charCodeAt(length - 3) << 16) |
    (key.charCodeAt(length >> 1) << 24)
  return Math.imul(bytes, 0x9e3779b1) >>> SHARD_SHIFT
}

function emptyStores(isSlotted: boolean): undefined[] {
  return new Array(isSlotted ? SLOT_COUNT : SHARD_COUNT).fill(undefined)
}

/**
 * One numbered database: keys to values with optional deadlines.
 *
 * In cluster mode every slot has a `Store` of its own, so that counting, listing, moving and dropping a slot touch that
 * slot alone. Otherwise the keys are spread over a few stores: a Map of millions stops the node for a fifth of a second
 * when it grows, and holds 2^24 keys at most. Reads hide expired keys and delete them on the way (unless `keepExpired`).
 * Every change counts `state.dirty` and breaks WATCH; callers that change an object value in place call `touched`.
 */
export class Database {
  index: number
  readonly state: KeyspaceState
  readonly isSlotted: boolean
  /** By slot; by shard outside cluster mode. */
  stores: (Store | undefined)[]
  /** Stores with deadlines, for the active expiry. */
  expiring = new Set<Store>()
  /** Number of keys, expired ones not yet deleted included. */
  size = 0
  /** Number of keys with a deadline. */
  expiresSize = 0
  /** Who watches which key; not a property of the data, so SWAPDB and FLUSHDB leave it in place. */
  readonly watchers = new Map<string, Set<Watcher>>()
  /** Keys that blocked clients wait for, and those of them that have changed since `takeReady`. */
  private readonly awaited = new Set<string>()
  private ready = new Set<string>()

  private readonly scans = new ScanCursors()
  private readonly listing = new SlotListing()

  /** The routing check has just hashed this key; the same string is asked for next. */
  private hintKey = ''
  private hintSlot = 0

  constructor(index: number, state: KeyspaceState, isSlotted: boolean) {
    this.index = index
    this.state = state
    this.isSlotted = isSlotted
    this.stores = emptyStores(isSlotted)
  }

  /** Tells the slot of the key that the coming command names, to hash it once only. */
  hint(key: string, slot: number): void {
    this.hintKey = key
    this.hintSlot = slot
  }

  private storeIndex(key: string): number {
    if (!this.isSlotted) return shardOf(key)
    if (key === this.hintKey && key !== '') return this.hintSlot
    return hashSlot(key)
  }

  /** Where the key is, or would be. */
  storeOf(key: string): Store | undefined {
    return this.stores[this.storeIndex(key)]
  }

  /** The live entry, or undefined. */
  private live(key: string): Entry | undefined {
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

  /** For reading: counts a hit or a miss and marks the access. */
  get(key: string): Value | undefined {
    return this.accessed(key)?.value
  }

  private accessed(key: string): Entry | undefined {
    const {state} = this
    const entry = this.live(key)
    if (entry === undefined) {
      this.missed(key)
      return undefined
    }
    state.hits++
    // Most reads come within the same second: not writing keeps the cache line clean.
    if (entry.lru !== state.accessMark) state.markAccess(entry)
    return entry
  }

  /** Like `get`, for commands that want nothing of the value. */
  touch(key: string): boolean {
    return this.accessed(key) !== undefined
  }

  private missed(key: string): void {
    this.state.misses++
    this.notify(NOTIFY_KEY_MISS, 'keymiss', key)
  }

  /** `get` without marking the access: for TYPE, TTL. */
  look(key: string): Value | undefined {
    const value = this.live(key)?.value
    if (value === undefined) this.missed(key)
    else this.state.hits++
    return value
  }

  /** `get` of a string. @throws ReplyError WRONGTYPE */
  getString(key: string): string | undefined {
    const value = this.get(key)
    if (value !== undefined && typeof value !== 'string') throw new ReplyError(WRONG_TYPE)
    return value
  }

  /** For a command that will write: marks the access, counts nothing. */
  getForWrite(key: string): Value | undefined {
    const {state} = this
    const entry = this.live(key)
    if (entry === undefined) return undefined
    state.markAccess(entry)
    const {value} = entry
    if (state.meter !== undefined && typeof value !== 'string') state.meter.willChange(this.storeOf(key)!, value)
    return value
  }

  /** `getForWrite` of a string. @throws ReplyError WRONGTYPE */
  getStringForWrite(key: string): string | undefined {
    const value = this.getForWrite(key)
    if (value !== undefined && typeof value !== 'string') throw new ReplyError(WRONG_TYPE)
    return value
  }

  /** A string that only some bytes are wanted of: as it is held. Counts as `get`. @throws ReplyError WRONGTYPE */
  getBytes(key: string): string | StringBytes | undefined {
    const entry = this.accessed(key)
    return entry && requireText(entry)
  }

  /** `getBytes` for a command that will write: counts nothing. @throws ReplyError WRONGTYPE */
  getBytesForWrite(key: string): string | StringBytes | undefined {
    const entry = this.live(key)
    if (entry === undefined) return undefined
    this.state.markAccess(entry)
    return requireText(entry)
  }

  /** The string to be changed in place; made or filled up with zero bytes to `length`. Who changes it calls `touched`. */
  edit(key: string, length: number): StringBytes {
    if (this.live(key) === undefined) this.write(key, '')
    const entry = this.live(key)!
    const text = requireText(entry)
    const bytes = typeof text === 'string' ? new StringBytes(text) : text
    this.state.meter?.grew(this.storeOf(key)!, Math.max(0, length - bytes.length))
    bytes.grow(length)
    entry.held = bytes
    return bytes
  }

  /** `get` of an object of one type. @throws ReplyError WRONGTYPE */
  getObject<T extends ObjectValue>(key: string, type: T['type']): T | undefined {
    return requireType<T>(this.get(key), type)
  }

  /** `getForWrite` of an object of one type; who changes it calls `touched`. @throws ReplyError WRONGTYPE */
  getObjectForWrite<T extends ObjectValue>(key: string, type: T['type']): T | undefined {
    return requireType<T>(this.getForWrite(key), type)
  }

  /** Without marking or counting an access: for OBJECT, SCAN, DEBUG. */
  peek(key: string): Value | undefined {
    return this.live(key)?.value
  }

  /** Second of the last access; of no meaning while accesses are counted (`state.lfu`). */
  accessedAt(key: string): number | undefined {
    return this.live(key)?.lru
  }

  /** OBJECT FREQ: a logarithmic count of accesses; undefined without the key or where they are not counted. */
  frequencyOf(key: string): number | undefined {
    const entry = this.live(key)
    return entry && this.state.lfu?.countOf(entry.lru)
  }

  /** RESTORE's IDLETIME and FREQ: the second of the last access, or the mark of a count. */
  setAccess(key: string, mark: number): void {
    const entry = this.live(key)
    if (entry !== undefined) entry.lru = mark
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

  /** Sets the value and drops any deadline, as SET does. */
  set(key: string, value: Value): void {
    const store = this.write(key, value)
    if (store.expires !== undefined) this.dropDeadline(store, key)
  }

  /** Sets the value and keeps the deadline of a live key, as APPEND does. An expired key starts anew. */
  put(key: string, value: Value): void {
    this.write(key, value)
  }

  private write(key: string, value: Value): Store {
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
    this.changed(key)
    return store
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
  private changed(key: string): void {
    if (this.watchers.size !== 0) this.breakWatch(key)
    this.touchedUnwatched(key)
  }

  /** Those blocked on the key are to be tried. */
  noteReady(key: string): void {
    this.ready.add(key)
    this.state.hasReady = true
  }

  /** Somebody is blocked on the key. */
  await(key: string): void {
    this.awaited.add(key)
  }

  awaitNoMore(key: string): void {
    this.awaited.delete(key)
  }

  /** Awaited keys that have changed, in the order of their first change; each is told once. */
  takeReady(): ReadonlySet<string> {
    const {ready} = this
    if (ready.size > 0) this.ready = new Set()
    return ready
  }

  /** An event for whoever subscribed to the keyspace's (notify-keyspace-events). @param kind - a NOTIFY_... bit */
  notify(kind: number, event: string, key: string): void {
    const {state} = this
    if ((state.notifyMask & kind) !== 0) state.onEvent?.(kind, event, key, this.index)
  }

  /** @returns whether a live key was there */
  delete(key: string): boolean {
    if (this.live(key) === undefined) return false
    this.remove(this.storeOf(key)!, key)
    return true
  }

  /** Deletes a key to make room, expired or not: that it had run out is not told. @returns whether it was there */
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

  private remove(store: Store, key: string): void {
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

  private dropDeadline(store: Store, key: string): boolean {
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

  /** Empties the database in constant time; the collector frees the memory in slices of its own. */
  flush(): number {
    const {size} = this
    for (const [key, watchers] of this.watchers) {
      if (this.hasEvenExpired(key)) for (const watcher of watchers) watcher.watchBroken = true
    }
    this.state.meter?.dropped(this.stores)
    for (const key of this.awaited) if (this.hasEvenExpired(key)) this.noteReady(key)
    this.stores = emptyStores(this.isSlotted)
    this.listing.forget()
    this.expiring = new Set()
    this.size = 0
    this.expiresSize = 0
    this.state.dirty += size
    return size
  }

  /** SWAPDB: the data change places, numbers and watchers stay. */
  swapWith(other: Database): void {
    const mine = {expiresSize: this.expiresSize, expiring: this.expiring, size: this.size, stores: this.stores}
    this.tellOfSwap(other)
    other.tellOfSwap(this)
    const {expiresSize, expiring, size, stores} = other
    Object.assign(this, {expiresSize, expiring, size, stores})
    Object.assign(other, mine)
  }

  /** A watched key that exists before or after has changed; so has an awaited one. */
  private tellOfSwap(other: Database): void {
    for (const key of this.watchers.keys()) {
      if (this.hasEvenExpired(key) || other.hasEvenExpired(key)) this.breakWatch(key)
    }
    for (const key of this.awaited) {
      if (this.hasEvenExpired(key) || other.hasEvenExpired(key)) this.noteReady(key)
    }
  }

  /** A live key by chance; about uniform. */
  randomKey(rng: Rng): string | undefined {
    return pickRandomKey(this, rng)
  }

  /** All live keys, oldest first in each store. */
  *keys(): Generator<string> {
    for (const store of this.stores) {
      if (store === undefined) continue
      for (const key of store.entries.keys()) if (this.isLiveIn(store, key)) yield key
    }
  }

  /** Without deleting it if it is expired. */
  isLiveIn(store: Store, key: string): boolean {
    const at = store.expires?.get(key)
    return at === undefined || at > this.state.nowMs
  }

  /** Cluster mode: keys of the slot, expired ones included. */
  countKeysInSlot(slot: number): number {
    return this.stores[slot]?.entries.size ?? 0
  }

  /** Cluster mode: at most `count` keys, newest first. */
  keysInSlot(slot: number, count: number): string[] {
    const store = this.stores[slot]
    return store === undefined ? [] : this.listing.newest(store, count)
  }

  /** Cluster mode: drops all keys of the slot. @returns how many there were */
  deleteSlot(slot: number): number {
    const store = this.stores[slot]
    if (store === undefined) return 0
    const {size} = store.entries
    if (this.watchers.size !== 0) for (const key of store.entries.keys()) this.breakWatch(key)
    this.state.meter?.dropped([store])
    const {onChange} = this.state
    if (onChange !== undefined) for (const key of store.entries.keys()) onChange(key)
    for (const key of this.awaited) if (store.entries.has(key)) this.noteReady(key)
    this.stores[slot] = undefined
    this.listing.forget()
    this.expiring.delete(store)
    this.expiresSize -= store.expires?.size ?? 0
    this.size -= size
    this.state.dirty += size
    return size
  }

  /**
   * A page of keys for SCAN.
   *
   * @param cursor - 0 to begin, else what the page before said
   * @param count - about how many keys to look at
   */
  scan(cursor: number, count: number): ScanPage {
    return this.scans.scan(this, cursor, count)
  }

  /** Lets go of positions nobody has asked for lately. */
  dropIdleScans(): void {
    this.scans.dropIdle(this.state.nowMs)
  }

  watch(key: string, watcher: Watcher): void {
    const watchers = this.watchers.get(key)
    if (watchers === undefined) this.watchers.set(key, new Set([watcher]))
    else watchers.add(watcher)
  }

  unwatch(key: string, watcher: Watcher): void {
    const watchers = this.watchers.get(key)
    if (watchers === undefined) return
    watchers.delete(watcher)
    if (watchers.size === 0) this.watchers.delete(key)
  }

  /** To whom it is no change that the key is deleted only now: it had run out before they watched it. */
  private whoSawExpired(key: string): Watcher[] {
    const watchers = [...(this.watchers.get(key) ?? [])]
    return watchers.filter((one) => !one.watchBroken && one.hasSeenExpired(this, key))
  }

  breakWatch(key: string): void {
    const watchers = this.watchers.get(key)
    if (watchers !== undefined) for (const watcher of watchers) watcher.watchBroken = true
  }
}
