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

export const CHUNK_ELEMENTS = 128
const CAPACITY_MIN = 4

export class Chunk<Value, More> {
  cells: Float64Array
  values: (Value | undefined)[]
  /** Parallel to `values`; undefined while no element of the chunk has anything more. */
  mores: (More | undefined)[] | undefined
  end: number

  /** @param start - where the first element will stand */
  constructor(
    capacity: number,
    public start: number,
    private readonly stride: number,
  ) {
    this.cells = new Float64Array(capacity * stride)
    this.values = new Array(capacity).fill(undefined)
    this.end = start
  }

  get size(): number {
    return this.end - this.start
  }

  write(at: number, a: number, b: number, dot: number, value: Value, more: More | undefined, clock: number): void {
    const {cells, stride} = this
    cells[at * stride] = a
    cells[at * stride + 1] = b
    cells[at * stride + 2] = dot
    if (stride > 3) cells[at * stride + 3] = clock
    this.values[at] = value
    if (this.mores !== undefined) this.mores[at] = more
    else if (more !== undefined) {
      this.mores = new Array(this.values.length).fill(undefined)
      this.mores[at] = more
    }
  }

  /** @param delta - -1 or 1: elements [from, to) move by so much */
  private shift(from: number, to: number, delta: number): void {
    const {stride} = this
    this.cells.copyWithin((from + delta) * stride, from * stride, to * stride)
    this.values.copyWithin(from + delta, from, to)
    this.mores?.copyWithin(from + delta, from, to)
  }

  /** Makes room before `at`, which is at neither end. The chunk must not be full. @returns where */
  open(at: number): number {
    const isNearStart = at - this.start < this.end - at
    if (this.size === this.values.length) return this.open(at + this.resize(this.size * 2, 0))
    if (this.start > 0 && (isNearStart || this.end === this.values.length)) {
      this.shift(this.start, at, -1)
      this.start--
      return at - 1
    }
    this.shift(at, this.end, 1)
    this.end++
    return at
  }

  /** @returns where the next element goes; undefined: a chunk of its own is to be begun */
  openEnd(isAlone: boolean): number | undefined {
    const capacity = this.values.length
    if (this.end === capacity) {
      const fitting = this.fitting(isAlone)
      if (fitting === undefined) return undefined
      this.resize(fitting, 0)
    }
    return this.end++
  }

  openStart(isAlone: boolean): number | undefined {
    if (this.start === 0) {
      const fitting = this.fitting(isAlone)
      if (fitting === undefined) return undefined
      this.resize(fitting, fitting - this.size)
    }
    return --this.start
  }

  /** Of a queue that is short, elements are moved together again; a long one goes on in another chunk. */
  private fitting(isAlone: boolean): number | undefined {
    const capacity = this.values.length
    if (capacity === CHUNK_ELEMENTS && (!isAlone || this.size > CHUNK_ELEMENTS / 2)) return undefined
    if (this.size > capacity / 2) return capacity * 2
    return this.size > capacity / 4 ? capacity : Math.max(CAPACITY_MIN, capacity / 2)
  }

  /** @param to - where the elements are to start. @returns by how much they moved */
  private resize(capacity: number, to: number): number {
    const {cells, mores, size, start, stride, end, values} = this
    this.cells = new Float64Array(capacity * stride)
    this.cells.set(cells.subarray(start * stride, end * stride), to * stride)
    this.values = moved(values, start, end, capacity, to)
    if (mores !== undefined) this.mores = moved(mores, start, end, capacity, to)
    this.start = to
    this.end = to + size
    return to - start
  }

  /** An element of another chunk, behind all others. There must be room. */
  take(from: Chunk<Value, More>, at: number): void {
    const {cells, stride} = from
    const [a, b, dot, clock] = cells.subarray(at * stride, (at + 1) * stride)
    this.write(this.openEnd(true)!, a!, b!, dot!, from.values[at] as Value, from.mores?.[at], clock ?? 0)
  }

