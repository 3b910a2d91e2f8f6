import {hashSlot} from '../../protocol/hash-slot.js'
import {Deadlines, NEVER} from './deadlines.js'
import type {HiddenSlots} from './hidden-slots.js'
import {KeyObservers} from './key-observers.js'
import type {KeyspaceState} from './keyspace-state.js'
import {DEADLINE_BYTES} from './memory-meter.js'
import {NOTIFY_EVICTED, NOTIFY_EXPIRED, NOTIFY_GENERIC, NOTIFY_NEW} from './notifications.js'
import {type AwaitedType, awaitedType, Store} from './store.js'
import type {Value} from './value.js'

/**
 * Keys, their values and deadlines: finding, writing, deleting, expiring one key at a time.
 *
 * Whoever looks a key up that has expired deletes it on the way (unless `keepExpired`). Every change counts `state.dirty`
 * and breaks WATCH.
 */
export class StoredKeys extends KeyObservers {
  readonly isSlotted: boolean
  store: Store
  /** Slots whose keys nobody is to see; undefined while there are none. */
  hidden: HiddenSlots | undefined = undefined

  /** The routing check has just hashed this key; the same string is asked for next. */
  private hintKey = ''
  private hintSlot = 0
  /** Of the key written last, as long as no key was removed. */
  private writtenPlace = 0
  /** What was written last is what somebody may wait for. */
  private isNewsWritten = false

  constructor(index: number, state: KeyspaceState, isSlotted: boolean) {
    super(index, state)
    this.isSlotted = isSlotted
    this.store = new Store(isSlotted)
  }

  /** Number of keys, expired ones not yet deleted included. */
  get size(): number {
    return this.store.size
  }

  /** Without those of hidden slots. */
  get visibleSize(): number {
    return this.hidden === undefined ? this.size : this.size - this.hidden.countIn(this.store)
  }

  /** Is what lies at the place nobody's to see? */
  isHiddenAt(place: number): boolean {
    return this.hidden?.hasKey(this.store.keyAt(place)) === true
  }

  /** Number of keys with a deadline. */
  get expiresSize(): number {
    return this.store.deadlines?.count ?? 0
  }

  /** Tells the slot of the key that the coming command names, to hash it once only. */
  hint(key: string, slot: number): void {
    this.hintKey = key
    this.hintSlot = slot
  }

  /** The place of the key, expired or not, or -1. The one just written is found without a search. */
  placeOf(key: string): number {
    const {store, writtenPlace} = this
    if (writtenPlace < store.size && store.keyAt(writtenPlace) === key) return writtenPlace
    return store.find(key)
  }

  /** Cluster mode. */
  slotOf(key: string): number {
    return key === this.hintKey && key !== '' ? this.hintSlot : hashSlot(key)
  }

  /** The place of the live key, or -1. */
  protected live(key: string): number {
    const {store} = this
    const place = store.find(key)
    const {state} = this
    if (place < 0 || store.deadlines === undefined || store.deadlines.at(place) > state.nowMs) return place
    // The primary decides when a key is gone; its commands find it until then.
    if (state.isApplying) return place
    this.expire(place)
    return -1
  }

  has(key: string): boolean {
    return this.live(key) >= 0
  }

  /** Also true for a key that is expired but not deleted yet: what routing asks. */
  hasEvenExpired(key: string): boolean {
    return this.store.find(key) >= 0
  }

  /** There, but past its deadline: watched keys are asked so. Deletes nothing. */
  isExpired(key: string): boolean {
    const place = this.store.find(key)
    return place >= 0 && this.store.deadlineAt(place) <= this.state.nowMs
  }

  /** All live keys; those shown already may be deleted meanwhile. */
  *keys(): Generator<string> {
    const {state, store} = this
    for (let place = store.size - 1; place >= 0; place--) {
      if (store.deadlineAt(place) > state.nowMs) yield store.keyAt(place)
    }
  }

  /** Deletes a key whose deadline has passed, unless deletions come from the primary alone. */
  expire(place: number): void {
    // The node that a hidden key comes from decides when it is gone.
    if (this.state.keepExpired || this.isHiddenAt(place)) return
    if (this.state.expiry !== undefined && !this.state.expiry.mayExpire(this.store.keyAt(place))) return
    this.removeExpired(place)
  }

  private removeExpired(place: number): void {
    const key = this.store.keyAt(place)
    const unmoved = this.watchers.size === 0 ? undefined : this.whoSawExpired(key)
    this.state.isExpiring = true
    this.remove(place)
    this.state.isExpiring = false
    this.tellDropped(key, this.state.unlinksExpired)
    if (unmoved !== undefined) for (const watcher of unmoved) watcher.watchBroken = false
    this.state.expiredKeys++
    this.notify(NOTIFY_EXPIRED, 'expired', key)
  }

  /** Deletes a key to make room. */
  evict(place: number): void {
    const key = this.store.keyAt(place)
    this.remove(place)
    this.tellDropped(key, this.state.unlinksEvicted)
    this.state.evictedKeys++
    this.notify(NOTIFY_EVICTED, 'evicted', key)
  }

  /** What nobody's command deleted goes out as a command of its own, and is no change that the command made. */
  private tellDropped(key: string, unlinks: boolean): void {
    this.state.dirty--
    this.state.propagation.dropped(this.index, key, unlinks)
  }

