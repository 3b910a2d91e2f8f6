import type {ActorTable} from './actors.js'
import type {CrdtType, Dot, ElementExplanation} from './api.js'
import {
  type Birth,
  type ContainerType,
  type Context,
  type Join,
  type Ledger,
  type Operation,
  type OwnOperation,
  SubValue,
} from './container.js'
import type {Decoder} from './decoder.js'
import type {Digest} from './digest.js'
import type {Encoder} from './encoder.js'
import {
  addFrom,
  addOwn,
  assign,
  assignOwn,
  checkResets,
  checkStep,
  collectRegister,
  digestRegister,
  dotsOf,
  earlier,
  erase,
  eraseOwn,
  explainCounters,
  explainRows,
  hasLiveCounter,
  isVisible,
  joinRegisters,
  packRegister,
  type Register,
  registerBirth,
  registerGarbage,
  rowsOf,
  unpackRegister,
  winnerOf,
} from './register.js'
import {RegisterTable} from './register-table.js'
import {Row} from './rows.js'
import type {Total} from './total.js'

/** Operations of a type: its first opcode and these. */
const ASSIGN = 0
const ADD = 1
const REMOVE = 2

/** Per element beside its texts. */
const ELEMENT_BYTES = 64
const NUMBER_BYTES = 8
/** How many counters an assignment resets where there are none. */
const NO_RESETS = 0

/** Names and a register each: the fields of a hash, the members of a sorted set. */
export abstract class RegisterMap<V extends string | number> extends SubValue {
  protected readonly registers: RegisterTable<V>
  /** Elements of which nothing is visible. */
  private hiddenCount = 0
  /** Elements that have garbage. */
  private readonly unclean = new Set<string>()
  /** Of the element that is about to change; -1: it is new. */
  private place = -1
  private weightBefore = 0
  private wasHidden = false

  /** @param none - stands where there is no value */
  constructor(
    private readonly firstOpcode: number,
    none: V,
  ) {
    super()
    this.registers = new RegisterTable(none)
  }

  protected abstract encodeValue(value: V, out: Encoder): void
  protected abstract decodeValue(decoder: Decoder): V
  protected abstract shown(register: Register<V>, actors: ActorTable): string

  get isEmpty(): boolean {
    return this.registers.size === this.hiddenCount
  }

  get isBlank(): boolean {
    return this.registers.size === 0
  }

  birth(actors: ActorTable): Birth | undefined {
    let birth: Birth | undefined
    const {registers} = this
    for (let place = 0; place < registers.size; place++) {
      birth = earlier(birth, registerBirth(registers.at(place), actors), actors)
    }
    return birth
  }

  assignOwn(operation: OwnOperation, pairs: readonly (readonly [name: string, value: V])[]): void {
    const {out} = operation
    const {registers} = this
    out.byte(this.firstOpcode + ASSIGN)
    out.varint(pairs.length)
    for (const [name, value] of pairs) {
      out.text(name)
      this.encodeValue(value, out)
      const place = registers.findAgain(name)
      if (place < 0) this.addRow(name, value, operation)
      else if (registers.isRowAt(place)) this.setRow(place, value, operation)
      else this.put(name, assignOwn(this.change(name, place), value, operation), operation.ledger)
    }
  }

  /** `assignOwn` of an element that is new. */
  private addRow(name: string, value: V, {clock, dot, ledger, out}: OwnOperation): void {
    out.varint(NO_RESETS)
    ledger.bytes += ELEMENT_BYTES + name.length + bytesOf(value)
    this.registers.addRow(name, dot, clock, value)
  }

  /** `assignOwn` of one that is a row alone. */
  private setRow(place: number, value: V, {clock, dot, ledger, out}: OwnOperation): void {
    const {registers} = this
    out.varint(NO_RESETS)
    ledger.bytes += bytesOf(value) - bytesOf(registers.valueAt(place))
    registers.setRow(place, dot, clock, value)
  }

  protected addTotal(operation: OwnOperation, name: string, step: Total): void {
    const {out} = operation
    out.byte(this.firstOpcode + ADD)
    out.text(name)
    const before = this.change(name, this.registers.findAgain(name))
    this.put(name, addOwn(before, step, operation), operation.ledger)
  }

