import type {Rng} from '../../kernel/rng.js'
import {ReplyError, WRONG_TYPE} from '../reply-error.js'
import {NOTIFY_KEY_MISS} from './notifications.js'
import {pickRandomKey} from './random-key.js'
import {ScanCursors, type ScanPage} from './scan.js'
import {SlotListing} from './slot-listing.js'
import type {Entry} from './store.js'
import {StoredKeys} from './stored-keys.js'
import {emptyStores} from './stores.js'
import {StringBytes} from './string-bytes.js'
import type {ObjectType, ObjectValue, Value} from './value.js'

function requireType<T extends ObjectValue>(value: Value | undefined, type: ObjectType): T | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' || value.type !== type) throw new ReplyError(WRONG_TYPE)
  return value as T
}

function requireText({held}: Entry): string | StringBytes {
  if (typeof held !== 'string' && !(held instanceof StringBytes)) throw new ReplyError(WRONG_TYPE)
  return held
}

/**
 * One numbered database as commands see it: reads by type, with what they count and mark; listings, and what concerns all
 * of its keys at once. Callers that change an object value in place call `touched`.
 */
export class Database extends StoredKeys {
  private readonly scans = new ScanCursors()
  private readonly listing = new SlotListing()

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
}