  /** Sets the value and drops any deadline, as SET does. */
  set(key: string, value: Value): void {
    const place = this.write(key, value)
    if (this.store.deadlines !== undefined) this.dropDeadline(place)
    this.changed(key, this.awaited.size !== 0 && this.isNewsWritten)
  }

  /** Sets the value and keeps the deadline of a live key, as APPEND does. An expired key starts anew. */
  put(key: string, value: Value): void {
    this.write(key, value)
    this.changed(key, this.awaited.size !== 0 && this.isNewsWritten)
  }

  /** `put` of the same content in another form: no change that anybody is told of. */
  putUntold(key: string, value: Value): void {
    this.write(key, value)
  }

  /** @returns the key's place */
  protected write(key: string, value: Value): number {
    const {state, store} = this
    const {keys, rows} = store
    let place = keys.add(key)
    if (place >= 0 && store.deadlines !== undefined && store.deadlines.at(place) <= state.nowMs && !state.keepExpired) {
      // Whoever may delete it: what is written begins anew.
      if (state.expiry === undefined) this.expire(place)
      else this.removeExpired(place)
      place = keys.add(key)
    }
    // As in redis-server: what takes the place of another value serves nobody, but a stream that is gone is told.
    if (this.awaited.size !== 0) {
      this.isNewsWritten = place < 0 ? this.isWaitedFor(awaitedType(value)) : this.isAwaitedStream(place)
    }
    if (place >= 0) {
      if (state.walks.size !== 0) state.willChange(store, place)
      if (state.meter !== undefined) state.meter.replaced(store, place, rows.heldAt(place), value)
      rows.replace(place, value, state.nextMark(rows.markAt(place)))
      this.writtenPlace = place
      return place
    }
    place = keys.size - 1
    this.writtenPlace = place
    rows.push(place, value, state.firstMark)
    if (store.slots !== undefined) store.slots.add(this.slotOf(key), place)
    if (state.meter !== undefined) state.meter.added(store, value)
    this.notify(NOTIFY_NEW, 'new', key)
    return place
  }

  /** Who waits for a list or a sorted set waits for it to be made, also if it was there in vain; a stream may grow. */
  private isNewsWithin(key: string): boolean {
    const place = this.store.find(key)
    return place < 0 || this.isAwaitedStream(place)
  }

  /** Somebody waits for a value of the type, whatever the key: as in redis-server, it is no news otherwise. */
  protected isWaitedFor(type: AwaitedType | undefined): boolean {
    return type !== undefined && this.state.waiting[type] !== 0
  }

  private isAwaitedStream(place: number): boolean {
    return this.store.awaitedTypeAt(place) === 'stream' && this.isWaitedFor('stream')
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
    const place = this.live(key)
    if (place >= 0) this.remove(place)
    return place >= 0
  }

  /**
   * Deletes a key to make room or because a command's result is empty, expired or not: that it had run out is not told.
   *
   * @returns whether it was there
   */
  drop(key: string): boolean {
    const place = this.store.find(key)
    if (place >= 0) this.remove(place)
    return place >= 0
  }

  /** Deletes a key whose last element a command took, with the event that follows the command's own. */
  deleteEmptied(key: string): void {
    if (this.delete(key)) this.notify(NOTIFY_GENERIC, 'del', key)
  }

  protected remove(place: number): void {
    const {state, store} = this
    const key = store.keyAt(place)
    const isNews = this.awaited.size !== 0 && this.isAwaitedStream(place)
    if (store.deadlines !== undefined) this.dropDeadline(place)
    if (state.walks.size !== 0) state.willRemove(store, place)
    if (state.meter !== undefined) state.meter.willRemove(store, place)
    store.removeAt(place)
    this.changed(key, isNews)
  }

  private dropDeadline(place: number): boolean {
    const {deadlines} = this.store
    if (deadlines === undefined || deadlines.at(place) === NEVER) return false
    if (this.state.walks.size !== 0) this.state.willChange(this.store, place)
    deadlines.set(place, NEVER)
    this.state.meter?.grew(this.store, place, -DEADLINE_BYTES)
    if (deadlines.count === 0) this.store.deadlines = undefined
    return true
  }

  /** The deadline of a live key in unix milliseconds; undefined without one or without the key. */
  expiryOf(key: string): number | undefined {
    const place = this.live(key)
    const atMs = place < 0 ? NEVER : this.store.deadlineAt(place)
    return atMs === NEVER ? undefined : atMs
  }

  /** The key must exist. @param atMs - unix milliseconds; a deadline in the past expires at the next access */
  setExpiry(key: string, atMs: number): void {
    const {store} = this
    const place = store.find(key)
    if (place < 0) return
    if (this.state.walks.size !== 0) this.state.willChange(store, place)
    store.deadlines ??= new Deadlines()
    if (store.deadlines.set(place, atMs) === NEVER) this.state.meter?.grew(store, place, DEADLINE_BYTES)
    this.touched(key)
  }

  /** @returns whether there was a deadline */
  removeExpiry(key: string): boolean {
    const place = this.live(key)
    if (place < 0 || !this.dropDeadline(place)) return false
    this.touched(key)
    return true
  }
}