  /** @param names - those that are not there are left out */
  removeOwn(operation: OwnOperation, names: readonly string[]): void {
    const here = names.filter((name) => isVisible(this.registers.get(name)))
    if (here.length === 0) return
    const {out} = operation
    out.byte(this.firstOpcode + REMOVE)
    out.varint(here.length)
    for (const name of here) {
      out.text(name)
      // A name that is given twice is gone the second time.
      const before = this.change(name, this.registers.find(name))
      const left = before && eraseOwn(before, operation)
      if (before === undefined) out.varint(0)
      this.put(name, left, operation.ledger)
    }
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    const kind = opcode - this.firstOpcode
    for (let count = kind === ADD ? 1 : decoder.varint(); count > 0; count--) {
      const name = decoder.text()
      const before = this.change(name, this.registers.find(name))
      let after: Register<V> | undefined
      if (kind === ASSIGN) after = assign(before, this.decodeValue(decoder), operation, decoder)
      else if (kind === ADD) after = addFrom(before, decoder, operation)
      else if (before === undefined) checkResets(decoder)
      else after = erase(before, operation, decoder)
      this.put(name, after, operation.ledger)
      operation.edits?.element(name)
    }
  }

  /** Tells of those that have counters. */
  resetOwn(operation: OwnOperation): boolean {
    const {out} = operation
    const {registers} = this
    let count = 0
    for (let place = registers.size - 1; place >= 0; place--) if (hasLiveCounter(registers.at(place))) count++
    if (count > 0) out.varint(count)
    for (let place = registers.size - 1; place >= 0; place--) {
      const name = registers.nameAt(place)
      const before = this.change(name, place)!
      const isTold = hasLiveCounter(before)
      if (isTold) out.text(name)
      const after = isTold ? eraseOwn(before, operation) : erase(before, operation, undefined)
      this.put(name, after, operation.ledger)
    }
    return count > 0
  }

  reset(operation: Operation, seen: Decoder | undefined): void {
    const {edits, ledger} = operation
    const {registers} = this
    for (let count = seen === undefined ? 0 : seen.varint(); count > 0; count--) {
      const name = seen!.text()
      const before = this.change(name, registers.find(name))
      if (before === undefined) {
        checkResets(seen!)
        continue
      }
      this.put(name, erase(before, operation, seen), ledger)
      edits?.element(name)
    }
    for (let place = registers.size - 1; place >= 0; place--) {
      const name = registers.nameAt(place)
      const before = this.change(name, place)!
      if (rowsOf(before).length === 0) continue
      this.put(name, erase(before, operation, undefined), ledger)
      edits?.element(name)
    }
  }

  join(other: this | undefined, join: Join): void {
    const {registers} = this
    for (let place = registers.size - 1; place >= 0; place--) {
      const name = registers.nameAt(place)
      const theirs = other?.registers.get(name)
      const mine = this.change(name, place)!
      const joined = joinRegisters(mine, theirs, join)
      this.put(name, joined, join.ledger)
      if (joined !== mine) join.edits?.element(name)
    }
    if (other === undefined) return
    for (let place = 0; place < other.registers.size; place++) {
      const name = other.registers.nameAt(place)
      if (registers.find(name) >= 0) continue
      const joined = joinRegisters(undefined, other.registers.at(place), join)
      if (joined === undefined) continue
      this.change(name, -1)
      this.put(name, joined, join.ledger)
      join.edits?.element(name)
    }
  }

  pack(out: Encoder): void {
    out.varint(this.registers.size)
    const {registers} = this
    for (let place = 0; place < registers.size; place++) {
      out.text(registers.nameAt(place))
      packRegister(registers.at(place), out, (value) => this.encodeValue(value, out))
    }
  }

  unpack(decoder: Decoder, ledger: Ledger): void {
    for (let count = decoder.count(); count > 0; count--) {
      const name = decoder.text()
      if (this.registers.find(name) >= 0) decoder.fail('has an element twice')
      const register = unpackRegister(decoder, () => this.decodeValue(decoder))
      this.change(name, -1)
      this.put(name, register, ledger)
      ledger.garbage += registerGarbage(register)
    }
  }

