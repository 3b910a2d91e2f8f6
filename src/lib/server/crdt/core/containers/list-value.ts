import type {ActorTable} from '../actors.js'
import type {CrdtType, ElementExplanation, ListEnd} from '../api.js'
import {
  type Birth,
  type ContainerType,
  type Context,
  type Join,
  type Ledger,
  type ListValue,
  type Operation,
  type OwnOperation,
  SubValue,
} from '../container.js'
import type {Decoder} from '../decoder.js'
import type {Digest} from '../digest.js'
import type {Encoder} from '../encoder.js'
import {LIST_OPCODE} from '../opcodes.js'
import {earlier} from '../register.js'
import {explainWrite} from './explain-write.js'
import {decodeNum, decodePosition, encodeNum, encodePosition, packElements, unpackElements} from './list-codec.js'
import {ListEdits} from './list-edits.js'
import {ListElements} from './list-elements.js'
import {joinLists} from './list-join.js'
import {type Position, positionBetween} from './position.js'

/** Values in the order in which they stand; their positions follow from clock and number. */
const PUSH_LEFT = LIST_OPCODE
const PUSH_RIGHT = LIST_OPCODE + 1
/** LINSERT and LSET: a value at a position. */
const WRITE = LIST_OPCODE + 2
/** Ranges, each by the positions of its first and last element. */
const REMOVE = LIST_OPCODE + 3
/** As the first two, at a number of its own: the clock here is behind that of who pushed before. */
const PUSH_LEFT_AT = LIST_OPCODE + 4
const PUSH_RIGHT_AT = LIST_OPCODE + 5

const ELEMENT_DIGEST = LIST_OPCODE

class CrdtList extends SubValue implements ListValue {
  readonly type: CrdtType = 'list'

  constructor(private held = new ListElements()) {
    super()
  }

  get isEmpty(): boolean {
    return this.held.length === 0
  }

  get isBlank(): boolean {
    return this.held.length === 0
  }

  birth(actors: ActorTable): Birth | undefined {
    const {held} = this
    let birth: Birth | undefined
    for (const place of held.cells.places()) {
      for (const {clock, dot} of held.rowsAt(place)) birth = earlier(birth, {clock, dot}, actors)
    }
    return birth
  }

  /** Lets `change` work on the elements; their bytes are accounted for, edits told. */
  private change({actors, edits, ledger}: Context, change: (held: ListElements, edits?: ListEdits) => void): void {
    const {held} = this
    held.orderBy(actors)
    const before = held.bytes
    const runs = edits === undefined ? undefined : new ListEdits()
    change(held, runs)
    ledger.bytes += held.bytes - before
    if (edits !== undefined) runs!.tell(edits)
  }

  push(operation: OwnOperation, end: ListEnd, values: readonly string[]): void {
    if (values.length === 0) return
    const {clock, out} = operation
    const isLeft = end === 'left'
    const num = this.numBeyond(clock, isLeft)
    if (num === undefined) out.byte(isLeft ? PUSH_LEFT : PUSH_RIGHT)
    else {
      out.byte(isLeft ? PUSH_LEFT_AT : PUSH_RIGHT_AT)
      encodeNum(out, num)
    }
    out.varint(values.length)
    for (const value of values) out.text(value)
    this.applyPush(operation, isLeft, num ?? (isLeft ? -clock : clock), values)
  }

  /** Of a push that is to stand at the end; undefined: the clock's. */
  private numBeyond(clock: number, isLeft: boolean): number | undefined {
    const {cells, length} = this.held
    if (length === 0) return undefined
    const num = cells.a(isLeft ? cells.firstPlace() : cells.lastPlace())
    if (isLeft) return num > -clock ? undefined : num - 1
    return num < clock ? undefined : num + 1
  }

  private applyPush(operation: Operation, isLeft: boolean, num: number, values: readonly string[]): void {
    const {actor, clock, dot} = operation
    const first = [num, actor, isLeft ? 1 - values.length : 0]
    this.change(operation, (held, edits) => held.push(first, clock, dot, values, edits))
  }

  insertAt(operation: OwnOperation, index: number, value: string): void {
    const {held} = this
    held.orderBy(operation.actors)
    if (index === 0) {
      this.push(operation, 'left', [value])
      return
    }
    const place = held.cells.placeAt(index - 1)
    const after = index < held.length ? held.positionAt(held.cells.next(place)) : undefined
    this.write(operation, positionBetween(held.positionAt(place), after, operation.actor, operation.actors), value)
  }

  setAt(operation: OwnOperation, index: number, value: string): void {
    this.write(operation, this.held.positionAt(this.held.cells.placeAt(index)), value)
  }

  private write(operation: OwnOperation, position: Position, value: string): void {
    const {out} = operation
    out.byte(WRITE)
    encodePosition(out, position)
    out.text(value)
    this.applyWrite(operation, position, value)
  }

  private applyWrite(operation: Operation, position: Position, value: string): void {
    const {clock, dot} = operation
    this.change(operation, (held, edits) => {
      held.write(position, {clock, dot, value}, (seen) => operation.sees(seen), edits)
    })
  }

