import {MemberTable} from '../../values/table/member-table.js'
import type {ActorTable} from './actors.js'
import type {Dot, ElementExplanation} from './api.js'
import {
  type Birth,
  type ContainerType,
  type Join,
  type Ledger,
  type Operation,
  type OwnOperation,
  SubValue,
} from './container.js'
import type {Decoder} from './decoder.js'
import type {Digest} from './digest.js'
import type {Encoder} from './encoder.js'
import {SET_OPCODE} from './opcodes.js'
import {earlier} from './register.js'

const ADD = SET_OPCODE
const REMOVE = SET_OPCODE + 1

/** Stands in `dots` for a member that several wrote who had not seen each other. */
const SEVERAL = -1
/** Per member beside its text. */
const MEMBER_BYTES = 48
const BYTES = 160

/** A write that a member exists by. */
type Write = Birth

/** Members and the writes they exist by: nearly always one. `dots` and `clocks` go by the places of the table. */
export class SetValue extends SubValue {
  readonly type = 'set'
  private readonly members = new MemberTable()
  private readonly dots: Dot[] = []
  private readonly clocks: number[] = []
  private several: Map<string, Write[]> | undefined = undefined

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  get isBlank(): boolean {
    return this.members.size === 0
  }

  birth(actors: ActorTable): Birth | undefined {
    let birth: Birth | undefined
    for (let place = 0; place < this.dots.length; place++) {
      for (const write of this.writesAt(place)) birth = earlier(birth, write, actors)
    }
    return birth
  }

  addOwn(operation: OwnOperation, members: readonly string[]): void {
    const {out} = operation
    out.byte(ADD)
    out.varint(members.length)
    for (const member of members) {
      out.text(member)
      this.add(member, operation)
    }
  }

  /** @param members - those not in the set are left out */
  removeOwn(operation: OwnOperation, members: readonly string[]): void {
    const {out} = operation
    const here = members.filter((member) => this.members.find(member) >= 0)
    if (here.length === 0) return
    out.byte(REMOVE)
    out.varint(here.length)
    for (const member of here) {
      out.text(member)
      this.remove(member, operation)
    }
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    const {edits} = operation
    for (let count = decoder.varint(); count > 0; count--) {
      const member = decoder.text()
      if (opcode === ADD) this.add(member, operation)
      else this.remove(member, operation)
      edits?.element(member)
    }
  }

  resetOwn(operation: OwnOperation): boolean {
    this.reset(operation)
    return false
  }

  reset(operation: Operation): void {
    for (let place = this.members.size - 1; place >= 0; place--) {
      const dot = this.dots[place]!
      if (dot !== SEVERAL && !operation.sees(dot)) continue
      const member = this.members.at(place)
      this.remove(member, operation)
      operation.edits?.element(member)
    }
  }

  join(other: this | undefined, join: Join): void {
    const {edits, ledger} = join
    for (let place = this.members.size - 1; place >= 0; place--) {
      const member = this.members.at(place)
      const writes = this.writesAt(place)
      const at = other === undefined ? -1 : other.members.find(member)
      const theirs = at < 0 ? NOTHING : other!.writesAt(at)
      const joined = writes.filter(({dot}) => theirs.some((write) => write.dot === dot) || !join.theirsCovers(dot))
      for (const write of theirs) if (!join.mineCovers(write.dot)) joined.push(write)
      if (joined.length === writes.length && theirs.length <= writes.length && sameDots(joined, writes)) continue
      this.put(place, joined, ledger)
      if (joined.length === 0) edits?.element(member)
    }
    if (other === undefined) return
    for (let place = 0; place < other.members.size; place++) {
      const member = other.members.at(place)
      if (this.members.find(member) >= 0) continue
      const joined = other.writesAt(place).filter(({dot}) => !join.mineCovers(dot))
      if (joined.length === 0) continue
      this.append(member, joined[0]!.dot, joined[0]!.clock, ledger)
      if (joined.length > 1) this.put(this.members.size - 1, joined, ledger)
      edits?.element(member)
    }
  }

  pack(out: Encoder): void {
    out.varint(this.members.size)
    for (let place = 0; place < this.members.size; place++) {
      out.text(this.members.at(place))
      const writes = this.writesAt(place)
      out.varint(writes.length)
      for (const {clock, dot} of writes) {
        out.dot(dot)
        out.varint(clock)
      }
    }
  }

  unpack(decoder: Decoder, ledger: Ledger): void {
    for (let count = decoder.count(); count > 0; count--) {
      const member = decoder.text()
      const writes: Write[] = []
      for (let left = decoder.count(); left > 0; left--) writes.push({dot: decoder.dot(), clock: decoder.varint()})
      if (writes.length === 0 || this.members.find(member) >= 0) decoder.fail('has a member twice, or without a write')
      this.append(member, writes[0]!.dot, writes[0]!.clock, ledger)
      if (writes.length > 1) this.put(this.members.size - 1, writes, ledger)
    }
  }

