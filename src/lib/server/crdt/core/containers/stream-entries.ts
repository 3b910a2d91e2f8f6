import {compareIds, formatId, type StreamId} from '../../../../protocol/stream-id.js'
import type {ActorTable} from '../actors.js'
import type {Dot} from '../api.js'
import {Cells, type Place} from './cells.js'
import type {Covers} from './marks.js'

/** Names and values in turn; never changed. */
export type Fields = readonly string[]

export interface Entry {
  readonly id: StreamId
  readonly dot: Dot
  readonly clock: number
  readonly fields: Fields
}

/** What V8 takes for an entry, about; its fields are shared with who gave them. */
const ENTRY_BYTES = 48
const STREAM_BYTES = 500

/**
 * Entries of a stream by id. In the cells: milliseconds and sequence of the id, dot and clock; ids beyond 2^53 stand beside.
 *
 * Two regions may have made the same id: both entries are kept, the one of the lower dot is seen.
 */
export class StreamEntries {
  readonly cells = new Cells<Fields, StreamId>(true)

  /** Undefined: they come from elsewhere, and nobody saw to their order yet. */
  private actors: ActorTable | undefined

  constructor(actors?: ActorTable) {
    this.actors = actors
  }

  /** Before anything is added. What others sent out of order is put in order. */
  orderBy(actors: ActorTable): void {
    if (this.actors !== undefined) return
    this.actors = actors
    const {cells} = this
    if (cells.areInOrder((place, before) => this.compareAt(before, this.idAt(place), cells.dot(place)) < 0)) return
    const found = [...cells.places()].map((place) => this.entryAt(place))
    cells.clear()
    for (const {clock, dot, fields, id} of found) this.add(id, dot, clock, fields)
  }

  entryAt(place: Place): Entry {
    const {cells} = this
    return {clock: cells.clock(place), dot: cells.dot(place), fields: cells.value(place), id: this.idAt(place)}
  }

  get length(): number {
    return this.cells.length
  }

  /** Rough. */
  get bytes(): number {
    return this.length === 0 ? 0 : STREAM_BYTES + this.length * ENTRY_BYTES
  }

  idAt(place: Place): StreamId {
    return this.cells.more(place) ?? {ms: this.cells.a(place), seq: this.cells.b(place)}
  }

  /** Below 0: the entry comes before `id`, or has that id and a lower dot. @param dot - undefined: below all */
  compareAt(place: Place, id: StreamId, dot?: Dot): number {
    const byId = compareIds(this.idAt(place), id)
    if (byId !== 0) return byId
    return dot === undefined ? 1 : this.actors!.compareDots(this.cells.dot(place), dot)
  }

  private find(id: StreamId, dot?: Dot): Place {
    return this.cells.find((place) => this.compareAt(place, id, dot))
  }

  /** @returns false if it is there */
  add(id: StreamId, dot: Dot, clock: number, fields: Fields): boolean {
    const place = this.find(id, dot)
    const {cells} = this
    if (!cells.isEnd(place) && cells.dot(place) === dot && compareIds(this.idAt(place), id) === 0) return false
    this.put(place, id, dot, clock, fields)
    return true
  }

  /** Behind all others. */
  append({clock, dot, fields, id}: Entry): void {
    this.put(this.cells.endPlace(), id, dot, clock, fields)
  }

  private put(place: Place, id: StreamId, dot: Dot, clock: number, fields: Fields): void {
    const isBig = typeof id.ms !== 'number' || typeof id.seq !== 'number'
    this.cells.insert(place, Number(id.ms), Number(id.seq), dot, fields, isBig ? id : undefined, clock)
  }

  fieldsOf(id: StreamId): Fields | undefined {
    const place = this.find(id)
    return this.holds(place, id) ? this.cells.value(place) : undefined
  }

  private holds(place: Place, id: StreamId): boolean {
    return !this.cells.isEnd(place) && compareIds(this.idAt(place), id) === 0
  }

