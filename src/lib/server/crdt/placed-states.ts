import {SLOT_COUNT} from '../../model/slot-set.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import type {Database} from '../keyspace/database.js'
import type {Shadow, Store} from '../keyspace/store.js'
import type {Dot} from './core/api.js'
import {Counter} from './core/counter.js'
import {actorOf, sequenceOf} from './core/dot.js'
import type {StoredKey} from './core/key-state.js'
import {NO_PLACE, type PlacedKeys} from './core/placed-keys.js'
import {Row} from './core/rows.js'

const SHIFT = 10
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1

/** In place of a dot. */
const NOTHING = 0
const OBJECT = Number.NEGATIVE_INFINITY

interface Chunk {
  /** Values of rows, totals of counters; of other keys all that is known. */
  readonly lying: (string | number | StoredKey | undefined)[]
  /**
   * Dot and clock of each row; of each counter of which nothing was reset, its dot less than 0. They alone tell what lies
   * there: to look at a value costs as much as all the rest.
   */
  readonly times: Float64Array
  /** First sequences of counters. */
  since: Float64Array | undefined
}

/**
 * The state of the keys that clients see, by their places in the store: a command that has found a key has found its state,
 * and a plain string costs two numbers and a reference.
 *
 * Keys that go leave what is known of them to their slots' own tables (`displaced`).
 */
export class PlacedStates implements PlacedKeys, Shadow {
  readonly elsewhere = new Uint32Array(SLOT_COUNT)
  /** Whose places these are. */
  private store: Store | undefined = undefined
  private chunks: Chunk[] = []

  constructor(
    private readonly db: Database,
    private readonly displaced: (slot: number, key: string, stored: StoredKey) => void,
  ) {}

  get(key: string): StoredKey | undefined {
    const place = this.placeOf(key)
    return place < 0 ? undefined : this.at(place)
  }

  set(key: string, stored: StoredKey): boolean {
    const place = this.placeOf(key)
    if (place < 0) return false
    if (stored instanceof Row) this.setPlain(place, stored.dot, stored.clock, stored.value)
    else if (stored instanceof Counter && stored.reset === undefined && typeof stored.total === 'number') {
      this.putSum(place, stored.dot, stored.clock, stored.total)
      this.sinceAt(place)[place & MASK] = stored.since
    } else {
      const {lying, times} = this.chunkAt(place)
      times[(place & MASK) * 2] = OBJECT
      lying[place & MASK] = stored
    }
    return true
  }

  delete(key: string): boolean {
    const place = this.placeOf(key)
    if (place < 0 || !this.isTaken(place)) return false
    this.empty(place)
    return true
  }

  names(slot: number): string[] {
    const names: string[] = []
    this.visit(slot, (place) => names.push(this.db.store.keyAt(place)))
    return names
  }

  entries(slot: number): [string, StoredKey][] {
    const entries: [string, StoredKey][] = []
    this.visit(slot, (place) => entries.push([this.db.store.keyAt(place), this.at(place)!]))
    return entries
  }

  objects(slot: number): [string, StoredKey][] {
    const entries: [string, StoredKey][] = []
    this.visit(slot, (place) => {
      const {lying, times} = this.chunkAt(place)
      const i = place & MASK
      if (times[i * 2] === OBJECT) entries.push([this.db.store.keyAt(place), lying[i] as StoredKey])
    })
    return entries
  }

  countIn(slot: number): number {
    let count = 0
    this.visit(slot, () => count++)
    return count
  }

  clearSlot(slot: number): void {
    this.visit(slot, (place) => this.empty(place))
  }

  clear(): void {
    this.elsewhere.fill(0)
    this.leave()
  }

  plainPlaceOf(slot: number, key: string): number {
    const place = this.placeOf(key)
    if (place < 0) return NO_PLACE
    const dot = this.chunkAt(place).times[(place & MASK) * 2]!
    return dot > 0 || (dot === NOTHING && this.elsewhere[slot] === 0) ? place : -1
  }

  rowDotAt(place: number): Dot {
    return this.chunkAt(place).times[(place & MASK) * 2]!
  }

  setPlain(place: number, dot: Dot, clock: number, value: string): boolean {
    const {lying, times} = this.chunkAt(place)
    const i = place & MASK
    const isNew = times[i * 2] === NOTHING
    times[i * 2] = dot
    times[i * 2 + 1] = clock
    lying[i] = value
    return isNew
  }

