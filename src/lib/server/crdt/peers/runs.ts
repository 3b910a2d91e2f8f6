import {SLOT_COUNT} from '../../../model/slot-set.js'
import type {ActorKey} from './vectors.js'

/** Of one actor, by slot: the sequences first..last are there, all of them; 0: there never was any. */
interface Column {
  readonly first: Float64Array
  readonly last: Float64Array
  /** Effects of the actor that are there. */
  count: number
}

/** Which sequences of which actors a ring holds. Flat: each write counts here. */
export class Runs {
  private readonly columns = new Map<ActorKey, Column>()
  /** Most come from one actor. */
  private lastActor: ActorKey = -1
  private lastColumn: Column | undefined = undefined

  private columnOf(actor: ActorKey): Column | undefined {
    if (actor === this.lastActor) return this.lastColumn
    this.lastActor = actor
    this.lastColumn = this.columns.get(actor)
    return this.lastColumn
  }

  /** One more is there. */
  add(slot: number, actor: ActorKey, sequence: number): void {
    const {first, last} = this.countIn(actor)
    // Something came in another way between.
    if (sequence !== last[slot]! + 1 || last[slot] === 0) first[slot] = sequence
    last[slot] = sequence
  }

  private countIn(actor: ActorKey): Column {
    let column = this.columnOf(actor)
    if (column === undefined) {
      column = {count: 0, first: new Float64Array(SLOT_COUNT), last: new Float64Array(SLOT_COUNT)}
      this.columns.set(actor, column)
      this.lastColumn = column
    }
    column.count++
    return column
  }

  /** The oldest of the actor in the slot is there no longer. */
  drop(slot: number, actor: ActorKey, sequence: number): void {
    const column = this.columnOf(actor)
    if (column === undefined) return
    if (column.first[slot]! <= sequence) column.first[slot] = sequence + 1
    if (--column.count > 0) return
    this.columns.delete(actor)
    this.lastColumn = undefined
  }

  /** Whether all that comes after `known`, up to `current`, is there. */
  holds(slot: number, actor: ActorKey, known: number, current: number): boolean {
    const column = this.columnOf(actor)
    return column !== undefined && column.last[slot] === current && column.first[slot]! <= known + 1
  }
}