  /** Those of the id; more than one if several regions made it. The first is seen. */
  *entriesOf(id: StreamId): Generator<Entry> {
    for (let place = this.find(id); this.holds(place, id); place = this.cells.next(place)) yield this.entryAt(place)
  }

  /** Each id once, ascending. */
  *ids(): Generator<StreamId> {
    let last: StreamId | undefined
    for (let place = this.cells.firstPlace(); !this.cells.isEnd(place); place = this.cells.next(place)) {
      const id = this.idAt(place)
      if (last === undefined || compareIds(last, id) !== 0) yield id
      last = id
    }
  }

  /**
   * Those of `ids` that are there, as ranges without any other entry in between: what removes the ranges removes just them.
   *
   * @param ids - in any order
   */
  rangesOf(ids: readonly StreamId[]): [first: StreamId, last: StreamId][] {
    const ranges: [StreamId, StreamId][] = []
    let next: Place | undefined
    for (const id of isAscending(ids) ? ids : [...ids].sort(compareIds)) {
      let place = next !== undefined && this.holds(next, id) ? next : this.find(id)
      if (!this.holds(place, id)) continue
      const range = ranges[ranges.length - 1]
      if (place === next && range !== undefined) range[1] = id
      else ranges.push([id, id])
      while (this.holds(place, id)) place = this.cells.next(place)
      next = place
    }
    return ranges
  }

  /** Removes what was seen from one id to another, both inclusive. @returns the ids that something went of */
  removeBetween(first: StreamId, last: StreamId, seen: Covers): string[] {
    const {cells} = this
    const removed: string[] = []
    let place = this.find(first)
    while (this.isUpTo(place, last)) {
      let run = 0
      let at = place
      while (this.isUpTo(at, last) && seen(cells.dot(at))) {
        removed.push(formatId(this.idAt(at)))
        run++
        at = cells.next(at)
      }
      place = run > 0 ? cells.remove(place, run) : cells.next(place)
    }
    return removed
  }

  private isUpTo(place: Place, last: StreamId): boolean {
    return !this.cells.isEnd(place) && compareIds(this.idAt(place), last) <= 0
  }

  /** Removes what was seen. @returns as `removeBetween` */
  removeSeen(seen: Covers): string[] {
    if (this.length === 0) return []
    return this.removeBetween(this.idAt(this.cells.firstPlace()), this.idAt(this.cells.lastPlace()), seen)
  }
}

/**
 * What applying all of both would have left: an entry stays if both have it, or if one has it and the other never saw it.
 *
 * @param changed - takes the ids that something came or went of
 */
export function joinEntries(
  actors: ActorTable,
  mine: StreamEntries,
  theirs: StreamEntries,
  seenHere: Covers,
  seenThere: Covers,
  changed: (id: string) => void,
): StreamEntries {
  const joined = new StreamEntries(actors)
  let a = mine.cells.firstPlace()
  let b = theirs.cells.firstPlace()
  while (!mine.cells.isEnd(a) || !theirs.cells.isEnd(b)) {
    const isMineOver = mine.cells.isEnd(a)
    const isTheirsOver = theirs.cells.isEnd(b)
    const side = isMineOver ? 1 : isTheirsOver ? -1 : mine.compareAt(a, theirs.idAt(b), theirs.cells.dot(b))
    const entry = side > 0 ? theirs.entryAt(b) : mine.entryAt(a)
    const stays = side === 0 || !(side > 0 ? seenHere : seenThere)(entry.dot)
    if (stays) joined.append(entry)
    if (stays === side > 0) changed(formatId(entry.id))
    if (side <= 0) a = mine.cells.next(a)
    if (side >= 0) b = theirs.cells.next(b)
  }
  return joined
}

function isAscending(ids: readonly StreamId[]): boolean {
  for (let i = 1; i < ids.length; i++) if (compareIds(ids[i - 1]!, ids[i]!) > 0) return false
  return true
}
