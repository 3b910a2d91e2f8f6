export const CHUNK_ELEMENTS = 128
/** Two elements of 24 bytes are what V8 keeps in the object itself: most lists are short. */
export const CAPACITY_MIN = 2

/** A few elements of `Cells`, between `start` and `end`. */
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
