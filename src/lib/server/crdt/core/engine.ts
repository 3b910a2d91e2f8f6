import type {ActorTable} from './actors.js'
import type {CrdtObserver} from './api.js'
import type {HybridClock} from './hybrid-clock.js'
import {Slot} from './slot.js'
import {SlotTable} from './slot-table.js'

/** What all that changes a state works on. */
export class Engine {
  readonly slots = new SlotTable()
  observer: CrdtObserver | undefined = undefined
  willChange: ((slot: number) => void) | undefined = undefined
  /** Index of the one who writes here. */
  actor = 0

  constructor(
    readonly actors: ActorTable,
    readonly clock: HybridClock,
  ) {}

  slotAt(number: number): Slot {
    let slot = this.slots.get(number)
    if (slot === undefined) {
      slot = new Slot(number)
      this.slots.set(slot)
    }
    return slot
  }
}
