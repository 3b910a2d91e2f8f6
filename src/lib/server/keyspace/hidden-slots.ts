import {hashSlot} from '../../protocol/hash-slot.js'
import {SLOT_COUNT} from './slot-keys.js'
import type {Store} from './store.js'

/**
 * Slots whose keys are in the store but are nobody's to see: on their way in until the node owns them, or given away and
 * not deleted yet. Keys that are asked for by name need no check: routing sends who asks elsewhere.
 */
export class HiddenSlots {
  private readonly flags = new Uint8Array(SLOT_COUNT)
  private readonly slots = new Set<number>()

  get isEmpty(): boolean {
    return this.slots.size === 0
  }

  has(slot: number): boolean {
    return this.flags[slot] === 1
  }

  hasKey(key: string): boolean {
    return this.flags[hashSlot(key)] === 1
  }

  add(slot: number): void {
    this.flags[slot] = 1
    this.slots.add(slot)
  }

  delete(slot: number): void {
    this.flags[slot] = 0
    this.slots.delete(slot)
  }

  /** How many keys of the store are hidden. */
  countIn({slots}: Store): number {
    let count = 0
    if (slots !== undefined) for (const slot of this.slots) count += slots.countOf(slot)
    return count
  }
}
