import type {Dot} from '../api.js'
import {Cells, type Place} from './cells.js'
import type {ListEdits} from './list-edits.js'
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

/** What orders equally in all regions. */
export interface Order {
  /** Below 0: `a` is of the lower region, or of the earlier epoch of the same. */
  compareActors(a: number, b: number): number
  /** Below 0: `a` wins over `b`. */
  compareRows(a: Row, b: Row): number
}

export type Covers = (dot: Dot) => boolean

const TWO_32 = 2 ** 32
const TWO_31 = 2 ** 31
const NO_ROWS: readonly Row[] = []

/**
 * The elements of a list in the order of their positions. In the cells: num, actor and idx of the first component, dot of
 * the visible write. The clock of a push is its num, so that an element that was pushed and nothing else has nothing more.
 */
export class ListElements {
  cells = new Cells<string, More>()

  constructor(private readonly order: Order) {}

  get length(): number {
    return this.cells.length
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
    if (actor !== position[1]) return this.order.compareActors(actor, position[1]!)
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
      if (mine !== theirs) return i % 3 === 1 ? this.order.compareActors(mine, theirs) : mine - theirs
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
    else this.cells.write(place, position[0]!, where, dot, value, more)
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
      if (edits !== undefined) edits.insert(this.cells.indexOf(place), row.value)
      this.put(place, position, [row], true)
      return
    }
    const before = this.cells.value(place)
    this.put(place, position, this.sorted([...this.rowsAt(place).filter(({dot}) => !seen(dot)), row]), false)
    const value = this.cells.value(place)
    if (edits !== undefined && value !== before) edits.replace(this.cells.indexOf(place), value)
  }

  sorted(rows: Row[]): Row[] {
    return rows.length === 1 ? rows : rows.sort((a, b) => this.order.compareRows(a, b))
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
        at = cells.next(at)
      }
      if (run > 0) {
        if (edits !== undefined) edits.remove(cells.indexOf(place), run)
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
    if (edits !== undefined && kept[0]!.value !== rows[0]!.value) {
      edits.replace(this.cells.indexOf(place), kept[0]!.value)
    }
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
