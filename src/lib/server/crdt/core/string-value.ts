import type {ActorTable} from './actors.js'
import type {Dot, ElementExplanation, Step} from './api.js'
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
import {Counter} from './counter.js'
import type {Decoder} from './decoder.js'
import type {Digest} from './digest.js'
import type {Encoder} from './encoder.js'
import {STRING_OPCODE} from './opcodes.js'
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
  encodeStep,
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
import {exactStep, textOf} from './text-register.js'

export const ASSIGN = STRING_OPCODE
const ADD = STRING_OPCODE + 1

const BYTES = 120
/** Of a key with a plain string or number, which is what clients see and is kept once. */
export const PLAIN_BYTES = 60

/** One register. In the table of keys it stands without this class around it where nothing else is known of the key. */
export class StringValue extends SubValue {
  readonly type = 'string'

  constructor(public register: Register<string> | undefined) {
    super()
  }

  get isEmpty(): boolean {
    return !isVisible(this.register)
  }

  get isBlank(): boolean {
    return this.register === undefined
  }

  birth(actors: ActorTable): Birth | undefined {
    return this.register && registerBirth(this.register, actors)
  }

  assignOwn(operation: OwnOperation, value: string): void {
    const {ledger, out} = operation
    const before = this.weight()
    out.byte(ASSIGN)
    out.text(value)
    this.register = assignOwn(this.register, value, operation)
    ledger.bytes += this.weight() - before
  }

  addOwn(operation: OwnOperation, step: Step): void {
    const {actors, ledger, out} = operation
    const before = this.weight()
    out.byte(ADD)
    this.register = addOwn(this.register, exactStep(this.register, step, actors), operation)
    ledger.bytes += this.weight() - before
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    const before = this.weight()
    if (opcode === ASSIGN) this.register = assign(this.register, decoder.text(), operation, decoder)
    else this.register = addFrom(this.register, decoder, operation)
    operation.ledger.bytes += this.weight() - before
    operation.edits?.all()
  }

  resetOwn(operation: OwnOperation): boolean {
    const {register} = this
    if (register === undefined) return false
    const before = this.weight()
    const isTold = hasLiveCounter(register)
    if (isTold) this.register = eraseOwn(register, operation)
    else this.register = erase(register, operation, undefined)
    operation.ledger.bytes += this.weight() - before
    return isTold
  }

  reset(operation: Operation, seen: Decoder | undefined): void {
    const {register} = this
    if (register === undefined) {
      if (seen) checkResets(seen)
      return
    }
    const before = this.weight()
    this.register = erase(register, operation, seen)
    operation.ledger.bytes += this.weight() - before
    operation.edits?.all()
  }

  join(other: this | undefined, join: Join): void {
    const {register} = this
    const before = this.weight()
    this.register = joinRegisters(register, other?.register, join)
    join.ledger.bytes += this.weight() - before
    if (this.register !== register) join.edits?.all()
  }

  pack(out: Encoder): void {
    packText(this.register!, out)
  }

  release(ledger: Ledger): void {
    ledger.bytes -= this.weight()
    ledger.garbage -= registerGarbage(this.register)
  }

  override get garbage(): number {
    return registerGarbage(this.register)
  }

  override collect(isStable: (dot: Dot) => boolean, context: Context): number {
    if (this.register === undefined) return 0
    const before = context.ledger.garbage
    const bytes = this.weight()
    this.register = collectRegister(this.register, isStable, context)
    context.ledger.bytes += this.weight() - bytes
    return before - context.ledger.garbage
  }

  digest(digest: Digest, actors: ActorTable): void {
    if (this.register) digestRegister(this.register, '', STRING_OPCODE, digest, actors)
  }

  get explainable(): number {
    return this.isEmpty ? 0 : 1
  }

  explain(element: string | undefined, _count: number, actors: ActorTable): ElementExplanation[] {
    const {register} = this
    if (register === undefined || element !== undefined) return []
    const value = this.isEmpty ? {} : {value: textOf(register, actors)}
    const rows = explainRows(rowsOf(register), winnerOf(register, actors), actors, String)
    return [{counters: explainCounters(register, actors), dots: dotsOf(register, actors), name: '', rows, ...value}]
  }

  override text(actors: ActorTable): string {
    return textOf(this.register!, actors)
  }

  private weight(): number {
    return weightOf(this.register)
  }
}

export function packText(register: Register<string>, out: Encoder): void {
  packRegister(register, out, (value) => out.text(value))
}

/** The operation that sets a key of which a row is known, or nothing: there are no counters to reset. */
export function writeAssign(value: string, out: Encoder): void {
  out.byte(ASSIGN)
  out.text(value)
  out.byte(0)
}

/** `StringValue.assignOwn` of a key of which the table holds a row alone, or nothing. */
export function assignRow(row: Row<string> | undefined, value: string, operation: OwnOperation): Row<string> {
  const {clock, dot, ledger, out} = operation
  writeAssign(value, out)
  if (row === undefined) {
    ledger.bytes += PLAIN_BYTES
    return new Row(dot, clock, value)
  }
  row.dot = dot
  row.clock = clock
  row.value = value
  return row
}

/** The operation that adds to a key of which a counter of ours is known, or nothing. @param total - after it; undefined: nothing was */
export function writeAdd(step: number, total: number | undefined, out: Encoder): void {
  out.byte(ADD)
  encodeStep(step, total, out)
}

/** `StringValue.addOwn` of a key of which the table holds a counter of ours alone, or nothing. */
export function addToCounter(counter: Counter | undefined, step: Step, operation: OwnOperation): Counter {
  const {actors, ledger, out} = operation
  out.byte(ADD)
  if (counter === undefined) ledger.bytes += PLAIN_BYTES
  return addOwn(counter, exactStep(counter, step, actors), operation) as Counter
}

export function weightOf(register: Register<string> | undefined): number {
  if (register === undefined) return 0
  if (register instanceof Row || register instanceof Counter) return PLAIN_BYTES
  let bytes = BYTES
  for (const {value} of rowsOf(register)) bytes += value.length
  return bytes
}

export const stringType: ContainerType = {
  checkOperation(opcode, decoder) {
    if (opcode === ASSIGN) {
      decoder.skipText()
      checkResets(decoder)
    } else if (opcode === ADD) checkStep(decoder)
    else decoder.fail('has an unknown operation')
  },
  checkReset: checkResets,
  firstOpcode: STRING_OPCODE,
  make: () => new StringValue(undefined),
  type: 'string',
  unpack(decoder, ledger) {
    const value = new StringValue(unpackRegister(decoder, () => decoder.text()))
    ledger.bytes += weightOf(value.register)
    ledger.garbage += registerGarbage(value.register)
    return value
  },
}