  removeAt(operation: OwnOperation, indexes: readonly number[]): void {
    const runs = runsOf(indexes)
    if (runs.length === 0) return
    const {out} = operation
    out.byte(REMOVE)
    out.varint(runs.length)
    const {cells} = this.held
    for (const {count, index} of runs) {
      const place = cells.placeAt(index)
      out.byte(count === 1 ? 0 : 1)
      encodePosition(out, this.held.positionAt(place))
      if (count > 1) encodePosition(out, this.held.positionAt(cells.placeAt(index + count - 1)))
    }
    this.change(operation, (held) => {
      for (const {count, index} of runs.reverse()) held.removeRun(index, count)
    })
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    const {clock} = operation
    if (opcode === PUSH_LEFT) this.applyPush(operation, true, -clock, decodeValues(decoder))
    else if (opcode === PUSH_RIGHT) this.applyPush(operation, false, clock, decodeValues(decoder))
    else if (opcode === PUSH_LEFT_AT) this.applyPush(operation, true, decodeNum(decoder), decodeValues(decoder))
    else if (opcode === PUSH_RIGHT_AT) this.applyPush(operation, false, decodeNum(decoder), decodeValues(decoder))
    else if (opcode === WRITE) this.applyWrite(operation, decodePosition(decoder), decoder.text())
    else {
      this.change(operation, (held, edits) => {
        for (let left = decoder.count(); left > 0; left--) {
          const isRange = decoder.byte() === 1
          const first = decodePosition(decoder)
          held.removeBetween(first, isRange ? decodePosition(decoder) : first, (dot) => operation.sees(dot), edits)
        }
      })
    }
  }

  resetOwn(operation: OwnOperation): boolean {
    this.reset(operation)
    return false
  }

  reset(operation: Operation): void {
    this.change(operation, (held, edits) => held.removeSeen((dot) => operation.sees(dot), edits))
  }

  join(other: CrdtList | undefined, join: Join): void {
    if (other === undefined) {
      this.change(join, (held, edits) => held.removeSeen((dot) => join.theirsCovers(dot), edits))
      return
    }
    this.held.orderBy(join.actors)
    other.held.orderBy(join.actors)
    const edits = new ListEdits()
    const mine = {list: this.held, seen: (dot: number) => join.mineCovers(dot)}
    const theirs = {list: other.held, seen: (dot: number) => join.theirsCovers(dot)}
    const joined = joinLists(join.actors, mine, theirs, edits)
    if (joined === undefined) return
    join.ledger.bytes += joined.bytes - this.held.bytes
    this.held = joined
    if (join.edits !== undefined) edits.tell(join.edits)
  }

  pack(out: Encoder): void {
    packElements(this.held, out)
  }

  release(ledger: Ledger): void {
    ledger.bytes -= this.held.bytes
  }

  digest(digest: Digest, actors: ActorTable): void {
    const {held} = this
    for (const place of held.cells.places()) {
      for (const {clock, dot, value} of held.rowsAt(place)) {
        digest.begin(ELEMENT_DIGEST)
        held.positionAt(place).forEach((part, i) => {
          if (i % 3 === 1) digest.number(actors.regionOf(part)).number(actors.at(part).epoch)
          else digest.number(part)
        })
        actors.digestDot(dot, digest)
        digest.number(clock).text(value).end()
      }
    }
  }

  get explainable(): number {
    return this.held.length
  }

  explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[] {
    const first = element === undefined ? 0 : Number(element)
    if (!Number.isInteger(first) || first < 0) return []
    const end = Math.min(this.held.length, element === undefined ? count : first + 1)
    const found: ElementExplanation[] = []
    for (let index = first; index < end; index++) {
      const place = this.held.cells.placeAt(index)
      const rows = this.held.rowsAt(place)
      found.push({
        counters: [],
        dots: rows.map(({dot}) => actors.nameOf(dot)),
        name: String(index),
        rows: rows.map((row, i) => explainWrite(row, i === 0, actors)),
        value: this.held.cells.value(place),
      })
    }
    return found
  }

  override get size(): number {
    return this.held.length
  }

  override elements(): Iterable<string> {
    return this.held.values()
  }
}

function decodeValues(decoder: Decoder): string[] {
  const values: string[] = []
  for (let left = decoder.count(); left > 0; left--) values.push(decoder.text())
  return values
}

function runsOf(indexes: readonly number[]): {index: number; count: number}[] {
  const runs: {index: number; count: number}[] = []
  for (const index of indexes) {
    const last = runs[runs.length - 1]
    if (last !== undefined && index === last.index + last.count) last.count++
    else runs.push({count: 1, index})
  }
  return runs
}

export const listType: ContainerType = {
  checkOperation(opcode, decoder) {
    if (opcode === PUSH_LEFT || opcode === PUSH_RIGHT) decodeValues(decoder)
    else if (opcode === PUSH_LEFT_AT || opcode === PUSH_RIGHT_AT) {
      decodeNum(decoder)
      decodeValues(decoder)
    } else if (opcode === WRITE) {
      decodePosition(decoder)
      decoder.text()
    } else if (opcode === REMOVE) {
      for (let left = decoder.count(); left > 0; left--) {
        const kind = decoder.byte()
        if (kind > 1) decoder.fail('has a removal of unknown kind')
        decodePosition(decoder)
        if (kind === 1) decodePosition(decoder)
      }
    } else decoder.fail('has an operation that lists do not know')
  },
  checkReset() {},
  firstOpcode: LIST_OPCODE,
  make: () => new CrdtList(),
  type: 'list',
  unpack(decoder, ledger) {
    const held = unpackElements(decoder)
    ledger.bytes += held.bytes
    return new CrdtList(held)
  },
}
