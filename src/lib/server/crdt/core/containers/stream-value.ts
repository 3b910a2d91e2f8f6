import {formatId} from '../../../../protocol/stream-id.js'
import type {ActorTable} from '../actors.js'
import type {CrdtType, ElementExplanation} from '../api.js'
import {
  type Birth,
  type ContainerType,
  type Context,
  type Join,
  type Ledger,
  type Operation,
  type OwnOperation,
  type StreamValue,
  SubValue,
} from '../container.js'
import type {Decoder} from '../decoder.js'
import type {Digest} from '../digest.js'
import type {Encoder} from '../encoder.js'
import {STREAM_OPCODE} from '../opcodes.js'
import {earlier} from '../register.js'
import {decodeEntryId, encodeEntryId, parseEntryId} from './entry-id.js'
import {explainWrite} from './explain-write.js'
import {Groups} from './groups.js'
import type {Covers} from './marks.js'
import {type Fields, joinEntries, StreamEntries} from './stream-entries.js'

const ADD = STREAM_OPCODE
/** Ranges of ids, both inclusive. */
const REMOVE = STREAM_OPCODE + 1
const CREATE_GROUP = STREAM_OPCODE + 2
const DESTROY_GROUP = STREAM_OPCODE + 3
const ACKNOWLEDGE = STREAM_OPCODE + 4

const ENTRY_DIGEST = STREAM_OPCODE
const GROUP_DIGEST = STREAM_OPCODE + 1

class CrdtStream extends SubValue implements StreamValue {
  readonly type: CrdtType = 'stream'

  constructor(
    private held = new StreamEntries(),
    private readonly consumers = new Groups(),
  ) {
    super()
  }

  get isEmpty(): boolean {
    return this.held.length === 0 && this.consumers.count === 0
  }

  get isBlank(): boolean {
    return this.held.length === 0 && this.consumers.isBlank
  }

  birth(actors: ActorTable): Birth | undefined {
    const {cells} = this.held
    let birth = this.consumers.birth(actors)
    for (const place of cells.places()) {
      birth = earlier(birth, {clock: cells.clock(place), dot: cells.dot(place)}, actors)
    }
    return birth
  }

  /** Lets `change` work on entries; their bytes are accounted for. */
  private changeEntries<T>({actors, ledger}: Context, change: () => T): T {
    this.held.orderBy(actors)
    ledger.bytes -= this.held.bytes
    const result = change()
    ledger.bytes += this.held.bytes
    return result
  }

  /** The same for groups, with their garbage. */
  private changeGroups<T>({ledger}: Context, change: () => T): T {
    const {consumers} = this
    ledger.bytes -= consumers.bytes
    ledger.garbage -= consumers.garbage
    const result = change()
    ledger.bytes += consumers.bytes
    ledger.garbage += consumers.garbage
    return result
  }

  private enter(ledger: Ledger): void {
    ledger.bytes += this.held.bytes + this.consumers.bytes
    ledger.garbage += this.consumers.garbage
  }

  release(ledger: Ledger): void {
    ledger.bytes -= this.held.bytes + this.consumers.bytes
    ledger.garbage -= this.consumers.garbage
  }

  addEntry(operation: OwnOperation, id: string, fields: readonly string[]): void {
    const {clock, dot, out} = operation
    const entryId = parseEntryId(id)
    out.byte(ADD)
    encodeEntryId(out, entryId)
    encodeFields(out, fields)
    this.changeEntries(operation, () => this.held.add(entryId, dot, clock, fields))
  }

  removeEntries(operation: OwnOperation, ids: readonly string[]): void {
    const {out} = operation
    this.held.orderBy(operation.actors)
    const ranges = this.held.rangesOf(ids.map(parseEntryId))
    if (ranges.length === 0) return
    out.byte(REMOVE)
    out.varint(ranges.length)
    for (const [first, last] of ranges) {
      encodeEntryId(out, first)
      out.byte(first === last ? 0 : 1)
      if (first !== last) encodeEntryId(out, last)
    }
    this.changeEntries(operation, () => {
      for (const [first, last] of ranges) this.held.removeBetween(first, last, (dot) => operation.sees(dot))
    })
  }

