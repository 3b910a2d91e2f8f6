import type {Rng} from '../../kernel/rng.js'
import {ReplyError, WRONG_TYPE} from '../reply-error.js'
import {NOTIFY_KEY_MISS} from './notifications.js'
import {pickRandomKey} from './random-key.js'
import type {Held} from './rows.js'
import {type ScanPage, scanPage} from './scan.js'
import type {Store} from './store.js'
import {StoredKeys} from './stored-keys.js'
import {emptyStores} from './stores.js'
import {StringBytes} from './string-bytes.js'
import type {ObjectType, ObjectValue, Value} from './value.js'

function requireType<T extends ObjectValue>(value: Value | undefined, type: ObjectType): T | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' || value.type !== type) throw new ReplyError(WRONG_TYPE)
  return value as T
}

function requireText(held: Held): string | StringBytes {
  if (typeof held !== 'string' && !(held instanceof StringBytes)) throw new ReplyError(WRONG_TYPE)
  return held
}

/**
 * One numbered database as commands see it: reads by type, with what they count and mark; listings, and what concerns all
 * of its keys at once. Callers that change an object value in place call `touched`.
 */
export class Database extends StoredKeys {
  /** For reading: counts a hit or a miss and marks the access. */
  get(key: string): Value | undefined {
    const store = this.storeOf(key)
    const place = this.accessed(store, key)
    return place < 0 ? undefined : store!.valueAt(place)
  }

  private accessed(store: Store | undefined, key: string): number {
    const {state} = this
    const place = this.live(store, key)
    if (place < 0) {
      this.missed(key)
      return -1
    }
    state.hits++
    const {rows} = store!
    const mark = rows.markAt(place)
    // Most reads come within the same second: not writing keeps the cache line clean.
    if (mark !== state.accessMark) rows.mark(place, state.nextMark(mark))
    return place
  }

  /** Like `get`, for commands that want nothing of the value. */
  touch(key: string): boolean {
    return this.accessed(this.storeOf(key), key) >= 0
  }

  private missed(key: string): void {
    this.state.misses++
    this.notify(NOTIFY_KEY_MISS, 'keymiss', key)
  }

  /** `get` without marking the access: for TYPE, TTL. */
  look(key: string): Value | undefined {
    const value = this.peek(key)
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
    const store = this.storeOf(key)
    const place = this.live(store, key)
    if (place < 0) return undefined
    this.mark(store!, place)
    const value = store!.valueAt(place)
    if (state.meter !== undefined && typeof value !== 'string') state.meter.willChange(store!, place, value)
    return value
  }

  private mark({rows}: Store, place: number): void {
    rows.mark(place, this.state.nextMark(rows.markAt(place)))
  }

  /** `getForWrite` of a string. @throws ReplyError WRONGTYPE */
  getStringForWrite(key: string): string | undefined {
    const value = this.getForWrite(key)
    if (value !== undefined && typeof value !== 'string') throw new ReplyError(WRONG_TYPE)
    return value
  }

  /** A string that only some bytes are wanted of: as it is held. Counts as `get`. @throws ReplyError WRONGTYPE */
  getBytes(key: string): string | StringBytes | undefined {
    const store = this.storeOf(key)
    const place = this.accessed(store, key)
    return place < 0 ? undefined : requireText(store!.heldAt(place))
  }

  /** `getBytes` for a command that will write: counts nothing. @throws ReplyError WRONGTYPE */
  getBytesForWrite(key: string): string | StringBytes | undefined {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    if (place < 0) return undefined
    this.mark(store!, place)
    return requireText(store!.heldAt(place))
  }

  /** The string to be changed in place; made or filled up with zero bytes to `length`. Who changes it calls `touched`. */
  edit(key: string, length: number): StringBytes {
    const store = this.storeFor(key)
    let place = this.live(store, key)
    if (place < 0) {
      place = this.write(store, key, '')
      this.changed(key)
    }
    const text = requireText(store.heldAt(place))
    const bytes = typeof text === 'string' ? new StringBytes(text) : text
    this.state.meter?.grew(store, place, Math.max(0, length - bytes.length))
    bytes.grow(length)
    store.rows.hold(place, bytes)
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
    const store = this.storeOf(key)
    const place = this.live(store, key)
    return place < 0 ? undefined : store!.valueAt(place)
  }

  /** Second of the last access; of no meaning while accesses are counted (`state.lfu`). */
  accessedAt(key: string): number | undefined {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    return place < 0 ? undefined : store!.rows.markAt(place)
  }

  /** OBJECT FREQ: a logarithmic count of accesses; undefined without the key or where they are not counted. */
  frequencyOf(key: string): number | undefined {
    const mark = this.accessedAt(key)
    return mark === undefined ? undefined : this.state.lfu?.countOf(mark)
  }

  /** RESTORE's IDLETIME and FREQ: the second of the last access, or the mark of a count. */
  setAccess(key: string, mark: number): void {
    const store = this.storeOf(key)
    const place = this.live(store, key)
    if (place >= 0) store!.rows.mark(place, mark)
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
    return this.stores[slot]?.size ?? 0
  }

  /** Cluster mode: at most `count` keys, newest first; one that came into the place of a deleted key comes late. */
  keysInSlot(slot: number, count: number): string[] {
    const store = this.stores[slot]
    const keys: string[] = []
    for (let place = this.countKeysInSlot(slot) - 1; place >= 0 && keys.length < count; place--) {
      keys.push(store!.keyAt(place))
    }
    return keys
  }

  /** Cluster mode: drops all keys of the slot. @returns how many there were */
  deleteSlot(slot: number): number {
    const store = this.stores[slot]
    if (store === undefined) return 0
    const {size} = store
    for (const key of this.watchers.keys()) if (store.find(key) >= 0) this.breakWatch(key)
    this.state.meter?.dropped([store])
    const {onChange} = this.state
    if (onChange !== undefined) for (let place = 0; place < size; place++) onChange(store.keyAt(place))
    for (const key of this.awaited) if (store.find(key) >= 0) this.noteReady(key)
    this.stores[slot] = undefined
    this.expiring.delete(store)
    this.expiresSize -= store.deadlines?.count ?? 0
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
    return scanPage(this, cursor, count)
  }
}
