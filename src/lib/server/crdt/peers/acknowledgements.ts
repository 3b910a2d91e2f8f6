import type {CrdtCore} from '../core/api.js'
import {ChangedSlots} from './changed-slots.js'
import type {Pull} from './pull.js'

/** In one acknowledgement; more take their turn in the next ones. */
const VECTORS_MAX = 256

/** Tells nodes of other regions how far this one is, and those that have use for them the vectors that have changed. */
export class Acknowledgements {
  private readonly slots = new ChangedSlots()

  constructor(private readonly core: Pick<CrdtCore, 'packVectors'>) {}

  changed(slot: number): void {
    this.slots.note(slot)
  }

  /** The node is asked for effects now, and told all vectors with that. */
  toldAll(pull: Pull): void {
    pull.told = this.slots.newSweep(pull.slots)
  }

  /** What there is to tell, some of it. */
  due(pulls: readonly Pull[]): void {
    this.slots.nextRound()
    for (const pull of pulls) {
      const vectors = this.changedFor(pull, VECTORS_MAX)
      if (pull.owesAck || vectors !== undefined) pull.acknowledge(vectors)
    }
  }

  /** To everybody, all of it. */
  all(pulls: readonly Pull[]): void {
    this.slots.nextRound()
    for (const pull of pulls) {
      if (pull.told !== undefined) pull.told.nextSlot = 0
      pull.acknowledge(this.changedFor(pull, Number.POSITIVE_INFINITY))
    }
  }

  /** Packed; undefined: none has changed, or the other side has no use for them. */
  private changedFor(pull: Pull, countMax: number): string | undefined {
    if (!pull.wantsVectors || pull.told === undefined) return undefined
    const changed = this.slots.take(pull.told, countMax)
    return changed.length === 0 ? undefined : this.core.packVectors(changed)
  }
}