  createGroup(operation: OwnOperation, group: string, lastId: string): void {
    const {actors, out} = operation
    const id = parseEntryId(lastId)
    out.byte(CREATE_GROUP)
    out.text(group)
    encodeEntryId(out, id)
    this.changeGroups(operation, () => this.consumers.create(group, id, birthOf(operation), seenBy(operation), actors))
  }

  destroyGroup(operation: OwnOperation, group: string): void {
    if (!this.consumers.has(group)) return
    operation.out.byte(DESTROY_GROUP)
    operation.out.text(group)
    this.changeGroups(operation, () => this.consumers.destroy(group, operation.dot))
  }

  acknowledge(operation: OwnOperation, group: string, id: string): void {
    const entryId = parseEntryId(id)
    if (!this.changeGroups(operation, () => this.consumers.acknowledge(group, entryId, seenBy(operation)))) return
    operation.out.byte(ACKNOWLEDGE)
    operation.out.text(group)
    encodeEntryId(operation.out, entryId)
  }

  applyOperation(opcode: number, decoder: Decoder, operation: Operation): void {
    if (opcode === ADD) this.changeEntries(operation, () => this.applyAdd(decoder, operation))
    else if (opcode === REMOVE) this.changeEntries(operation, () => this.applyRemove(decoder, operation))
    else this.changeGroups(operation, () => this.applyToGroup(opcode, decoder, operation))
  }

  private applyAdd(decoder: Decoder, {clock, dot, edits}: Operation): void {
    const id = decodeEntryId(decoder)
    if (this.held.add(id, dot, clock, decodeFields(decoder))) edits?.entry(formatId(id))
  }

  private applyRemove(decoder: Decoder, operation: Operation): void {
    for (let left = decoder.count(); left > 0; left--) {
      const first = decodeEntryId(decoder)
      const last = decoder.byte() === 0 ? first : decodeEntryId(decoder)
      for (const id of this.held.removeBetween(first, last, seenBy(operation))) operation.edits?.entry(id)
    }
  }

  private applyToGroup(opcode: number, decoder: Decoder, operation: Operation): void {
    const {actors, dot, edits} = operation
    const group = decoder.text()
    const sees = seenBy(operation)
    let isChanged: boolean
    if (opcode === DESTROY_GROUP) isChanged = this.consumers.destroy(group, dot)
    else if (opcode === ACKNOWLEDGE) isChanged = this.consumers.acknowledge(group, decodeEntryId(decoder), sees)
    else isChanged = this.consumers.create(group, decodeEntryId(decoder), birthOf(operation), sees, actors)
    if (isChanged) edits?.group(group)
  }

  resetOwn(operation: OwnOperation): boolean {
    // What is not there is not deleted once more: that would win over groups that others make meanwhile.
    if (this.isEmpty) return false
    this.dropSeen(operation, true)
    return true
  }

  reset(operation: Operation, seen: Decoder | undefined): void {
    this.dropSeen(operation, seen !== undefined)
  }

  /** @param isDeleted - the stream was there, so its groups go, seen or not */
  private dropSeen(operation: Operation, isDeleted: boolean): void {
    const {dot, edits} = operation
    const ids = this.changeEntries(operation, () => this.held.removeSeen(seenBy(operation)))
    for (const id of ids) edits?.entry(id)
    if (!isDeleted) return
    for (const name of this.changeGroups(operation, () => this.consumers.destroyAll(dot))) edits?.group(name)
  }

  join(other: CrdtStream | undefined, join: Join): void {
    const {actors, edits} = join
    const mineCovers = (dot: number) => join.mineCovers(dot)
    const theirsCovers = (dot: number) => join.theirsCovers(dot)
    const changed = (id: string) => edits?.entry(id)
    this.changeEntries(join, () => {
      if (other === undefined) {
        this.held.removeSeen(theirsCovers).forEach(changed)
        return
      }
      other.held.orderBy(actors)
      this.held = joinEntries(actors, this.held, other.held, mineCovers, theirsCovers, changed)
    })
    const others = other?.consumers ?? new Groups()
    for (const name of this.changeGroups(join, () => this.consumers.join(others, join))) edits?.group(name)
  }

  pack(out: Encoder): void {
    const {cells} = this.held
    out.varint(this.held.length)
    for (const place of cells.places()) {
      const {clock, dot, fields, id} = this.held.entryAt(place)
      encodeEntryId(out, id)
      out.dot(dot)
      out.varint(clock)
      encodeFields(out, fields)
    }
    this.consumers.pack(out)
  }

