import type {ActorKey} from './vectors.js'

/** Which effect an entry of the ring is. */
export interface RingName {
  readonly slot: number
  readonly actor: ActorKey
  readonly sequence: number
}

/** Of each part, a power of 2: it has to be made in the midst of the work. */
export const PART_ENTRIES = 1 << 12

/** Entries one behind the other, one array for each of what they hold. */
export class EntryPart {
  /** Of the text, in the ring of texts. */
  readonly offsets = new Float64Array(PART_ENTRIES)
  readonly lengths = new Float64Array(PART_ENTRIES)
  readonly slots = new Uint16Array(PART_ENTRIES)
  readonly actors = new Float64Array(PART_ENTRIES)
  readonly sequences = new Float64Array(PART_ENTRIES)
}

/** Entries of a ring by position, in parts of one size: what is there is never moved. */
export class EntryColumns {
  private parts: EntryPart[] = []
  /** The position at which the first part begins, a multiple of its size. */
  private base = 0
  /** The last one that was left: it will be the next that is needed. */
  private spare: EntryPart | undefined

  /** @param position - in the ring */
  partOf(position: number): EntryPart {
    return this.parts[Math.floor((position - this.base) / PART_ENTRIES)]!
  }

  /** In the arrays of its part. */
  indexOf(position: number): number {
    // The remainder; `%` is slow beyond 2^31.
    return position - Math.floor(position / PART_ENTRIES) * PART_ENTRIES
  }

  /** @param position - the one behind the last, or any if there is none */
  put(position: number, offset: number, length: number, slot: number, actor: ActorKey, sequence: number): void {
    const i = this.indexOf(position)
    if (this.parts.length === 0) this.base = position - i
    if (position - this.base >= this.parts.length * PART_ENTRIES) {
      this.parts.push(this.spare ?? new EntryPart())
      this.spare = undefined
    }
    const part = this.partOf(position)
    part.offsets[i] = offset
    part.lengths[i] = length
    part.slots[i] = slot
    part.actors[i] = actor
    part.sequences[i] = sequence
  }

  nameAt(position: number): RingName {
    const i = this.indexOf(position)
    const {actors, sequences, slots} = this.partOf(position)
    return {actor: actors[i]!, sequence: sequences[i]!, slot: slots[i]!}
  }

  /** What is before the position has gone. */
  dropBefore(position: number): void {
    while (this.parts.length > 0 && position - this.base >= PART_ENTRIES) {
      this.spare = this.parts.shift()
      this.base += PART_ENTRIES
    }
  }
}
