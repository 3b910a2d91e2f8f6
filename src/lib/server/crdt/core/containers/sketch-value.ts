import {COUNT_LIMIT, REGISTER_COUNT, RUN_BITS} from '../../../values/hyperloglog/element-hash.js'
import type {ActorTable} from '../actors.js'
import type {CrdtType, Dot, ElementExplanation} from '../api.js'
import {
  type Birth,
  type ContainerType,
  type Context,
  type Join,
  type Ledger,
  type Operation,
  type OwnOperation,
  type SketchValue,
  SubValue,
} from '../container.js'
import type {Decoder} from '../decoder.js'
import type {Digest} from '../digest.js'
import type {Encoder} from '../encoder.js'
import {SKETCH_OPCODE} from '../opcodes.js'
import {earlier} from '../register.js'
import {explainWrite} from './explain-write.js'
import {type Covers, isOutdated, Marks} from './marks.js'
import {packMarks, unpackMarks} from './marks-codec.js'
import {type Patterns, Registers} from './registers.js'

/** Registers that rose, and to what; none: the sketch comes to be. */
const RAISE = SKETCH_OPCODE

const REGISTERS_DIGEST = SKETCH_OPCODE
const SKETCH_BYTES = 300
/** The only thing to tell of. */
const REGISTERS = 'registers'

/**
 * A HyperLogLog: registers joined by maximum, good as long as their writers saw all deletions of the key. So a deletion wins
 * over whatever did not see it.
 */
class Sketch extends SubValue implements SketchValue {
  readonly type: CrdtType = 'hll'
  private readonly marks = new Marks()
  private registers: Registers | undefined
  private firstWrite: Birth | undefined

  get isEmpty(): boolean {
    return this.registers === undefined
  }

  get isBlank(): boolean {
    return this.registers === undefined && this.marks.size === 0
  }

  birth(): Birth | undefined {
    return this.firstWrite
  }

  addSketch(operation: OwnOperation, sketch: string): void {
    const isNew = this.registers === undefined
    const raised = this.change(operation, (registers) => registers.raiseTo(sketch))
    if (!isNew && raised.length === 0) return
    this.bear(operation, operation.actors)
    operation.out.byte(RAISE)
    encodePatterns(operation.out, raised)
  }

  private change<T>({ledger}: Context, change: (registers: Registers) => T): T {
    const registers = this.registers ?? new Registers()
    const before = this.bytes
    const result = change(registers)
    this.registers = registers
    ledger.bytes += this.bytes - before
    return result
  }

  private bear(write: Birth, actors: ActorTable): void {
    this.firstWrite = earlier(this.firstWrite, {clock: write.clock, dot: write.dot}, actors)
  }

  private drop(ledger: Ledger): void {
    ledger.bytes -= this.bytes
    this.registers = undefined
    this.firstWrite = undefined
  }

  private get bytes(): number {
    return this.registers === undefined ? 0 : SKETCH_BYTES + this.registers.bytes
  }

  applyOperation(_opcode: number, decoder: Decoder, operation: Operation): void {
    const patterns = decodePatterns(decoder)
    if (!this.marks.areSeen((dot) => operation.sees(dot))) return
    const isNew = this.registers === undefined
    const raised = this.change(operation, (registers) => registers.raise(patterns))
    this.bear(operation, operation.actors)
    if (isNew || raised.length > 0) operation.edits?.all()
  }

  resetOwn(operation: OwnOperation): boolean {
    // What is not there is not deleted once more: that would win over what others make of it meanwhile.
    if (this.registers === undefined) return false
    this.mark(operation)
    return true
  }

  reset(operation: Operation, seen: Decoder | undefined): void {
    // Who knew of no sketch deleted none.
    if (seen !== undefined) this.mark(operation)
  }

  private mark({dot, edits, ledger}: Operation): void {
    this.take([dot], ledger)
    if (this.registers !== undefined) edits?.all()
    this.drop(ledger)
  }

