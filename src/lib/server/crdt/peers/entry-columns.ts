import type {ActorKey} from './vectors.js'

/** Which effect an entry of the ring is. */
export interface RingName {
  readonly slot: number
  readonly actor: ActorKey
  readonly sequence: number
}

/** A power of 2, as all capacities are. */
export const ENTRIES_MIN = 1024

/** Entries of a ring, one array for each of what they hold, by position. */
export class EntryColumns {
  /** Of the text, in the ring of texts. */
  readonly offsets: Float64Array
  readonly lengths: Float64Array
  readonly slots: Uint16Array
  readonly actors: Float64Array
  readonly sequences: Float64Array

  constructor(readonly capacity: number) {
    this.offsets = new Float64Array(capacity)
    this.lengths = new Float64Array(capacity)
    this.slots = new Uint16Array(capacity)
    this.actors = new Float64Array(capacity)
    this.sequences = new Float64Array(capacity)
  }

  /** In the arrays. */
  indexOf(position: number): number {
    // The remainder; `%` is slow beyond 2^31.
    return position - Math.floor(position / this.capacity) * this.capacity
  }

  put(position: number, offset: number, length: number, slot: number, actor: ActorKey, sequence: number): void {
    const i = this.indexOf(position)
    this.offsets[i] = offset
    this.lengths[i] = length
    this.slots[i] = slot
    this.actors[i] = actor
    this.sequences[i] = sequence
  }

  nameAt(position: number): RingName {
    const i = this.indexOf(position)
    return {actor: this.actors[i]!, sequence: this.sequences[i]!, slot: this.slots[i]!}
  }

  /** Entries from `start` to `end` in arrays of another capacity. */
  moved(start: number, end: number, capacity: number): EntryColumns {
    const moved = new EntryColumns(capacity)
    for (let position = start; position < end; position++) {
      const i = this.indexOf(position)
      moved.put(position, this.offsets[i]!, this.lengths[i]!, this.slots[i]!, this.actors[i]!, this.sequences[i]!)
    }
    return moved
  }
}