  release(ledger: Ledger): void {
    const {registers} = this
    for (let place = 0; place < registers.size; place++) {
      const register = registers.at(place)
      ledger.bytes -= weightOf(registers.nameAt(place), register)
      ledger.garbage -= registerGarbage(register)
    }
  }

  override get garbage(): number {
    return this.unclean.size
  }

  override collect(isStable: (dot: Dot) => boolean, context: Context): number {
    const {ledger} = context
    const before = ledger.garbage
    for (const name of [...this.unclean]) {
      const register = this.change(name, this.registers.find(name))!
      this.put(name, collectRegister(register, isStable, context), ledger)
    }
    return before - ledger.garbage
  }

  digest(digest: Digest, actors: ActorTable): void {
    const {firstOpcode, registers} = this
    for (let place = 0; place < registers.size; place++) {
      digestRegister(registers.at(place), registers.nameAt(place), firstOpcode, digest, actors)
    }
  }

  get explainable(): number {
    return this.size
  }

  explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[] {
    const found: ElementExplanation[] = []
    for (const name of element === undefined ? this.names() : [element]) {
      const register = this.registers.get(name)
      if (register === undefined || found.length === count) break
      const rows = explainRows(rowsOf(register), winnerOf(register, actors), actors, String)
      const value = isVisible(register) ? {value: this.shown(register, actors)} : {}
      const dots = dotsOf(register, actors)
      found.push({counters: explainCounters(register, actors), dots, name, rows, ...value})
    }
    return found
  }

  override get size(): number {
    return this.registers.size - this.hiddenCount
  }

  private *names(): Iterable<string> {
    for (let place = 0; place < this.registers.size; place++) yield this.registers.nameAt(place)
  }

  override *elements(): Iterable<string> {
    const {registers} = this
    for (let place = 0; place < registers.size; place++)
      if (isVisible(registers.at(place))) yield registers.nameAt(place)
  }

  override has(name: string): boolean {
    return isVisible(this.registers.get(name))
  }

  /** An element is about to change: registers change in place. `put` must follow. @returns what is there */
  private change(name: string, place: number): Register<V> | undefined {
    const before = place < 0 ? undefined : this.registers.at(place)
    this.place = place
    this.weightBefore = weightOf(name, before)
    this.wasHidden = before !== undefined && !isVisible(before)
    return before
  }

  private put(name: string, after: Register<V> | undefined, ledger: Ledger): void {
    const {place, registers} = this
    ledger.bytes += weightOf(name, after) - this.weightBefore
    const isHidden = after !== undefined && !isVisible(after)
    this.hiddenCount += Number(isHidden) - Number(this.wasHidden)
    if (registerGarbage(after) > 0) this.unclean.add(name)
    else if (this.unclean.size > 0) this.unclean.delete(name)
    if (place < 0) {
      if (after !== undefined) registers.add(name, after)
    } else if (after === undefined) registers.removeAt(place)
    else registers.set(place, after)
  }
}

function bytesOf(value: string | number): number {
  return typeof value === 'string' ? value.length : NUMBER_BYTES
}

function weightOf<V extends string | number>(name: string, register: Register<V> | undefined): number {
  if (register === undefined) return 0
  let bytes = ELEMENT_BYTES + name.length
  if (register instanceof Row) return bytes + bytesOf(register.value)
  for (const {value} of rowsOf(register)) bytes += bytesOf(value)
  return bytes
}

export function registerMapType(
  type: CrdtType,
  firstOpcode: number,
  make: () => RegisterMap<string> | RegisterMap<number>,
  checkValue: (decoder: Decoder) => void,
): ContainerType {
  return {
    checkOperation(opcode, decoder) {
      const kind = opcode - firstOpcode
      if (kind > REMOVE) decoder.fail('has an unknown operation')
      for (let count = kind === ADD ? 1 : decoder.count(); count > 0; count--) {
        decoder.skipText()
        if (kind === ADD) checkStep(decoder)
        else {
          if (kind === ASSIGN) checkValue(decoder)
          checkResets(decoder)
        }
      }
    },
    checkReset(decoder) {
      for (let count = decoder.count(); count > 0; count--) {
        decoder.skipText()
        checkResets(decoder)
      }
    },
    firstOpcode,
    make,
    type,
    unpack(decoder, ledger) {
      const value = make()
      value.unpack(decoder, ledger)
      return value
    },
  }
}
