import type {Rng} from '../../kernel/rng.js'
import {ReplyError, WRONG_TYPE} from '../reply-error.js'
import {NOTIFY_KEY_MISS} from './notifications.js'
import {pickRandomKey} from './random-key.js'
import type {Held} from './rows.js'
import {type ScanPage, scanPage} from './scan.js'
import {type AwaitedType, Store} from './store.js'
import {StoredKeys} from './stored-keys.js'
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
    const place = this.accessed(key)
    return place < 0 ? undefined : this.store.valueAt(place)
  }

  private accessed(key: string): number {
    const {state} = this
    const place = this.live(key)
    if (place < 0) {
      this.missed(key)
      return -1
    }
    state.hits++
    const {rows} = this.store
    const mark = rows.markAt(place)
    // Most reads come within the same second: not writing keeps the cache line clean.
    if (mark !== state.accessMark) rows.mark(place, state.nextMark(mark))
    return place
  }

  /** Like `get`, for commands that want nothing of the value. */
  touch(key: string): boolean {
    return this.accessed(key) >= 0
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
    const place = this.live(key)
    if (place < 0) return undefined
    this.mark(place)
    if (state.walks.size !== 0) state.willChange(this.store, place)
    const value = this.store.valueAt(place)
    if (state.meter !== undefined && typeof value !== 'string') state.meter.willChange(this.store, place, value)
    return value
  }

  private mark(place: number): void {
    const {rows} = this.store
    rows.mark(place, this.state.nextMark(rows.markAt(place)))
  }

  /** `getForWrite` of a string. @throws ReplyError WRONGTYPE */
  getStringForWrite(key: string): string | undefined {
    const value = this.getForWrite(key)
    if (value !== undefined && typeof value !== 'string') throw new ReplyError(WRONG_TYPE)
    return value
  }

  /** The place of a string that is to be replaced by one made of it, for `textAt` and `replaceText`; -1: there is none. @throws ReplyError WRONGTYPE */
  placeOfText(key: string): number {
    const place = this.live(key)
    if (place >= 0 && typeof this.store.valueAt(place) !== 'string') throw new ReplyError(WRONG_TYPE)
    return place
  }

  /** @param place - from `placeOfText`, not -1, with nothing written since */
  textAt(place: number): string {
    return this.store.valueAt(place) as string
  }

  /** `put` where `placeOfText` found the key, which is not looked up again. */
  replaceText(place: number, key: string, text: string): void {
    const {state, store} = this
    if (place < 0) {
      this.put(key, text)
      return
    }
    const {rows} = store
    if (state.walks.size !== 0) state.willChange(store, place)
    if (state.meter !== undefined) state.meter.replaced(store, place, rows.heldAt(place), text)
    rows.replace(place, text, state.nextMark(rows.markAt(place)))
    // Nobody waits for a string.
    this.changed(key, false)
  }

  /** A string that only some bytes are wanted of: as it is held. Counts as `get`. @throws ReplyError WRONGTYPE */
  getBytes(key: string): string | StringBytes | undefined {
    const place = this.accessed(key)
    return place < 0 ? undefined : requireText(this.store.heldAt(place))
  }

  /** `getBytes` for a command that will write: counts nothing. @throws ReplyError WRONGTYPE */
  getBytesForWrite(key: string): string | StringBytes | undefined {
    const place = this.live(key)
    if (place < 0) return undefined
    this.mark(place)
    return requireText(this.store.heldAt(place))
  }

  /** The string to be changed in place; made or filled up with zero bytes to `length`. Who changes it calls `touched`. */
  edit(key: string, length: number): StringBytes {
    const {store} = this
    let place = this.live(key)
    if (place < 0) {
      place = this.write(key, '')
      this.changed(key)
    }
    if (this.state.walks.size !== 0) this.state.willChange(store, place)
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
    const place = this.live(key)
    return place < 0 ? undefined : this.store.valueAt(place)
  }

  /** Second of the last access; of no meaning while accesses are counted (`state.lfu`). */
  accessedAt(key: string): number | undefined {
    const place = this.live(key)
    return place < 0 ? undefined : this.store.rows.markAt(place)
  }

  /** OBJECT FREQ: a logarithmic count of accesses; undefined without the key or where they are not counted. */
  frequencyOf(key: string): number | undefined {
    const mark = this.accessedAt(key)
    return mark === undefined ? undefined : this.state.lfu?.countOf(mark)
  }

  /** RESTORE's IDLETIME and FREQ: the second of the last access, or the mark of a count. */
  setAccess(key: string, mark: number): void {
    const place = this.live(key)
    if (place >= 0) this.store.rows.mark(place, mark)
  }

  /** Empties the database in constant time; the collector frees the memory in slices of its own. */
  flush(): number {
    const {size} = this
    for (const [key, watchers] of this.watchers) {
      if (this.hasEvenExpired(key)) for (const watcher of watchers) watcher.watchBroken = true
    }
    this.state.meter?.dropped(this.store)
    for (const key of this.awaited) if (this.holdsAwaitedStream(key)) this.noteReady(key)
    this.store.shadow?.willFlush()
    this.store = new Store(this.isSlotted)
    this.state.dirty += size
    return size
  }

  /** SWAPDB: the data change places, numbers and watchers stay. */
  swapWith(other: Database): void {
    this.tellOfSwap(other)
    other.tellOfSwap(this)
    const {store} = this
    this.store = other.store
    other.store = store
  }

  /** A watched key that exists before or after has changed; so has an awaited one. */
  private tellOfSwap(other: Database): void {
    for (const key of this.watchers.keys()) {
      if (this.hasEvenExpired(key) || other.hasEvenExpired(key)) this.breakWatch(key)
    }
    for (const key of this.awaited) {
      if (this.isWaitedFor(other.awaitedTypeOf(key)) || this.holdsAwaitedStream(key)) this.noteReady(key)
    }
  }

  private holdsAwaitedStream(key: string): boolean {
    return this.awaitedTypeOf(key) === 'stream' && this.isWaitedFor('stream')
  }

  private awaitedTypeOf(key: string): AwaitedType | undefined {
    const place = this.store.find(key)
    return place < 0 ? undefined : this.store.awaitedTypeAt(place)
  }

  /** A live key by chance. */
  randomKey(rng: Rng): string | undefined {
    return pickRandomKey(this, rng)
  }

  /** Cluster mode: keys of the slot, expired ones included. */
  countKeysInSlot(slot: number): number {
    return this.store.slots?.countOf(slot) ?? 0
  }

  /** Cluster mode: at most `count` keys, newest first. */
  keysInSlot(slot: number, count: number): string[] {
    const {slots} = this.store
    const keys: string[] = []
    if (slots === undefined) return keys
    let place = slots.newestIn(slot)
    for (; place >= 0 && keys.length < count; place = slots.olderThan(place)) keys.push(this.store.keyAt(place))
    return keys
  }

  /** Cluster mode: drops keys of the slot, newest first, `count` at most. @returns how many there were */
  deleteSlot(slot: number, count = Number.POSITIVE_INFINITY): number {
    const {slots} = this.store
    let deleted = 0
    for (; slots !== undefined && deleted < count && slots.countOf(slot) > 0; deleted++) {
      const place = slots.newestIn(slot)
      // A replica's data are its primary's matter.
      if (!this.state.keepExpired) this.state.propagation.purged(this.index, this.store.keyAt(place))
      this.remove(place)
    }
    return deleted
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
