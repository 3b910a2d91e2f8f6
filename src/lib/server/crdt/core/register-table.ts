import {MemberTable} from '../../values/table/member-table.js'
import type {Dot} from './api.js'
import type {Register} from './register.js'
import {Row} from './rows.js'

/** Stands in `dots` for an element that is not one row alone. */
const OTHER = -1

/**
 * Names and a register each, by places as in `MemberTable`. Nearly all are one row alone: what that holds lies at the place,
 * and an object is made of it for those who ask. It is a copy: what changes it must be `set`.
 */
export class RegisterTable<V> {
  private readonly names = new MemberTable()
  private readonly dots: Dot[] = []
  private readonly clocks: number[] = []
  private readonly values: V[] = []
  /** By name. */
  private others: Map<string, Register<V>> | undefined = undefined

  /** @param none - stands where there is no value */
  constructor(private readonly none: V) {}

  get size(): number {
    return this.names.size
  }

  /** @returns its place, or -1 */
  find(name: string): number {
    return this.names.find(name)
  }

  /** `find` of a name that clients' data were just asked for. */
  findAgain(name: string): number {
    return this.names.findAgain(name)
  }

  nameAt(place: number): string {
    return this.names.at(place)
  }

  isRowAt(place: number): boolean {
    return this.dots[place] !== OTHER
  }

  /** Of a row. */
  valueAt(place: number): V {
    return this.values[place]!
  }

  at(place: number): Register<V> {
    const dot = this.dots[place]!
    if (dot === OTHER) return this.others!.get(this.names.at(place))!
    return new Row(dot, this.clocks[place]!, this.values[place]!)
  }

  get(name: string): Register<V> | undefined {
    const place = this.names.find(name)
    return place < 0 ? undefined : this.at(place)
  }

  /** @param name - that is not there: a flat string of its own, for it is kept */
  addRow(name: string, dot: Dot, clock: number, value: V): void {
    this.names.addNew(name)
    this.dots.push(dot)
    this.clocks.push(clock)
    this.values.push(value)
  }

  setRow(place: number, dot: Dot, clock: number, value: V): void {
    this.dots[place] = dot
    this.clocks[place] = clock
    this.values[place] = value
  }

  /** @param name - that is not there */
  add(name: string, register: Register<V>): void {
    if (register instanceof Row) {
      this.addRow(name, register.dot, register.clock, register.value)
      return
    }
    this.addRow(name, OTHER, 0, this.none)
    this.keepOther(name, register)
  }

  set(place: number, register: Register<V>): void {
    if (register instanceof Row) {
      this.dropOther(place)
      this.setRow(place, register.dot, register.clock, register.value)
      return
    }
    this.setRow(place, OTHER, 0, this.none)
    this.keepOther(this.names.at(place), register)
  }

  private keepOther(name: string, register: Register<V>): void {
    this.others ??= new Map()
    this.others.set(name, register)
  }

  private dropOther(place: number): void {
    if (this.dots[place] === OTHER) this.others!.delete(this.names.at(place))
  }

  /** The last one comes into its place: walks that may remove go from the last place down. */
  removeAt(place: number): void {
    this.dropOther(place)
    this.names.removeAt(place)
    const {clocks, dots, values} = this
    const dot = dots.pop()!
    const clock = clocks.pop()!
    const value = values.pop()!
    if (place < dots.length) this.setRow(place, dot, clock, value)
  }
}