  /** Elements [from, to) go. */
  close(from: number, to: number): void {
    const {end, start} = this
    const count = to - from
    if (from - start <= end - to) {
      if (from > start) this.shift(start, from, count)
      this.clear(start, start + count)
      this.start += count
    } else {
      if (to < end) this.shift(to, end, -count)
      this.clear(end - count, end)
      this.end -= count
    }
  }

  private clear(from: number, to: number): void {
    this.values.fill(undefined, from, to)
    this.mores?.fill(undefined, from, to)
  }

  /** The second half as a chunk of its own. */
  split(): Chunk<Value, More> {
    const {cells, mores, start, stride, values} = this
    const middle = start + (this.size >>> 1)
    const rest = new Chunk<Value, More>(CHUNK_ELEMENTS, 0, stride)
    rest.cells.set(cells.subarray(middle * stride, this.end * stride))
    rest.values = moved(values, middle, this.end, CHUNK_ELEMENTS, 0)
    if (mores !== undefined) rest.mores = moved(mores, middle, this.end, CHUNK_ELEMENTS, 0)
    rest.end = this.end - middle
    this.clear(middle, this.end)
    this.end = middle
    return rest
  }
}

function moved<T>(from: readonly T[], start: number, end: number, capacity: number, to: number): (T | undefined)[] {
  const result: (T | undefined)[] = new Array(capacity).fill(undefined)
  for (let i = start; i < end; i++) result[to + i - start] = from[i]
  return result
}

export class Cells<Value, More> {
  length = 0
  /** None is empty. */
  readonly chunks: Chunk<Value, More>[] = []
  private readonly stride: number

  constructor(hasClocks = false) {
    this.stride = hasClocks ? 4 : 3
  }

  a(place: Place): number {
    return this.chunks[place >>> 7]!.cells[(place & 127) * this.stride]!
  }

  b(place: Place): number {
    return this.chunks[place >>> 7]!.cells[(place & 127) * this.stride + 1]!
  }

  dot(place: Place): number {
    return this.chunks[place >>> 7]!.cells[(place & 127) * this.stride + 2]!
  }

  /** Only where there are clocks. */
  clock(place: Place): number {
    return this.chunks[place >>> 7]!.cells[(place & 127) * this.stride + 3]!
  }

  value(place: Place): Value {
    return this.chunks[place >>> 7]!.values[place & 127]!
  }

  more(place: Place): More | undefined {
    return this.chunks[place >>> 7]!.mores?.[place & 127]
  }

  /** The order must stay as it is. */
  write(place: Place, a: number, b: number, dot: number, value: Value, more: More | undefined, clock = 0): void {
    this.chunks[place >>> 7]!.write(place & 127, a, b, dot, value, more, clock)
  }

  /** @param index - 0..length; `length`: the end */
  placeAt(index: number): Place {
    if (index >= this.length) return this.endPlace()
    const {chunks} = this
    if (index < this.length >>> 1) {
      let rest = index
      let i = 0
      while (rest >= chunks[i]!.size) rest -= chunks[i++]!.size
      return i * CHUNK_ELEMENTS + chunks[i]!.start + rest
    }
    let rest = this.length - index
    let i = chunks.length - 1
    while (rest > chunks[i]!.size) rest -= chunks[i--]!.size
    return i * CHUNK_ELEMENTS + chunks[i]!.end - rest
  }

  indexOf(place: Place): number {
    const {chunks} = this
    const chunk = place >>> 7
    if (chunk >= chunks.length) return this.length
    if (chunk < chunks.length >>> 1) {
      let index = (place & 127) - chunks[chunk]!.start
      for (let i = 0; i < chunk; i++) index += chunks[i]!.size
      return index
    }
    let index = this.length - (chunks[chunk]!.end - (place & 127))
    for (let i = chunk + 1; i < chunks.length; i++) index -= chunks[i]!.size
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
    return this.length === 0 ? 0 : this.chunks[0]!.start
  }

  lastPlace(): Place {
    const last = this.chunks.length - 1
    return last * CHUNK_ELEMENTS + this.chunks[last]!.end - 1
  }

