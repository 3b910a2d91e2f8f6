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
import {Row} from './rows.js'
import type {Total} from './total.js'

/** Operations of a type: its first opcode and these. */
const ASSIGN = 0
const ADD = 1
const REMOVE = 2

/** Per element beside its texts. */
const ELEMENT_BYTES = 130

/** Names and a register each: the fields of a hash, the members of a sorted set. */
export abstract class RegisterMap<V extends string | number> extends SubValue {
  protected readonly registers = new Map<string, Register<V>>()
  /** Elements of which nothing is visible. */
  private hiddenCount = 0
  /** Elements that have garbage. */
  private readonly unclean = new Set<string>()
  private before: Register<V> | undefined = undefined
  private weightBefore = 0
  private wasHidden = false

  constructor(private readonly firstOpcode: number) {
    super()
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
    for (const register of this.registers.values()) birth = earlier(birth, registerBirth(register, actors), actors)
    return birth
  }

  assignOwn(operation: OwnOperation, pairs: readonly (readonly [name: string, value: V])[]): void {
    const {out} = operation
    out.byte(this.firstOpcode + ASSIGN)
    out.varint(pairs.length)
    for (const [name, value] of pairs) {
      out.text(name)
      this.encodeValue(value, out)
      const before = this.registers.get(name)
      this.change(name, before)
      this.put(name, assignOwn(before, value, operation), operation.ledger)
    }
  }

  protected addTotal(operation: OwnOperation, name: string, step: Total): void {
    const {out} = operation
    out.byte(this.firstOpcode + ADD)
    out.text(name)
    const before = this.registers.get(name)
    this.change(name, before)
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
      const before = this.registers.get(name)
      // A name that is given twice is gone the second time.
      this.change(name, before)
      const left = before && eraseOwn(before, operation)
      if (before === undefined) out.varint(0)
      this.put(name, left, operation.ledger)
    }
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    const kind = opcode - this.firstOpcode
    for (let count = kind === ADD ? 1 : decoder.varint(); count > 0; count--) {
      const name = decoder.text()
      const before = this.registers.get(name)
      this.change(name, before)
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
    let count = 0
    for (const register of this.registers.values()) if (hasLiveCounter(register)) count++
    if (count > 0) out.varint(count)
    for (const [name, before] of this.registers) {
      this.change(name, before)
      const isTold = hasLiveCounter(before)
      if (isTold) out.text(name)
      const after = isTold ? eraseOwn(before, operation) : erase(before, operation, undefined)
      this.put(name, after, operation.ledger)
    }
    return count > 0
  }

  reset(operation: Operation, seen: Decoder | undefined): void {
    const {edits, ledger} = operation
    for (let count = seen === undefined ? 0 : seen.varint(); count > 0; count--) {
      const name = seen!.text()
      const before = this.registers.get(name)
      if (before === undefined) {
        checkResets(seen!)
        continue
      }
      this.change(name, before)
      this.put(name, erase(before, operation, seen), ledger)
      edits?.element(name)
    }
    for (const [name, before] of this.registers) {
      if (rowsOf(before).length === 0) continue
      this.change(name, before)
      this.put(name, erase(before, operation, undefined), ledger)
      edits?.element(name)
    }
  }

  join(other: this | undefined, join: Join): void {
    for (const [name, mine] of this.registers) {
      const theirs = other?.registers.get(name)
      this.change(name, mine)
      const joined = joinRegisters(mine, theirs, join)
      this.put(name, joined, join.ledger)
      if (joined !== mine) join.edits?.element(name)
    }
    if (other === undefined) return
    for (const [name, theirs] of other.registers) {
      if (this.registers.has(name)) continue
      const joined = joinRegisters(undefined, theirs, join)
      if (joined === undefined) continue
      this.change(name, undefined)
      this.put(name, joined, join.ledger)
      join.edits?.element(name)
    }
  }

  pack(out: Encoder): void {
    out.varint(this.registers.size)
    for (const [name, register] of this.registers) {
      out.text(name)
      packRegister(register, out, (value) => this.encodeValue(value, out))
    }
  }

  unpack(decoder: Decoder, ledger: Ledger): void {
    for (let count = decoder.count(); count > 0; count--) {
      const name = decoder.text()
      if (this.registers.has(name)) decoder.fail('has an element twice')
      const register = unpackRegister(decoder, () => this.decodeValue(decoder))
      this.change(name, undefined)
      this.put(name, register, ledger)
      ledger.garbage += registerGarbage(register)
    }
  }

  release(ledger: Ledger): void {
    for (const [name, register] of this.registers) {
      ledger.bytes -= weightOf(name, register)
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
      const register = this.registers.get(name)!
      this.change(name, register)
      this.put(name, collectRegister(register, isStable, context), ledger)
    }
    return before - ledger.garbage
  }

  digest(digest: Digest, actors: ActorTable): void {
    for (const [name, register] of this.registers) digestRegister(register, name, this.firstOpcode, digest, actors)
  }

  get explainable(): number {
    return this.size
  }

  explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[] {
    const found: ElementExplanation[] = []
    for (const name of element === undefined ? this.registers.keys() : [element]) {
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

  override *elements(): Iterable<string> {
    for (const [name, register] of this.registers) if (isVisible(register)) yield name
  }

  override has(name: string): boolean {
    return isVisible(this.registers.get(name))
  }

  /** An element is about to change: registers change in place. `put` must follow. */
  private change(name: string, before: Register<V> | undefined): void {
    this.before = before
    this.weightBefore = weightOf(name, before)
    this.wasHidden = before !== undefined && !isVisible(before)
  }

  private put(name: string, after: Register<V> | undefined, ledger: Ledger): void {
    ledger.bytes += weightOf(name, after) - this.weightBefore
    const isHidden = after !== undefined && !isVisible(after)
    this.hiddenCount += Number(isHidden) - Number(this.wasHidden)
    if (registerGarbage(after) > 0) this.unclean.add(name)
    else if (this.unclean.size > 0) this.unclean.delete(name)
    if (after === undefined) this.registers.delete(name)
    else if (this.before !== after) this.registers.set(name, after)
  }
}

function weightOf<V extends string | number>(name: string, register: Register<V> | undefined): number {
  if (register === undefined) return 0
  let bytes = ELEMENT_BYTES + name.length
  if (register instanceof Row) return bytes + (typeof register.value === 'string' ? register.value.length : 8)
  for (const {value} of rowsOf(register)) bytes += typeof value === 'string' ? value.length : 8
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