  join(other: Sketch | undefined, join: Join): void {
    const {actors, ledger} = join
    const mineCovers = (dot: Dot) => join.mineCovers(dot)
    const theirsCovers = (dot: Dot) => join.theirsCovers(dot)
    const mine = this.firstWrite
    const theirs = other?.firstWrite
    const isMineGood =
      (other === undefined || other.marks.areSeen(mineCovers)) && !isOutdated(mine, theirs, theirsCovers, actors)
    const isTheirsGood = this.marks.areSeen(theirsCovers) && !isOutdated(theirs, mine, mineCovers, actors)
    this.take(other?.marks ?? [], ledger)
    if (mine !== undefined && !isMineGood) {
      this.drop(ledger)
      join.edits?.all()
    }
    if (theirs === undefined || !isTheirsGood) return
    const isNew = this.registers === undefined
    const patterns = other!.registers!.patterns()
    const raised = this.change(join, (registers) => registers.raise(patterns))
    this.bear(theirs, actors)
    if (isNew || raised.length > 0) join.edits?.all()
  }

  private take(marks: Iterable<Dot>, ledger: Ledger): void {
    const before = this.marks.size
    for (const dot of marks) this.marks.add(dot)
    ledger.garbage += this.marks.size - before
  }

  pack(out: Encoder): void {
    packMarks(this.marks, out)
    out.byte(this.registers === undefined ? 0 : 1)
    if (this.registers === undefined) return
    out.varint(this.firstWrite!.clock)
    out.dot(this.firstWrite!.dot)
    encodePatterns(out, this.registers.patterns())
  }

  /** What `pack` wrote. @throws CrdtError */
  static unpack(decoder: Decoder, ledger: Ledger): Sketch {
    const sketch = new Sketch()
    unpackMarks(sketch.marks, decoder)
    ledger.garbage += sketch.marks.size
    const kind = decoder.byte()
    if (kind > 1) decoder.fail('has a sketch of unknown kind')
    if (kind === 0) return sketch
    sketch.firstWrite = {clock: decoder.varint(), dot: decoder.dot()}
    sketch.registers = new Registers()
    sketch.registers.raise(decodePatterns(decoder))
    ledger.bytes += sketch.bytes
    return sketch
  }

  release(ledger: Ledger): void {
    ledger.garbage -= this.marks.size
    ledger.bytes -= this.bytes
  }

  override collect(isStable: Covers, {ledger}: Context): number {
    const count = this.marks.collect(isStable)
    ledger.garbage -= count
    return count
  }

  digest(digest: Digest, actors: ActorTable): void {
    if (this.registers === undefined) return
    digest.begin(REGISTERS_DIGEST).number(this.firstWrite!.clock)
    actors.digestDot(this.firstWrite!.dot, digest)
    for (const pattern of this.registers.patterns()) digest.number(pattern)
    digest.end()
  }

  get explainable(): number {
    return this.registers === undefined ? 0 : 1
  }

  explain(element: string | undefined, _count: number, actors: ActorTable): ElementExplanation[] {
    if (this.registers === undefined || (element ?? REGISTERS) !== REGISTERS) return []
    const value = `${this.registers.patterns().length} registers above 0`
    const write = {...this.firstWrite!, value: 'made'}
    return [
      {
        counters: [],
        dots: [actors.nameOf(write.dot)],
        name: REGISTERS,
        rows: [explainWrite(write, true, actors)],
        value,
      },
    ]
  }

  override text(): string {
    return this.registers?.text() ?? ''
  }
}

/** Ascending, each as what it is above the one before. */
function encodePatterns(out: Encoder, patterns: Patterns): void {
  out.varint(patterns.length)
  let last = 0
  for (const pattern of patterns) {
    out.varint(pattern - last)
    last = pattern
  }
}

/** @throws CrdtError */
function decodePatterns(decoder: Decoder): Patterns {
  const patterns: number[] = []
  let pattern = 0
  for (let left = decoder.count(); left > 0; left--) {
    const register = Math.floor(pattern / COUNT_LIMIT)
    const isFirst = patterns.length === 0
    pattern += decoder.varint()
    const count = pattern % COUNT_LIMIT
    const isNext = isFirst || Math.floor(pattern / COUNT_LIMIT) > register
    if (!isNext || count < 1 || count > RUN_BITS + 1 || pattern >= REGISTER_COUNT * COUNT_LIMIT) {
      decoder.fail('has a register that cannot be')
    }
    patterns.push(pattern)
  }
  return patterns
}

export const sketchType: ContainerType = {
  checkOperation(opcode, decoder) {
    if (opcode !== RAISE) decoder.fail('has an operation that sketches do not know')
    decodePatterns(decoder)
  },
  checkReset() {},
  firstOpcode: SKETCH_OPCODE,
  make: () => new Sketch(),
  type: 'hll',
  unpack: Sketch.unpack,
}