  override get garbage(): number {
    return 0
  }

  release(ledger: Ledger): void {
    const {size, textBytes} = this.members
    ledger.bytes -= size === 0 ? 0 : textBytes + size * MEMBER_BYTES + BYTES
  }

  digest(digest: Digest, actors: ActorTable): void {
    for (let place = 0; place < this.members.size; place++) {
      for (const {dot} of this.writesAt(place)) {
        digest.begin(SET_OPCODE).text(this.members.at(place))
        actors.digestDot(dot, digest)
        digest.end()
      }
    }
  }

  get explainable(): number {
    return this.members.size
  }

  explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[] {
    const found: ElementExplanation[] = []
    for (const name of element === undefined ? this.elements() : [element]) {
      const place = this.members.find(name)
      if (place < 0 || found.length === count) break
      const dots = this.writesAt(place).map(({dot}) => actors.nameOf(dot))
      found.push({counters: [], dots, name, rows: [], value: name})
    }
    return found
  }

  override get size(): number {
    return this.members.size
  }

  override *elements(): Iterable<string> {
    for (let place = 0; place < this.members.size; place++) yield this.members.at(place)
  }

  override has(member: string): boolean {
    return this.members.find(member) >= 0
  }

  private writesAt(place: number): readonly Write[] {
    const dot = this.dots[place]!
    if (dot === SEVERAL) return this.several!.get(this.members.at(place))!
    return [{clock: this.clocks[place]!, dot}]
  }

  private add(member: string, operation: Operation): void {
    const place = this.members.findAgain(member)
    if (place < 0) {
      this.append(member, operation.dot, operation.clock, operation.ledger)
      return
    }
    const dot = this.dots[place]!
    if (dot !== SEVERAL && operation.sees(dot)) {
      this.dots[place] = operation.dot
      this.clocks[place] = operation.clock
      return
    }
    const unseen = this.writesAt(place).filter((write) => !operation.sees(write.dot))
    this.put(place, [...unseen, {clock: operation.clock, dot: operation.dot}], operation.ledger)
  }

  private remove(member: string, operation: Operation): void {
    const place = this.members.find(member)
    if (place < 0) return
    const dot = this.dots[place]!
    if (dot !== SEVERAL) {
      if (operation.sees(dot)) this.put(place, NOTHING, operation.ledger)
      return
    }
    const unseen = this.writesAt(place).filter((write) => !operation.sees(write.dot))
    this.put(place, unseen, operation.ledger)
  }

  private append(member: string, dot: Dot, clock: number, ledger: Ledger): void {
    ledger.bytes += member.length + MEMBER_BYTES + (this.isEmpty ? BYTES : 0)
    this.members.addNew(member)
    this.dots.push(dot)
    this.clocks.push(clock)
  }

  /** The writes that a member exists by from now on. None: it goes, and the last comes into its place. */
  private put(place: number, writes: readonly Write[], ledger: Ledger): void {
    const {clocks, dots, members} = this
    const member = members.at(place)
    if (dots[place] === SEVERAL) this.several!.delete(member)
    if (writes.length === 0) {
      members.removeAt(place)
      const dot = dots.pop()!
      const clock = clocks.pop()!
      if (place < dots.length) {
        dots[place] = dot
        clocks[place] = clock
      }
      ledger.bytes -= member.length + MEMBER_BYTES + (this.isEmpty ? BYTES : 0)
      return
    }
    dots[place] = writes.length === 1 ? writes[0]!.dot : SEVERAL
    clocks[place] = writes[0]!.clock
    if (writes.length === 1) return
    this.several ??= new Map()
    this.several.set(member, [...writes])
  }
}

const NOTHING: readonly Write[] = []

function sameDots(a: readonly Write[], b: readonly Write[]): boolean {
  return a.every(({dot}) => b.some((write) => write.dot === dot))
}

export const setType: ContainerType = {
  checkOperation(opcode, decoder) {
    if (opcode !== ADD && opcode !== REMOVE) decoder.fail('has an unknown operation')
    for (let count = decoder.count(); count > 0; count--) decoder.skipText()
  },
  checkReset: (decoder) => decoder.fail('tells what a set has not'),
  firstOpcode: SET_OPCODE,
  make: () => new SetValue(),
  type: 'set',
  unpack(decoder, ledger) {
    const value = new SetValue()
    value.unpack(decoder, ledger)
    return value
  },
}
