import {SLOT_COUNT} from '../../../model/slot-set.js'
import type {PlacedKeys} from './placed-keys.js'
import {Slot} from './slot.js'
import {SlotVectors} from './slot-vectors.js'

/** Slots of which anything is known, by number, and what all of them keep together. */
export class SlotTable {
  readonly vectors = new SlotVectors()
  /** Rough, by slot: what keys and elements take. */
  readonly bytes = new Float64Array(SLOT_COUNT)
  readonly garbage = new Int32Array(SLOT_COUNT)
  private readonly slots: (Slot | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  private beside: PlacedKeys | undefined = undefined

  /** Undefined: slots have tables of their own alone. */
  get placed(): PlacedKeys | undefined {
    return this.beside
  }

  set placed(placed: PlacedKeys | undefined) {
    this.beside = placed
    for (const {keys} of this.values()) keys.count()
  }

  get(number: number): Slot | undefined {
    return this.slots[number]
  }

  has(number: number): boolean {
    return this.slots[number] !== undefined
  }

  /** Made if nothing is known of it. */
  at(number: number): Slot {
    let slot = this.slots[number]
    if (slot === undefined) {
      slot = new Slot(this, number)
      this.slots[number] = slot
    }
    return slot
  }

  delete(number: number): void {
    this.slots[number]?.keys.clear()
    this.slots[number] = undefined
    this.vectors.clear(number)
    this.bytes[number] = 0
    this.garbage[number] = 0
  }

  /** By number, ascending. */
  *values(): Generator<Slot> {
    for (const slot of this.slots) if (slot !== undefined) yield slot
  }
}
