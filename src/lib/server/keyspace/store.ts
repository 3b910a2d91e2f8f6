import {hashSlot} from '../../protocol/hash-slot.js'
import {MemberTable} from '../values/table/member-table.js'
import {type Deadlines, NEVER} from './deadlines.js'
import {type Held, Rows} from './rows.js'
import {SlotKeys} from './slot-keys.js'
import {StringBytes} from './string-bytes.js'
import type {Value} from './value.js'

/** The types that clients wait for: BLPOP, BZPOPMIN, XREAD BLOCK. */
export type AwaitedType = 'list' | 'stream' | 'zset'

/** What clients that wait for such a value wait for; undefined if nobody can. */
export function awaitedType(held: Held): AwaitedType | undefined {
  if (typeof held === 'string' || held instanceof StringBytes) return undefined
  return held.type === 'list' || held.type === 'zset' || held.type === 'stream' ? held.type : undefined
}

/** What somebody else keeps of each key, by its place. */
export interface Shadow {
  /** The key at the place is about to go; the last one comes into its place. */
  willRemove(place: number, last: number): void
  /** All keys are about to go. */
  willFlush(): void
}

/**
 * The keys of a database: each has a place in 0..size-1, and what belongs to it lies at that place of parallel arrays.
 *
 *   keys: text <-> place     rows[place] = value, mark     deadlines[place] = unix ms, or NEVER
 *
 * A key that is removed leaves its place to the last one. So no place is ever empty: a random place is a random key. And a
 * key only ever moves down: a walk from the highest place down meets every key that stays, whatever else comes and goes.
 * SCAN, the active expiry and the meter rest on that; a place is good until the next removal.
 */
export class Store {
  readonly keys = new MemberTable()
  readonly rows = new Rows()
  /** Undefined while no key has one. */
  deadlines: Deadlines | undefined = undefined
  /** In cluster mode. */
  readonly slots: SlotKeys | undefined
  /** What keys and values from place `countedFrom` on take, about; of meaning while memory is limited. */
  bytes = 0
  countedFrom = 0
  /** Of an active-active database. */
  shadow: Shadow | undefined = undefined

  constructor(isSlotted: boolean) {
    this.slots = isSlotted ? new SlotKeys() : undefined
  }

  get size(): number {
    return this.keys.size
  }

  /** @returns its place, or -1 */
  find(key: string): number {
    return this.keys.find(key)
  }

  keyAt(place: number): string {
    return this.keys.at(place)
  }

  heldAt(place: number): Held {
    return this.rows.heldAt(place)
  }

  valueAt(place: number): Value {
    return this.rows.valueAt(place)
  }

  /** `awaitedType` of the value there. */
  awaitedTypeAt(place: number): AwaitedType | undefined {
    return awaitedType(this.heldAt(place))
  }

  deadlineAt(place: number): number {
    return this.deadlines === undefined ? NEVER : this.deadlines.at(place)
  }

  /** The key at the place, without a deadline, goes; the last comes into its place. */
  removeAt(place: number): void {
    const {deadlines, keys, rows, shadow, slots} = this
    const last = keys.size - 1
    if (shadow !== undefined) shadow.willRemove(place, last)
    if (slots !== undefined) slots.willRemove(hashSlot(keys.at(place)), place, keys)
    keys.removeAt(place)
    rows.removeAt(place, last)
    if (deadlines !== undefined) deadlines.removeAt(place, last)
  }
}
