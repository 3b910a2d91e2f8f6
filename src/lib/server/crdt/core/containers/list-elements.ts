import type {ActorTable} from '../actors.js'
import type {Dot} from '../api.js'
import {Cells, type Place} from './cells.js'
import type {ListEdits} from './list-edits.js'
import type {Covers} from './marks.js'
import type {Position} from './position.js'

/** One write of an element: its push, or an LSET. */
export interface Row {
  readonly dot: Dot
  readonly clock: number
  readonly value: string
}

/** What only few elements have. */
export interface More {
  /** Components of the position behind the first. */
  readonly rest: Position | undefined
  /** Of the write that is visible. */
  readonly clock: number
  /** Writes that it wins over: concurrent ones. */
  readonly losers: readonly Row[]
}

/** What V8 takes for an element, about: cells, value, the string's head. */
const ELEMENT_BYTES = 56
const MORE_BYTES = 120
const LIST_BYTES = 500

const TWO_32 = 2 ** 32
const TWO_31 = 2 ** 31
const NO_ROWS: readonly Row[] = []

/**
 * The elements of a list in the order of their positions. In the cells: num, actor and idx of the first component, dot of
 * the visible write. The clock of a push is its num, so that an element that was pushed and nothing else has nothing more.
 */
export class ListElements {
  readonly cells = new Cells<string, More>()
  private elementBytes = 0

  /** Undefined: they come from elsewhere, and nobody saw to their order yet. */
  private actors: ActorTable | undefined

  constructor(actors?: ActorTable) {
    this.actors = actors
  }

  /** Before anything is looked for. What others sent out of order is put in order. */
  orderBy(actors: ActorTable): void {
    if (this.actors !== undefined) return
    this.actors = actors
    const {cells} = this
    if (cells.areInOrder((place, before) => this.compareAt(place, this.positionAt(before)) > 0)) return
    const found = [...cells.places()].map((place) => ({position: this.positionAt(place), rows: this.rowsAt(place)}))
    cells.clear()
    this.elementBytes = 0
    for (const {position, rows} of found) for (const row of rows) this.write(position, row, (dot) => dot === row.dot)
  }

  get length(): number {
    return this.cells.length
  }

  /** Rough. */
  get bytes(): number {
    return this.length === 0 ? 0 : LIST_BYTES + this.elementBytes
  }

  positionAt(place: Place): Position {
    const first = [this.cells.a(place), this.actorAt(place), this.idxAt(place)]
    const rest = this.cells.more(place)?.rest
    return rest === undefined ? first : [...first, ...rest]
  }

  actorAt(place: Place): number {
    return Math.floor(this.cells.b(place) / TWO_32)
  }

  idxAt(place: Place): number {
    return (this.cells.b(place) % TWO_32) - TWO_31
  }

  clockAt(place: Place): number {
    return this.cells.more(place)?.clock ?? Math.abs(this.cells.a(place))
  }

  /** The visible one first. */
  rowsAt(place: Place): readonly Row[] {
    const {cells} = this
    const visible = {clock: this.clockAt(place), dot: cells.dot(place), value: cells.value(place)}
    return [visible, ...(cells.more(place)?.losers ?? NO_ROWS)]
  }

  /** Below 0: the element comes before the position. */
  compareAt(place: Place, position: Position): number {
    const byNum = this.cells.a(place) - position[0]!
    if (byNum !== 0) return byNum
    const actor = this.actorAt(place)
    if (actor !== position[1]) return this.actors!.compare(actor, position[1]!)
    const byIdx = this.idxAt(place) - position[2]!
    if (byIdx !== 0) return byIdx
    const rest = this.cells.more(place)?.rest
    if (rest === undefined) return 3 - position.length
    return this.compareRest(rest, position)
  }

  private compareRest(rest: Position, position: Position): number {
    const length = Math.min(rest.length, position.length - 3)
    for (let i = 0; i < length; i++) {
      const mine = rest[i]!
      const theirs = position[i + 3]!
      if (mine !== theirs) return i % 3 === 1 ? this.actors!.compare(mine, theirs) : mine - theirs
    }
    return rest.length + 3 - position.length
  }

  /** The first element at the position or behind it. */
  find(position: Position): Place {
    return this.cells.find((place) => this.compareAt(place, position))
  }

  /** @param rows - at least one, the visible one first */
  private put(place: Place, position: Position, rows: readonly Row[], isNew: boolean): void {
    const {clock, dot, value} = rows[0]!
    const isPlain = position.length === 3 && rows.length === 1 && clock === Math.abs(position[0]!)
    const more = isPlain
      ? undefined
      : {clock, losers: rows.slice(1), rest: position.length === 3 ? undefined : position.slice(3)}
    const where = position[1]! * TWO_32 + position[2]! + TWO_31
    if (isNew) this.cells.insert(place, position[0]!, where, dot, value, more)
    else {
      this.elementBytes -= this.bytesAt(place)
      this.cells.write(place, position[0]!, where, dot, value, more)
    }
    this.elementBytes += bytesOf(value, more)
  }

  private bytesAt(place: Place): number {
    return bytesOf(this.cells.value(place), this.cells.more(place))
  }

