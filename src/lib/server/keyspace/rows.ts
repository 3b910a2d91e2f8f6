import {StringBytes} from './string-bytes.js'
import type {Value} from './value.js'

/** A value, or the bytes of a string that is changed in place. */
export type Held = Value | StringBytes

/** The value at an even index, its mark behind it: what one key needs lies together in memory. */
type Cell = Held | number

const SHIFT = 10
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1
const NONE: Cell[][] = []
/** An array that grows by `push` makes room for 16 more at once: too much for the few keys of most slots. */
const EXACT_MAX = 8

/**
 * What each key of a store has besides its name, by the key's place: the value, and the mark of the last access (see
 * `KeyspaceState.accessMark`). In chunks, so that no growth copies more than a few KiB, and none keeps room unused.
 */
export class Rows {
  /** Small stores have no other array. */
  private first: Cell[] = []
  private rest: Cell[][] = NONE

  private chunkOf(place: number): Cell[] {
    return place < CHUNK ? this.first : this.rest[(place >>> SHIFT) - 1]!
  }

  heldAt(place: number): Held {
    return this.chunkOf(place)[(place & MASK) << 1] as Held
  }

  /** A string changed in place becomes a string again. */
  valueAt(place: number): Value {
    const chunk = this.chunkOf(place)
    const at = (place & MASK) << 1
    const held = chunk[at] as Held
    if (typeof held === 'string' || !(held instanceof StringBytes)) return held
    const text = held.text()
    chunk[at] = text
    return text
  }

  hold(place: number, held: Held): void {
    this.chunkOf(place)[(place & MASK) << 1] = held
  }

  replace(place: number, held: Held, mark: number): void {
    const chunk = this.chunkOf(place)
    const at = (place & MASK) << 1
    chunk[at] = held
    chunk[at + 1] = mark
  }

  markAt(place: number): number {
    return this.chunkOf(place)[((place & MASK) << 1) + 1] as number
  }

  mark(place: number, mark: number): void {
    this.chunkOf(place)[((place & MASK) << 1) + 1] = mark
  }

  /** @param place - behind all others */
  push(place: number, held: Held, mark: number): void {
    if (place < EXACT_MAX) {
      this.first = [...this.first, held, mark]
      return
    }
    if (place < CHUNK) {
      this.first.push(held, mark)
      return
    }
    const at = (place & MASK) << 1
    if (at === 0) this.addChunk()
    const chunk = this.rest[(place >>> SHIFT) - 1]!
    chunk[at] = held
    chunk[at + 1] = mark
  }

  private addChunk(): void {
    const chunk = new Array<Cell>(CHUNK * 2)
    if (this.rest === NONE) this.rest = [chunk]
    else this.rest.push(chunk)
  }

  /** Takes one out; the last comes into its place. */
  removeAt(place: number, last: number): void {
    const from = this.chunkOf(last)
    const at = (last & MASK) << 1
    if (place !== last) {
      const to = this.chunkOf(place)
      to[(place & MASK) << 1] = from[at]!
      to[((place & MASK) << 1) + 1] = from[at + 1]!
    }
    if (last < CHUNK) from.length = at
    else if (at === 0) this.rest.pop()
    else from[at] = 0
  }
}
