import type {ActorTable} from './actors.js'
import type {CrdtType, Dot, ElementExplanation, ListEnd} from './api.js'
import type {Decoder} from './decoder.js'
import type {Digest} from './digest.js'
import type {Encoder} from './encoder.js'

/** Rough size and garbage of a slot. Containers add what they come to hold and subtract what they let go. */
export interface Ledger {
  bytes: number
  garbage: number
}

/** Takes what changes of what a container shows, in the order of the changes. */
export interface EditSink {
  /** So much changed that it does not pay to say what. */
  all(): void
  element(name: string): void
  insert(index: number, values: readonly string[]): void
  replace(index: number, value: string): void
  remove(index: number, count: number): void
  entry(id: string): void
  group(name: string): void
}

export interface Context {
  readonly actors: ActorTable
  readonly ledger: Ledger
  /** Undefined: nobody wants to know. */
  readonly edits: EditSink | undefined
}

/** An operation that is being applied. All operations of an effect share its dot; each has a clock of its own. */
export interface Operation extends Context {
  /** Index of the one who writes. */
  readonly actor: number
  readonly sequence: number
  readonly dot: Dot
  readonly clock: number
  /** Had the writer seen this when it wrote? Also what came earlier in the same effect. */
  sees(dot: Dot): boolean
}

/** An operation of this node's own, applied as it is written: it sees all, nobody wants to know its edits. */
export interface OwnOperation extends Operation {
  /** Takes opcode and arguments. Only what `applyOperation` reads: key and dot stand before it. */
  readonly out: Encoder
}

/** Two states become one. A dot that only one side holds stays if the other side's vector does not cover it. */
export interface Join extends Context {
  mineCovers(dot: Dot): boolean
  theirsCovers(dot: Dot): boolean
}

/** When something was made: the lowest clock wins, then the lowest dot by region, epoch, sequence. */
export interface Birth {
  readonly clock: number
  readonly dot: Dot
}

/**
 * One value of a key, of one type: what regions wrote, and what they see of it. A key has several while regions that
 * knew nothing of each other used it for different types.
 *
 * What is visible, `birth` and the digest are functions of the dots held: equal whenever the same effects were applied,
 * in whatever order, and by joins or not. What is only kept until all regions know of something is garbage: it counts in
 * the ledger, and no digest shows it.
 */
export abstract class SubValue {
  abstract readonly type: CrdtType
  /** Nothing is visible. */
  abstract get isEmpty(): boolean
  /** Nothing is kept either: the framework drops it. */
  abstract get isBlank(): boolean
  /**
   * Of the earliest thing that is visible; called only where types clash, so it may look at all elements. Undefined if
   * nothing is visible.
   */
  abstract birth(actors: ActorTable): Birth | undefined

  /** Reads what follows the opcode, all of it, and applies it. `checkOperation` of its type has read it before. */
  abstract applyOperation(opcode: number, decoder: Decoder, operation: Operation): void
  /** DEL here: drops all, and writes to `out` what `reset` needs elsewhere. @returns whether anything was written */
  abstract resetOwn(operation: OwnOperation): boolean
  /**
   * DEL elsewhere: drops what the operation sees.
   *
   * @param seen - what `resetOwn` wrote there; undefined: it wrote nothing, or had no value of this type
   */
  abstract reset(operation: Operation, seen: Decoder | undefined): void

  /** Takes in a state of the same type; `other` is not used afterwards. Undefined: they have no value of this type. */
  abstract join(other: this | undefined, join: Join): void
  abstract pack(out: Encoder): void

  /** It is dropped as it is: takes what it has put into the ledger out of it. */
  abstract release(ledger: Ledger): void

  /** What it has put into `ledger.garbage`; Infinity: it does not count that, and `collect` must find out. */
  get garbage(): number {
    return Number.POSITIVE_INFINITY
  }

  /** Drops garbage that all regions know of. @returns how many things */
  collect(_isStable: (dot: Dot) => boolean, _context: Context): number {
    return 0
  }

  /** Adds what is held, garbage apart; actors only as regions and epochs. */
  abstract digest(digest: Digest, actors: ActorTable): void
  /** @param element - only this; undefined: the first `count` */
  abstract explain(element: string | undefined, count: number, actors: ActorTable): ElementExplanation[]
  /** How many `explain` could tell of. */
  abstract get explainable(): number

  // What is visible, as in VisibleKey. Each type has the ones that mean something to it.
  text(_actors: ActorTable): string {
    return ''
  }
  get size(): number {
    return 0
  }
  elements(): Iterable<string> {
    return []
  }
  has(_member: string): boolean {
    return false
  }
  field(_name: string, _actors: ActorTable): string | undefined {
    return undefined
  }
  isCounter(_field: string, _actors: ActorTable): boolean {
    return false
  }
  score(_member: string, _actors: ActorTable): number | undefined {
    return undefined
  }
  entry(_id: string): readonly string[] | undefined {
    return undefined
  }
  entryIds(): Iterable<string> {
    return []
  }
  groups(): Iterable<{readonly name: string; readonly lastId: string}> {
    return []
  }
}

/** What SlotWriter asks of lists. Each writes one operation, opcode first, and applies it. Nothing to do: writes nothing. */
export interface ListValue extends SubValue {
  push(operation: OwnOperation, end: ListEnd, values: readonly string[]): void
  insertAt(operation: OwnOperation, index: number, value: string): void
  setAt(operation: OwnOperation, index: number, value: string): void
  removeAt(operation: OwnOperation, indexes: readonly number[]): void
}

/** Of streams. */
export interface StreamValue extends SubValue {
  addEntry(operation: OwnOperation, id: string, fields: readonly string[]): void
  removeEntries(operation: OwnOperation, ids: readonly string[]): void
  createGroup(operation: OwnOperation, group: string, lastId: string): void
  destroyGroup(operation: OwnOperation, group: string): void
  acknowledge(operation: OwnOperation, group: string, id: string): void
}

/** Of sketches (HyperLogLog). */
export interface SketchValue extends SubValue {
  addSketch(operation: OwnOperation, sketch: string): void
}

/** How the framework comes by the values of a type. `containers.ts` has a row per type. */
export interface ContainerType {
  readonly type: CrdtType
  /** Its operations: first..first+15. */
  readonly firstOpcode: number
  make(): SubValue
  /** Reads past the arguments of an operation. @throws CrdtError if they cannot be, or the opcode is none */
  checkOperation(opcode: number, decoder: Decoder): void
  /** Reads past what `resetOwn` wrote. @throws CrdtError */
  checkReset(decoder: Decoder): void
  /** Reads what `pack` wrote. @throws CrdtError */
  unpack(decoder: Decoder, ledger: Ledger): SubValue
}
