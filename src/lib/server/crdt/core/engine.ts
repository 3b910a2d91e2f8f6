import type {ActorTable} from './actors.js'
import type {CrdtObserver} from './api.js'
import type {HybridClock} from './hybrid-clock.js'
import {SlotTable} from './slot-table.js'

/** What all that changes a state works on. */
export class Engine {
  slots = new SlotTable()
  observer: CrdtObserver | undefined = undefined
  willChange: ((slot: number) => void) | undefined = undefined
  /** Index of the one who writes here. */
  actor = 0

  constructor(
    readonly actors: ActorTable,
    readonly clock: HybridClock,
    private readonly slotOf?: (key: string) => number,
  ) {}

  /** May it be a key of the slot? */
  isOf(slot: number, key: string): boolean {
    return this.slotOf === undefined || this.slotOf(key) === slot
  }
}
