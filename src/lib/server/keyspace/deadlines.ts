const SHIFT = 10
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1

/** No deadline: later than any. */
export const NEVER = Number.POSITIVE_INFINITY

/**
 * The deadlines of a store's keys, by the key's place, in unix milliseconds. Eight bytes for every key of a chunk in which
 * any has one; chunks without deadlines are not there.
 */
export class Deadlines {
  /** How many keys have one. */
  count = 0
  private readonly chunks: (number[] | undefined)[] = []

  /** NEVER for a key without. */
  at(place: number): number {
    const chunk = this.chunks[place >>> SHIFT]
    const at = place & MASK
    return chunk === undefined || at >= chunk.length ? NEVER : chunk[at]!
  }

  /** @param atMs - NEVER takes it away. @returns what it was */
  set(place: number, atMs: number): number {
    const before = this.at(place)
    if (before === atMs) return before
    const chunk = this.chunkFor(place)
    chunk[place & MASK] = atMs
    if (before === NEVER) this.count++
    else if (atMs === NEVER) this.count--
    return before
  }

  private chunkFor(place: number): number[] {
    const number = place >>> SHIFT
    while (this.chunks.length <= number) this.chunks.push(undefined)
    let chunk = this.chunks[number]
    if (chunk === undefined) {
      chunk = []
      this.chunks[number] = chunk
    }
    while (chunk.length <= (place & MASK)) chunk.push(NEVER)
    return chunk
  }

  /** The key at `place`, which has none, is gone; the last comes into its place. */
  removeAt(place: number, last: number): void {
    if (place !== last) this.set(place, this.set(last, NEVER))
    if ((last & MASK) === 0 && this.chunks.length > last >>> SHIFT) this.chunks.length = last >>> SHIFT
  }

  /** The highest place with a deadline in `floor`..`place`; -1: there is none. */
  findDown(place: number, floor: number): number {
    for (let at = place; at >= floor; at--) {
      const chunk = this.chunks[at >>> SHIFT]
      if (chunk === undefined) at &= ~MASK
      else if (this.at(at) !== NEVER) return at
    }
    return -1
  }
}
