import type {Slot} from './slot.js'

const SLOT_COUNT = 16384

/** Slots of which anything is known, by number: each write looks one up. */
export class SlotTable {
  private readonly slots: (Slot | undefined)[] = new Array(SLOT_COUNT).fill(undefined)

  get(number: number): Slot | undefined {
    return this.slots[number]
  }

  has(number: number): boolean {
    return this.slots[number] !== undefined
  }

  set(slot: Slot): void {
    this.slots[slot.number] = slot
  }

  delete(number: number): void {
    this.slots[number] = undefined
  }

  clear(): void {
    this.slots.fill(undefined)
  }

  /** By number, ascending. */
  *values(): Generator<Slot> {
    for (const slot of this.slots) if (slot !== undefined) yield slot
  }
}
