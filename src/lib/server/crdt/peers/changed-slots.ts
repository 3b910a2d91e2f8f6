import {SLOT_COUNT, type SlotRange} from '../../../model/slot-set.js'

/** When something of each slot came last, counted in rounds. */
export class ChangedSlots {
  private readonly changedIn = new Uint32Array(SLOT_COUNT)
  private round = 1

  note(slot: number): void {
    this.changedIn[slot] = this.round
  }

  nextRound(): void {
    this.round++
  }

  /** For somebody who knows nothing of these slots yet, and has use for no others. */
  newSweep(slots: readonly SlotRange[]): Sweep {
    const isWanted = new Uint8Array(SLOT_COUNT)
    for (const {first, last} of slots) isWanted.fill(1, first, last + 1)
    return {isWanted, nextSlot: 0, since: 1, startedIn: this.round}
  }

  /** It goes through all slots now: what changes from here on is for the next time. */
  begin(sweep: Sweep): void {
    sweep.startedIn = this.round
  }

  /**
   * Slots whose vectors somebody has yet to be told, ascending. It goes on where it stopped: with many writes thousands of
   * slots change within a second, which is too much to tell, and to take in, in one go.
   */
  take(sweep: Sweep, countMax: number): number[] {
    const {isWanted} = sweep
    const found: number[] = []
    for (; sweep.nextSlot < SLOT_COUNT; sweep.nextSlot++) {
      if (found.length === countMax) return found
      const slot = sweep.nextSlot
      if (this.changedIn[slot]! >= sweep.since && isWanted[slot] === 1) found.push(slot)
    }
    // What changed behind it on its way has a round of then or later.
    sweep.nextSlot = 0
    sweep.since = sweep.startedIn
    sweep.startedIn = this.round
    return found
  }
}

/** How far somebody has been told. */
export interface Sweep {
  /** By slot, 1: it is. */
  readonly isWanted: Uint8Array
  nextSlot: number
  /** Slots are told that have changed in this round or later. */
  since: number
  startedIn: number
}
