import {MemberTable} from '../values/table/member-table.js'
import {type Deadlines, NEVER} from './deadlines.js'
import {type Held, Rows} from './rows.js'
import type {Value} from './value.js'

/**
 * The keys of one slot, or all of them outside cluster mode: each has a place in 0..size-1, and what belongs to it lies at
 * that place of parallel arrays.
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
  /** What keys and values from place `countedFrom` on take, about; of meaning while memory is limited. */
  bytes = 0
  countedFrom = 0

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

  deadlineAt(place: number): number {
    return this.deadlines === undefined ? NEVER : this.deadlines.at(place)
  }

  removeAt(place: number): void {
    const last = this.keys.size - 1
    this.keys.removeAt(place)
    this.rows.removeAt(place, last)
    this.deadlines?.removeAt(place, last)
  }
}