  /** All of them, in order. */
  *places(): Generator<Place> {
    for (let place = this.firstPlace(); !this.isEnd(place); place = this.next(place)) yield place
  }

  next(place: Place): Place {
    const chunk = place >>> 7
    if ((place & 127) + 1 < this.chunks[chunk]!.end) return place + 1
    return this.startOf(chunk + 1)
  }

  private startOf(chunk: number): Place {
    return chunk < this.chunks.length ? chunk * CHUNK_ELEMENTS + this.chunks[chunk]!.start : this.endPlace()
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
      if (compare(middle * CHUNK_ELEMENTS + chunks[middle]!.end - 1) < 0) low = middle + 1
      else high = middle
    }
    const chunk = chunks[low]!
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
    if (index > 0 && (index === chunks.length || at === chunks[index]!.start)) {
      // Between two chunks: behind the first of them.
      index--
      at = chunks[index]!.end
    }
    const chunk = chunks[index]
    if (chunk === undefined) {
      const first = new Chunk<Value, More>(CAPACITY_MIN, 0, this.stride)
      chunks.push(first)
      first.end = 1
      first.write(0, a, b, dot, value, more, clock)
    } else if (at === chunk.end) this.insertBehind(index).write(this.opened, a, b, dot, value, more, clock)
    else if (at === chunk.start) this.insertBefore(index).write(this.opened, a, b, dot, value, more, clock)
    else if (chunk.size < CHUNK_ELEMENTS) chunk.write(chunk.open(at), a, b, dot, value, more, clock)
    else {
      chunks.splice(index + 1, 0, chunk.split())
      const half = at > chunk.end ? chunks[index + 1]! : chunk
      const within = at > chunk.end ? at - chunk.end : at
      const opened = within === half.end ? half.openEnd(false)! : half.open(within)
      half.write(opened, a, b, dot, value, more, clock)
    }
  }

  /** Where the two below made room in the chunk that they return. */
  private opened = 0

  private insertBehind(index: number): Chunk<Value, More> {
    const {chunks} = this
    const opened = chunks[index]!.openEnd(chunks.length === 1)
    if (opened !== undefined) {
      this.opened = opened
      return chunks[index]!
    }
    const chunk = new Chunk<Value, More>(CHUNK_ELEMENTS, 0, this.stride)
    chunks.splice(index + 1, 0, chunk)
    this.opened = chunk.openEnd(false)!
    return chunk
  }

  private insertBefore(index: number): Chunk<Value, More> {
    const {chunks} = this
    const opened = chunks[index]!.openStart(chunks.length === 1)
    if (opened !== undefined) {
      this.opened = opened
      return chunks[index]!
    }
    const chunk = new Chunk<Value, More>(CHUNK_ELEMENTS, CHUNK_ELEMENTS, this.stride)
    chunks.splice(index, 0, chunk)
    this.opened = chunk.openStart(false)!
    return chunk
  }

  clear(): void {
    this.length = 0
    this.chunks.length = 0
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
      const chunk = chunks[index]!
      const here = Math.min(rest, chunk.end - at)
      rest -= here
      if (here === chunk.size) {
        if (index === 0) chunks.shift()
        else chunks.splice(index, 1)
      } else {
        const isTail = at + here === chunk.end
        const wereBefore = at - chunk.start
        chunk.close(at, at + here)
        if (isTail) index++
        else return this.joined(index, wereBefore)
      }
      if (index < chunks.length) at = chunks[index]!.start
    }
    return this.startOf(index)
  }

  /** Removals all over must not leave a long list of tiny chunks. @returns the place of the element at `offset` of the chunk */
  private joined(index: number, offset: number): Place {
    const {chunks} = this
    const chunk = chunks[index]!
    const next = chunks[index + 1]
    const joins = next !== undefined && chunk.size + next.size <= CHUNK_ELEMENTS >>> 1
    if (joins) {
      for (let at = next.start; at < next.end; at++) {
        chunk.take(next, at)
      }
      chunks.splice(index + 1, 1)
    }
    return index * CHUNK_ELEMENTS + chunk.start + offset
  }
}