  sumPlaceOf(slot: number, key: string, actor: number): number {
    const place = this.placeOf(key)
    if (place < 0) return -1
    const dot = this.chunkAt(place).times[(place & MASK) * 2]!
    if (dot === NOTHING) return this.elsewhere[slot] === 0 ? place : -1
    return dot < 0 && dot !== OBJECT && actorOf(-dot) === actor ? place : -1
  }

  sumAt(place: number): number | undefined {
    return this.chunkAt(place).lying[place & MASK] as number | undefined
  }

  setSum(place: number, dot: Dot, clock: number, total: number): void {
    if (this.chunkAt(place).times[(place & MASK) * 2] === NOTHING) this.sinceAt(place)[place & MASK] = sequenceOf(dot)
    this.putSum(place, dot, clock, total)
  }

  private putSum(place: number, dot: Dot, clock: number, total: number): void {
    const {lying, times} = this.chunkAt(place)
    const i = place & MASK
    times[i * 2] = -dot
    times[i * 2 + 1] = clock
    lying[i] = total
  }

  private sinceAt(place: number): Float64Array {
    const chunk = this.chunkAt(place)
    chunk.since ??= new Float64Array(CHUNK)
    return chunk.since
  }

  willRemove(place: number, last: number): void {
    const stored = this.at(place)
    if (stored !== undefined) {
      const key = this.store!.keyAt(place)
      this.displaced(hashSlot(key), key, stored)
    }
    if (place !== last && this.isTaken(last)) this.move(last, place)
    else if (stored !== undefined) this.empty(place)
    // There are no keys in it any more.
    if ((last & MASK) === 0 && this.chunks.length > last >>> SHIFT) this.chunks.length = last >>> SHIFT
  }

  private move(from: number, to: number): void {
    const source = this.chunkAt(from)
    const target = this.chunkAt(to)
    const [i, j] = [from & MASK, to & MASK]
    target.lying[j] = source.lying[i]
    target.times[j * 2] = source.times[i * 2]!
    target.times[j * 2 + 1] = source.times[i * 2 + 1]!
    if (source.since !== undefined) this.sinceAt(to)[j] = source.since[i]!
    this.empty(from)
  }

  willFlush(): void {
    const {store} = this
    if (store === undefined) return
    for (let place = 0; place < store.size; place++) {
      const stored = this.at(place)
      if (stored !== undefined) this.displaced(hashSlot(store.keyAt(place)), store.keyAt(place), stored)
    }
    this.leave()
  }

  /** The places are nobody's any more. */
  leave(): void {
    if (this.store !== undefined) this.store.shadow = undefined
    this.store = undefined
    this.chunks = []
  }

  private placeOf(key: string): number {
    if (this.db.store !== this.store) this.enter(this.db.store)
    return this.db.placeOf(key)
  }

  private enter(store: Store): void {
    this.leave()
    this.store = store
    store.shadow = this
  }

  private at(place: number): StoredKey | undefined {
    if (!this.isTaken(place)) return undefined
    const {lying, times} = this.chunkAt(place)
    const i = place & MASK
    const dot = times[i * 2]!
    if (dot === OBJECT) return lying[i] as StoredKey
    const clock = times[i * 2 + 1]!
    if (dot > 0) return new Row(dot, clock, lying[i] as string)
    return new Counter(actorOf(-dot), lying[i] as number, sequenceOf(-dot), clock, this.sinceAt(place)[i]!, undefined)
  }

  private isTaken(place: number): boolean {
    const chunk = this.chunks[place >>> SHIFT]
    return chunk !== undefined && chunk.times[(place & MASK) * 2] !== NOTHING
  }

  private empty(place: number): void {
    const {lying, times} = this.chunkAt(place)
    times[(place & MASK) * 2] = NOTHING
    lying[place & MASK] = undefined
  }

  private chunkAt(place: number): Chunk {
    const {chunks} = this
    const number = place >>> SHIFT
    while (chunks.length <= number) {
      chunks.push({
        lying: new Array<undefined>(CHUNK).fill(undefined),
        since: undefined,
        times: new Float64Array(CHUNK * 2),
      })
    }
    return chunks[number]!
  }

  /** @param visitor - takes places of the slot where something lies */
  private visit(slot: number, visitor: (place: number) => void): void {
    const {store} = this.db
    if (store !== this.store || store.slots === undefined) return
    for (let place = store.slots.newestIn(slot); place >= 0; place = store.slots.olderThan(place)) {
      if (this.isTaken(place)) visitor(place)
    }
  }
}
