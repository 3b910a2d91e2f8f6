import {Deque} from '../../../../kernel/deque.js'
import {CAPACITY_MIN, CHUNK_ELEMENTS, Chunk} from './chunk.js'

/**
 * Elements in order, at 24 or 32 bytes and a value each: two doubles that the owner orders by, a dot, a clock if it asks for
 * one, the value, and now and then something more.
 *
 *   chunk   |....|a b dot|a b dot|......|   at most 128 elements; room at both ends, so ends are O(1)
 *           start^               ^end
 *
 * A place is chunk * 128 + offset: good until the next change.
 */
export type Place = number

export class Cells<Value, More> {
  length = 0
  /** None is empty. */
  readonly chunks = new Deque<Chunk<Value, More>>()
  private readonly stride: number

  constructor(hasClocks = false) {
    this.stride = hasClocks ? 4 : 3
  }

  a(place: Place): number {
    return this.chunks.at(place >>> 7).cells[(place & 127) * this.stride]!
  }

  b(place: Place): number {
    return this.chunks.at(place >>> 7).cells[(place & 127) * this.stride + 1]!
  }

  dot(place: Place): number {
    return this.chunks.at(place >>> 7).cells[(place & 127) * this.stride + 2]!
  }

  /** Only where there are clocks. */
  clock(place: Place): number {
    return this.chunks.at(place >>> 7).cells[(place & 127) * this.stride + 3]!
  }

  value(place: Place): Value {
    return this.chunks.at(place >>> 7).values[place & 127]!
  }

  more(place: Place): More | undefined {
    return this.chunks.at(place >>> 7).mores?.[place & 127]
  }

  /** The order must stay as it is. */
  write(place: Place, a: number, b: number, dot: number, value: Value, more: More | undefined, clock = 0): void {
    this.chunks.at(place >>> 7).write(place & 127, a, b, dot, value, more, clock)
  }

  /** @param index - 0..length; `length`: the end */
  placeAt(index: number): Place {
    if (index >= this.length) return this.endPlace()
    const {chunks} = this
    if (index < this.length >>> 1) {
      let rest = index
      let i = 0
      while (rest >= chunks.at(i).size) rest -= chunks.at(i++).size
      return i * CHUNK_ELEMENTS + chunks.at(i).start + rest
    }
    let rest = this.length - index
    let i = chunks.length - 1
    while (rest > chunks.at(i).size) rest -= chunks.at(i--).size
    return i * CHUNK_ELEMENTS + chunks.at(i).end - rest
  }

  indexOf(place: Place): number {
    const {chunks} = this
    const chunk = place >>> 7
    if (chunk >= chunks.length) return this.length
    if (chunk < chunks.length >>> 1) {
      let index = (place & 127) - chunks.at(chunk).start
      for (let i = 0; i < chunk; i++) index += chunks.at(i).size
      return index
    }
    let index = this.length - (chunks.at(chunk).end - (place & 127))
    for (let i = chunk + 1; i < chunks.length; i++) index -= chunks.at(i).size
    return index
  }

  endPlace(): Place {
    return this.chunks.length * CHUNK_ELEMENTS
  }

  isEnd(place: Place): boolean {
    return place >= this.chunks.length * CHUNK_ELEMENTS
  }

  /** The end if there is none. */
  firstPlace(): Place {
    return this.length === 0 ? 0 : this.chunks.at(0).start
  }

  lastPlace(): Place {
    const last = this.chunks.length - 1
    return last * CHUNK_ELEMENTS + this.chunks.at(last).end - 1
  }

  /** All of them, in order. */
  *places(): Generator<Place> {
    for (let place = this.firstPlace(); !this.isEnd(place); place = this.next(place)) yield place
  }

  /** @param isBehind - does the element at `place` belong behind the one at `before`, which stands before it? */
  areInOrder(isBehind: (place: Place, before: Place) => boolean): boolean {
    let before: Place | undefined
    for (const place of this.places()) {
      if (before !== undefined && !isBehind(place, before)) return false
      before = place
    }
    return true
  }

  next(place: Place): Place {
    const chunk = place >>> 7
    if ((place & 127) + 1 < this.chunks.at(chunk).end) return place + 1
    return this.startOf(chunk + 1)
  }

  private startOf(chunk: number): Place {
    return chunk < this.chunks.length ? chunk * CHUNK_ELEMENTS + this.chunks.at(chunk).start : this.endPlace()
  }