  /** What `pack` wrote. @throws CrdtError */
  static unpack(decoder: Decoder, ledger: Ledger): CrdtStream {
    const held = new StreamEntries()
    for (let left = decoder.count(); left > 0; left--) {
      const id = decodeEntryId(decoder)
      const dot = decoder.dot()
      held.append({clock: decoder.varint(), dot, fields: decodeFields(decoder), id})
    }
    const stream = new CrdtStream(held, Groups.unpack(decoder))
    stream.enter(ledger)
    return stream
  }

  override collect(isStable: Covers, context: Context): number {
    return this.changeGroups(context, () => this.consumers.collect(isStable))
  }

  digest(digest: Digest, actors: ActorTable): void {
    for (const place of this.held.cells.places()) {
      const {clock, dot, fields, id} = this.held.entryAt(place)
      digest.begin(ENTRY_DIGEST).text(formatId(id)).number(clock)
      actors.digestDot(dot, digest)
      for (const text of fields) digest.text(text)
      digest.end()
    }
    this.consumers.digest(GROUP_DIGEST, digest, actors)
  }

  get explainable(): number {
    return this.held.length + this.consumers.count
  }

  explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[] {
    const names = element === undefined ? this.names() : [element]
    const found: ElementExplanation[] = []
    for (const name of names) {
      if (found.length === count) break
      const told = this.explainEntry(name, actors) ?? this.consumers.explain(name, actors)
      if (told !== undefined) found.push(told)
    }
    return found
  }

  private *names(): Generator<string> {
    yield* this.entryIds()
    yield* this.consumers.names()
  }

  private explainEntry(name: string, actors: ActorTable): ElementExplanation | undefined {
    if (!/^\d+-\d+$/.test(name)) return undefined
    const entries = [...this.held.entriesOf(parseEntryId(name))]
    if (entries.length === 0) return undefined
    const rows = entries.map(({clock, dot, fields}, i) =>
      explainWrite({clock, dot, value: fields.join(' ')}, i === 0, actors),
    )
    return {counters: [], dots: rows.map(({dot}) => dot), name, rows, value: rows[0]!.value}
  }

  override entry(id: string): readonly string[] | undefined {
    return this.held.fieldsOf(parseEntryId(id))
  }

  override *entryIds(): Generator<string> {
    for (const id of this.held.ids()) yield formatId(id)
  }

  override *groups(): Generator<{readonly name: string; readonly lastId: string}> {
    for (const name of this.consumers.names()) yield {lastId: formatId(this.consumers.lastIdOf(name)!), name}
  }
}

function seenBy(operation: Operation): Covers {
  return (dot) => operation.sees(dot)
}

function birthOf({clock, dot}: Operation): Birth {
  return {clock, dot}
}

function encodeFields(out: Encoder, fields: Fields): void {
  out.varint(fields.length)
  for (const text of fields) out.text(text)
}

/** @throws CrdtError */
function decodeFields(decoder: Decoder): Fields {
  const fields: string[] = []
  for (let left = decoder.count(); left > 0; left--) fields.push(decoder.text())
  if (fields.length === 0 || fields.length % 2 === 1) decoder.fail('has an entry of no fields, or of half a one')
  return fields
}

function checkRanges(decoder: Decoder): void {
  for (let left = decoder.count(); left > 0; left--) {
    decodeEntryId(decoder)
    const kind = decoder.byte()
    if (kind > 1) decoder.fail('has a removal of unknown kind')
    if (kind === 1) decodeEntryId(decoder)
  }
}

export const streamType: ContainerType = {
  checkOperation(opcode, decoder) {
    if (opcode === ADD) {
      decodeEntryId(decoder)
      decodeFields(decoder)
    } else if (opcode === REMOVE) checkRanges(decoder)
    else {
      if (opcode < CREATE_GROUP || opcode > ACKNOWLEDGE) decoder.fail('has an operation that streams do not know')
      decoder.text()
      if (opcode !== DESTROY_GROUP) decodeEntryId(decoder)
    }
  },
  checkReset() {},
  firstOpcode: STREAM_OPCODE,
  make: () => new CrdtStream(),
  type: 'stream',
  unpack: CrdtStream.unpack,
}