  /** Behind all others; joins build lists so. */
  append(position: Position, rows: readonly Row[]): void {
    this.put(this.cells.endPlace(), position, rows, true)
  }

  /**
   * A write at a position, in place of those that it saw.
   *
   * @param edits - is told what becomes visible
   */
  write(position: Position, row: Row, seen: Covers, edits?: ListEdits): void {
    const place = this.find(position)
    if (this.cells.isEnd(place) || this.compareAt(place, position) !== 0) {
      edits?.insert(this.cells.indexOf(place), [row.value])
      this.put(place, position, [row], true)
      return
    }
    const before = this.cells.value(place)
    this.put(place, position, this.sorted([...this.rowsAt(place).filter(({dot}) => !seen(dot)), row]), false)
    const value = this.cells.value(place)
    if (value !== before) edits?.replace(this.cells.indexOf(place), value)
  }

  sorted(rows: Row[]): Row[] {
    return rows.length === 1 ? rows : rows.sort((a, b) => this.actors!.compareWrites(b.clock, b.dot, a.clock, a.dot))
  }

  /**
   * What one push brings, all of it seen for the first time.
   *
   * @param first - of one component; the values stand at it and at the next idx
   */
  push(first: Position, clock: number, dot: Dot, values: readonly string[], edits?: ListEdits): void {
    const {cells} = this
    const [num, actor, idx] = first as [number, number, number]
    const place = this.find(first)
    const last = values.length - 1
    if (!cells.isEnd(place) && this.compareAt(place, [num, actor, idx + last]) <= 0) {
      // Something of another's stands in between.
      values.forEach((value, i) => {
        this.write([num, actor, idx + i], {clock, dot, value}, () => true, edits)
      })
      return
    }
    const index = cells.indexOf(place)
    edits?.insert(index, values)
    const isEnd = cells.isEnd(place)
    // Before others the last comes first: each stands before the one that was put there last.
    for (let i = 0; i <= last; i++) {
      const which = isEnd ? i : last - i
      const at = isEnd ? cells.endPlace() : cells.placeAt(index)
      this.insertPushed(at, num, actor * TWO_32 + TWO_31 + idx + which, clock, dot, values[which]!)
    }
  }

  /** `put` of an element that nobody has written since. @param where - actor and idx as in the cells */
  private insertPushed(place: Place, num: number, where: number, clock: number, dot: Dot, value: string): void {
    const more = clock === Math.abs(num) ? undefined : {clock, losers: NO_ROWS, rest: undefined}
    this.cells.insert(place, num, where, dot, value, more)
    this.elementBytes += bytesOf(value, more)
  }

  /** All of a run of elements, whoever wrote them. */
  removeRun(index: number, count: number): void {
    let place = this.cells.placeAt(index)
    for (let i = 0; i < count; i++) {
      this.elementBytes -= this.bytesAt(place)
      place = this.cells.next(place)
    }
    this.cells.remove(this.cells.placeAt(index), count)
  }

  /** Removes what was seen of the elements from one position to another, both inclusive. */
  removeBetween(first: Position, last: Position, seen: Covers, edits?: ListEdits): void {
    const {cells} = this
    let place = this.find(first)
    while (!cells.isEnd(place) && this.compareAt(place, last) <= 0) {
      let run = 0
      let at = place
      while (!cells.isEnd(at) && this.isGone(at, seen) && this.compareAt(at, last) <= 0) {
        run++
        this.elementBytes -= this.bytesAt(at)
        at = cells.next(at)
      }
      if (run > 0) {
        edits?.remove(cells.indexOf(place), run)
        place = cells.remove(place, run)
      } else {
        this.keepUnseen(place, seen, edits)
        place = cells.next(place)
      }
    }
  }

  private isGone(place: Place, seen: Covers): boolean {
    if (!seen(this.cells.dot(place))) return false
    const losers = this.cells.more(place)?.losers
    return losers === undefined || losers.every(({dot}) => seen(dot))
  }

  /** Of an element that stays. */
  private keepUnseen(place: Place, seen: Covers, edits: ListEdits | undefined): void {
    const rows = this.rowsAt(place)
    const kept = rows.filter(({dot}) => !seen(dot))
    if (kept.length === rows.length) return
    this.put(place, this.positionAt(place), kept, false)
    if (kept[0]!.value !== rows[0]!.value) edits?.replace(this.cells.indexOf(place), kept[0]!.value)
  }

  /** Removes what was seen, wherever it stands. */
  removeSeen(seen: Covers, edits?: ListEdits): void {
    if (this.length === 0) return
    const {cells} = this
    this.removeBetween(this.positionAt(cells.firstPlace()), this.positionAt(cells.lastPlace()), seen, edits)
  }

  *values(): Generator<string> {
    const {cells} = this
    for (let place = cells.firstPlace(); !cells.isEnd(place); place = cells.next(place)) yield cells.value(place)
  }
}

function bytesOf(value: string, more: More | undefined): number {
  const bytes = ELEMENT_BYTES + value.length
  if (more === undefined) return bytes
  return more.losers.reduce((sum, loser) => sum + MORE_BYTES + loser.value.length, bytes + MORE_BYTES)
}