  /**
   * The first element that does not come before what is looked for.
   *
   * @param compare - below 0: the element at this place comes before it
   */
  find(compare: (place: Place) => number): Place {
    const {chunks} = this
    if (chunks.length === 0 || compare(this.lastPlace()) < 0) return this.endPlace()
    // What is at the head is asked for most often.
    const head = this.firstPlace()
    if (compare(head) >= 0) return head
    let low = 0
    let high = chunks.length - 1
    // The first chunk whose last element does not come before it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(middle * CHUNK_ELEMENTS + chunks.at(middle).end - 1) < 0) low = middle + 1
      else high = middle
    }
    const chunk = chunks.at(low)
    let first = chunk.start
    let last = chunk.end - 1
    while (first < last) {
      const middle = (first + last) >>> 1
      if (compare(low * CHUNK_ELEMENTS + middle) < 0) first = middle + 1
      else last = middle
    }
    return low * CHUNK_ELEMENTS + first
  }

  insert(place: Place, a: number, b: number, dot: number, value: Value, more: More | undefined, clock = 0): void {
    const {chunks} = this
    this.length++
    let index = place >>> 7
    let at = place & 127
    if (index > 0 && (index === chunks.length || at === chunks.at(index).start)) {
      // Between two chunks: behind the first of them.
      index--
      at = chunks.at(index).end
    }
    const chunk = index < chunks.length ? chunks.at(index) : undefined
    if (chunk === undefined) {
      const first = new Chunk<Value, More>(CAPACITY_MIN, 0, this.stride)
      chunks.pushTail(first)
      first.end = 1
      first.write(0, a, b, dot, value, more, clock)
    } else if (at === chunk.end) this.insertBehind(index).write(this.opened, a, b, dot, value, more, clock)
    else if (at === chunk.start) this.insertBefore(index).write(this.opened, a, b, dot, value, more, clock)
    else if (chunk.size < CHUNK_ELEMENTS) chunk.write(chunk.open(at), a, b, dot, value, more, clock)
    else {
      chunks.insert(index + 1, chunk.split())
      const half = at > chunk.end ? chunks.at(index + 1) : chunk
      const within = at > chunk.end ? at - chunk.end : at
      const opened = within === half.end ? half.openEnd(false)! : half.open(within)
      half.write(opened, a, b, dot, value, more, clock)
    }
  }

  /** Where the two below made room in the chunk that they return. */
  private opened = 0

  private insertBehind(index: number): Chunk<Value, More> {
    const {chunks} = this
    const opened = chunks.at(index).openEnd(chunks.length === 1)
    if (opened !== undefined) {
      this.opened = opened
      return chunks.at(index)
    }
    const chunk = new Chunk<Value, More>(CHUNK_ELEMENTS, 0, this.stride)
    chunks.insert(index + 1, chunk)
    this.opened = chunk.openEnd(false)!
    return chunk
  }

  private insertBefore(index: number): Chunk<Value, More> {
    const {chunks} = this
    const opened = chunks.at(index).openStart(chunks.length === 1)
    if (opened !== undefined) {
      this.opened = opened
      return chunks.at(index)
    }
    const chunk = new Chunk<Value, More>(CHUNK_ELEMENTS, CHUNK_ELEMENTS, this.stride)
    chunks.insert(index, chunk)
    this.opened = chunk.openStart(false)!
    return chunk
  }

  clear(): void {
    this.length = 0
    this.chunks.replace([])
  }

  push(a: number, b: number, dot: number, value: Value, more: More | undefined, clock = 0): void {
    this.insert(this.endPlace(), a, b, dot, value, more, clock)
  }

  /** @returns the place behind what went */
  remove(place: Place, count: number): Place {
    const {chunks} = this
    let index = place >>> 7
    let at = place & 127
    let rest = count
    this.length -= count
    while (rest > 0) {
      const chunk = chunks.at(index)
      const here = Math.min(rest, chunk.end - at)
      rest -= here
      if (here === chunk.size) {
        chunks.remove(index, 1)
      } else {
        const isTail = at + here === chunk.end
        const wereBefore = at - chunk.start
        chunk.close(at, at + here)
        if (isTail) index++
        else return this.joined(index, wereBefore)
      }
      if (index < chunks.length) at = chunks.at(index).start
    }
    return this.startOf(index)
  }

  /** Removals all over must not leave a long list of tiny chunks. @returns the place of the element at `offset` of the chunk */
  private joined(index: number, offset: number): Place {
    const {chunks} = this
    const chunk = chunks.at(index)
    const next = index + 1 < chunks.length ? chunks.at(index + 1) : undefined
    const joins = next !== undefined && chunk.size + next.size <= CHUNK_ELEMENTS >>> 1
    if (joins) {
      for (let at = next.start; at < next.end; at++) {
        chunk.take(next, at)
      }
      chunks.remove(index + 1, 1)
    }
    return index * CHUNK_ELEMENTS + chunk.start + offset
  }
}
