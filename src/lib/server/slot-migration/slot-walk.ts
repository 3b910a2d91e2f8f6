import type {Database} from '../keyspace/database.js'
import {NEVER} from '../keyspace/deadlines.js'
import type {KeyWalk} from '../keyspace/keyspace-state.js'
import {SLOT_COUNT} from '../keyspace/slot-keys.js'
import type {Store} from '../keyspace/store.js'
import type {Value} from '../keyspace/value.js'

/** Takes keys in the order in which they are to be made elsewhere. */
export interface SlotVisitor {
  /** @param expireAtMs - unix milliseconds */
  whole(key: string, value: Value, expireAtMs: number | undefined): void
  /** @returns whether all of it is taken: else the value does not change until `more` or `finish` says so */
  begin(key: string, value: Value, expireAtMs: number | undefined): boolean
  /** Goes on with the key that was begun. @returns whether that was all of it */
  more(): boolean
  /** The value of the key that was begun is about to change. */
  finish(): void
}

/** Copies slots while they change. */
export interface ExportWalk extends KeyWalk {
  /** All data were dropped or replaced at once: nothing of what was copied holds. */
  readonly isStale: boolean
  /** Must changes of the slot be told? */
  tells(slot: number): boolean
  /** A command that names the key is about to be told. */
  touch(key: string): void
  /** Goes on. @returns false: that was all */
  step(): boolean
}

/** Places looked at in one step that visits no key. */
const MARKS_PER_STEP = 256

/** How far a slot is; 0: it is none of those. */
const WAITING = 1
const CURRENT = 2
const DONE = 3

/**
 * Visits the keys of some slots, slot by slot and in slices, while commands go on, for a copy that is kept up to date by a
 * stream of those commands. Unlike a snapshot it needs no moment of its own:
 *
 *   slot not begun    its changes need not be told: the walk will meet their outcome
 *   current slot      a key is visited before it changes, and before a command that reads it is told
 *   slot done         all changes are told
 *
 * So nothing is ever kept back, and what lies in memory is what the connection has not taken yet.
 *
 * The keys of the current slot that are still to be visited are marked, a bit per place of the store. A place changes hands
 * when a key is removed and the last one comes into its place; its mark comes with it.
 */
export class SlotWalk implements ExportWalk {
  private readonly stages = new Uint8Array(SLOT_COUNT)
  private readonly store: Store
  private marks = new Uint8Array(0)
  /** Index in `slots` of the current one. */
  private at = -1
  /** The next place to be looked at, newest key first; -1: none is left. */
  private cursor = -1
  /** The current slot's keys are being marked, and none is visited yet. */
  private isMarking = false
  /** The place of a key that is not taken whole yet; -1: there is none. */
  private begun = -1

  /** @param slots - each once */
  constructor(
    private readonly db: Database,
    private readonly slots: readonly number[],
    private readonly visitor: SlotVisitor,
  ) {
    this.store = db.store
    for (const slot of slots) this.stages[slot] = WAITING
  }

  get isStale(): boolean {
    return this.db.store !== this.store
  }

  get isOver(): boolean {
    return this.at === this.slots.length
  }

  /** Slots that were begun. */
  get progress(): number {
    return Math.max(0, this.at)
  }

  tells(slot: number): boolean {
    const stage = this.stages[slot]!
    return stage === DONE || (stage === CURRENT && !this.isMarking)
  }

  touch(key: string): void {
    const place = this.isOver ? -1 : this.store.find(key)
    if (place >= 0) this.willChange(this.store, place)
  }

  willChange(store: Store, place: number): void {
    if (store !== this.store) return
    if (place === this.begun) {
      this.begun = -1
      this.visitor.finish()
    }
    if (this.isMarking || !this.isMarked(place)) return
    this.setMark(place, false)
    this.visitor.whole(this.store.keyAt(place), this.store.valueAt(place), this.deadlineAt(place))
  }

  willRemove(store: Store, place: number): void {
    this.willChange(store, place)
    if (store !== this.store) return
    const last = store.size - 1
    const moves = this.isMarked(last)
    this.setMark(last, false)
    if (place !== last) this.setMark(place, moves)
    if (this.cursor === place) this.cursor = store.slots!.olderThan(place)
    if (place === last) return
    if (this.cursor === last) this.cursor = place
    if (this.begun === last) this.begun = place
  }

  /** Goes on: visits one key or a piece of it, or looks for one. @returns false: that was all */
  step(): boolean {
    if (this.begun >= 0) {
      if (this.visitor.more()) this.begun = -1
      return true
    }
    if (this.isOver) return false
    if (this.at < 0 || (this.cursor < 0 && !this.isMarking)) return this.nextSlot()
    if (this.isMarking) {
      this.markSome()
      return true
    }
    for (let looked = 0; this.cursor >= 0 && looked < MARKS_PER_STEP; looked++) {
      const place = this.cursor
      this.cursor = this.store.slots!.olderThan(place)
      if (!this.isMarked(place)) continue
      this.setMark(place, false)
      const isWhole = this.visitor.begin(this.store.keyAt(place), this.store.valueAt(place), this.deadlineAt(place))
      if (!isWhole) this.begun = place
      break
    }
    return true
  }

  private nextSlot(): boolean {
    if (this.at >= 0) this.stages[this.slots[this.at]!] = DONE
    this.at++
    if (this.isOver) return false
    const slot = this.slots[this.at]!
    this.stages[slot] = CURRENT
    this.cursor = this.store.slots!.newestIn(slot)
    this.isMarking = this.cursor >= 0
    return true
  }

  private markSome(): void {
    const links = this.store.slots!
    for (let looked = 0; this.cursor >= 0 && looked < MARKS_PER_STEP; looked++) {
      this.setMark(this.cursor, true)
      this.cursor = links.olderThan(this.cursor)
    }
    if (this.cursor >= 0) return
    const newest = links.newestIn(this.slots[this.at]!)
    // Those that came while the others were marked.
    for (let place = newest; place >= 0 && !this.isMarked(place); place = links.olderThan(place)) {
      this.setMark(place, true)
    }
    this.cursor = newest
    this.isMarking = false
  }

  private deadlineAt(place: number): number | undefined {
    const atMs = this.store.deadlineAt(place)
    return atMs === NEVER ? undefined : atMs
  }

  private isMarked(place: number): boolean {
    const byte = place >>> 3
    return byte < this.marks.length && (this.marks[byte]! & (1 << (place & 7))) !== 0
  }

  private setMark(place: number, isSet: boolean): void {
    const byte = place >>> 3
    if (byte >= this.marks.length) {
      if (!isSet) return
      const grown = new Uint8Array(Math.max(64, byte + 1, this.marks.length * 2))
      grown.set(this.marks)
      this.marks = grown
    }
    if (isSet) this.marks[byte]! |= 1 << (place & 7)
    else this.marks[byte]! &= ~(1 << (place & 7))
  }
}
