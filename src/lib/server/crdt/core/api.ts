/**
 * What the rest of the node sees of the CRDT engine. `CrdtState` (state.ts) implements it; README.md above has the words.
 *
 * All texts are binary (latin1) strings, as everywhere in the server.
 */

/** Who wrote: a region, and the configEpoch under which its shard was promoted. */
export interface Actor {
  /** 1..63. */
  readonly region: number
  readonly epoch: number
}

/** One effect of a slot in one double: index of the actor (as this node numbers them) * 2^37 + sequence. */
export type Dot = number

/** Highest sequence applied, per actor. What a node sends of it names actors by region and epoch. */
export type VectorEntries = readonly (readonly [actor: Actor, sequence: number])[]

export type CrdtType = 'string' | 'set' | 'hash' | 'zset' | 'list' | 'stream' | 'hll'

/** A counter's step: exact integers as number or bigint; `{float}` of INCRBYFLOAT, best as the client wrote it. */
export type Step = number | bigint | {readonly float: number | string}

export type ListEnd = 'left' | 'right'

/**
 * The operations of one unit in one slot. Each takes effect at once; `end` returns the effect that makes the same change
 * elsewhere. Nothing else may touch the slot between `CrdtCore.write` and `end`.
 *
 * Elements are named as Redis names them; indexes of lists are from the head, as they stand when the operation comes.
 */
export interface SlotWriter {
  /** Bytes written so far. */
  readonly length: number
  /** `CrdtCore.typeOf` of a key of the slot, in less time. */
  typeOf(key: string): CrdtType | undefined
  /** DEL, expiry, eviction; also before a key is written anew by SET over another type, RENAME, COPY, *STORE. */
  resetKey(key: string): void
  /**
   * SET in its plainest case: the whole value, and no deadline.
   *
   * @returns false, and nothing is done: there is more to the key than a string that was written whole
   */
  setPlain(key: string, value: string): boolean
  /** The whole value; the deadline is not concerned. */
  setString(key: string, value: string): void
  addToString(key: string, step: Step): void
  /** @param atMs - unix milliseconds; Infinity: PERSIST */
  setDeadline(key: string, atMs: number): void
  /** SET without KEEPTTL: what was seen of deadlines is gone. No operation if there is none. */
  clearDeadline(key: string): void
  addMembers(key: string, members: readonly string[]): void
  removeMembers(key: string, members: readonly string[]): void
  setFields(key: string, pairs: readonly (readonly [field: string, value: string])[]): void
  addToField(key: string, field: string, step: Step): void
  removeFields(key: string, fields: readonly string[]): void
  setScores(key: string, scored: readonly (readonly [member: string, score: number])[]): void
  addToScore(key: string, member: string, by: number): void
  removeScored(key: string, members: readonly string[]): void
  /** In the order in which they come to stand, head first: LPUSH k a b is `left`, [b, a]. */
  push(key: string, end: ListEnd, values: readonly string[]): void
  /** Before the element at `index`; `index` = length: at the end. */
  insertAt(key: string, index: number, value: string): void
  setAt(key: string, index: number, value: string): void
  /** @param indexes - ascending, each as before the operation */
  removeAt(key: string, indexes: readonly number[]): void
  /** @param fields - names and values in turn */
  addEntry(key: string, id: string, fields: readonly string[]): void
  removeEntries(key: string, ids: readonly string[]): void
  /** XGROUP CREATE, or SETID of a group that was made so; delete wins. @param lastId - delivered last */
  createGroup(key: string, group: string, lastId: string): void
  destroyGroup(key: string, group: string): void
  /** All that was read up to this entry is acknowledged. */
  acknowledge(key: string, group: string, id: string): void
  /** Joins registers: the sketch as the string that GET shows, dense or sparse. Delete wins. */
  addSketch(key: string, sketch: string): void
  publish(channel: string, message: string): void
  /** All keys of the slot, as `resetKey` of each. Throws in the end if one could not be: the others are, and it elsewhere. */
  resetSlot(): void
  /**
   * An operation threw: it is left out of the effect, which may go on.
   *
   * @returns the key whose state it may have left half changed: others will not hear of that; undefined: none
   */
  abandon(): string | undefined
  /** @returns the effect; undefined if nothing was changed, and no sequence was used */
  end(): string | undefined
  /** `end` of an effect that need not become a string. @returns it, to be released once it has been told */
  finish(): MadeEffect | undefined
}

/** An effect of this node's own as its writer left it; good until `release`, which gives the writer back. */
export interface MadeEffect extends EffectName {
  /** Its bytes, from 0 to `length`. */
  readonly room: Uint8Array
  /** The same memory. */
  readonly words: Int32Array
  readonly length: number
  text(): string
  release(): void
}

/** What became of an effect from elsewhere. */
export type Application =
  | 'applied'
  /** It is in the state already. */
  | 'known'
  /** Something it depends on is not here yet: hold it, or ask for the slot's state. */
  | 'early'
  /** Its clock is further ahead of ours than `maxDriftMs`: hold it, alarm. */
  | 'ahead'

/** Which effect it is. */
export interface EffectName {
  readonly slot: number
  readonly actor: Actor
  readonly sequence: number
}

/** What an effect says of itself, without the operations. */
export interface EffectHead extends EffectName {
  /** Hybrid time: (ms since 2020-01-01) * 4096 + counter. */
  readonly clock: number
  readonly dependencies: VectorEntries
}

/** One change of what is visible of a key, in the order in which they came. */
export type Edit =
  /** Look at all of the key: it was made, deleted, changed its type, or so much changed that it does not pay to say what. */
  | {readonly kind: 'key'}
  | {readonly kind: 'deadline'}
  /** Look these up: they may be there, changed or gone. Set, hash, zset. */
  | {readonly kind: 'elements'; readonly names: Iterable<string>}
  | {readonly kind: 'insert'; readonly index: number; readonly values: readonly string[]}
  | {readonly kind: 'replace'; readonly index: number; readonly value: string}
  | {readonly kind: 'remove'; readonly index: number; readonly count: number}
  /** Entries and groups of a stream: look them up. */
  | {readonly kind: 'entries'; readonly ids: Iterable<string>}
  | {readonly kind: 'groups'; readonly names: Iterable<string>}

/** Told of what effects from elsewhere and joins change; not of local operations. Called when the effect is applied whole. */
export interface CrdtObserver {
  changed(slot: number, key: string, edits: readonly Edit[]): void
  /**
   * `changed` of a key that showed nothing, or a plain string without a deadline, and shows this one now. The engine may not
   * have it yet. Only with `PlacedKeys`.
   */
  assigned(slot: number, key: string, value: string): void
  published(channel: string, message: string): void
}

/** What is visible of one key. Undefined results: it is not there. */
export interface VisibleKey {
  readonly type: CrdtType
  /** Unix milliseconds; undefined: none. */
  readonly deadlineMs: number | undefined
  /** Of a string or sketch. */
  text(): string
  /** Of set, hash, zset, list. */
  readonly size: number
  /** Members, fields, scored members; values of a list, head first. */
  elements(): Iterable<string>
  has(member: string): boolean
  field(name: string): string | undefined
  /** Made by HINCRBY: its value is a sum, and HSET's are not. */
  isCounter(field: string): boolean
  score(member: string): number | undefined
  /** Names and values in turn; undefined: no such entry. */
  entry(id: string): readonly string[] | undefined
  entryIds(): Iterable<string>
  groups(): Iterable<{readonly name: string; readonly lastId: string}>
}

export interface CrdtOptions {
  /** Of this node: 1..63. */
  readonly region: number
  /** Unix milliseconds. */
  readonly nowMs: () => number
  /** The same at less cost, which may be that of the input being processed: what local writes are dated by. Default `nowMs`. */
  readonly inputMs?: () => number
  /** How far ahead a clock may be that is believed. Default 300,000. */
  readonly maxDriftMs?: number
  /** Effects and states that name a key of another slot are refused. Left out: any key may be of any slot. */
  readonly slotOf?: (key: string) => number
}

export interface CrdtCore {
  readonly region: number
  observer: CrdtObserver | undefined
  /**
   * Called before anything of a slot changes, also by joins: a snapshot under way writes it first. Undefined while none is.
   */
  willChange: ((slot: number) => void) | undefined
  /** Whose name local writes bear from now on: (region, epoch). Its sequence goes on where the vectors say. */
  become(epoch: number): void

  write(slot: number): SlotWriter

  /** Undefined if nothing of it is visible. Whether its deadline has passed is the caller's question. Good until the next change. */
  look(slot: number, key: string): VisibleKey | undefined
  /** `look(slot, key)?.type`, at less cost: every SET asks. */
  typeOf(slot: number, key: string): CrdtType | undefined
  /** Visible keys of a slot. */
  keys(slot: number): Iterable<string>
  /** `keys` that are streams, at less cost. */
  streams(slot: number): Iterable<string>
  /**
   * Whose matter the expiry is: the region whose row of the deadline is in force. @param members - regions there are; the
   * lowest stands in for one that is gone
   */
  expiryOwner(slot: number, key: string, members: ReadonlySet<number>): number | undefined

  /** Of an effect. @throws CrdtError if it is none */
  headOf(effect: string): EffectHead
  /** The slot of an effect, without a look at the rest; of what is none, any number. */
  slotOf(effect: string): number
  /** The part of `headOf` that is read in little time. @throws CrdtError if it is none */
  nameOf(effect: string): EffectName
  /** @param isTrusted - it was taken before, by this node or its primary: however late its clock says it is */
  apply(effect: string, isTrusted?: boolean): Application
  /** Does the slot's vector hold it? */
  covers(slot: number, actor: Actor, sequence: number): boolean

  /** Slots of which anything is known, ascending. */
  slots(): Iterable<number>
  vectorOf(slot: number): VectorEntries
  /** Vectors of slots, packed; at about 8 bytes per slot and region. */
  packVectors(slots: Iterable<number>): string
  /** @throws CrdtError */
  unpackVectors(packed: string): Map<number, VectorEntries>

  /** The slot's state. */
  packSlot(slot: number): string
  /**
   * Joins a state. One whose clock is further ahead than `maxDriftMs` is refused: its writes would win for so long.
   *
   * @param isTrusted - as for `apply` @returns whether anything was new @throws CrdtError, and nothing has changed
   */
  joinSlot(slot: number, packed: string, isTrusted?: boolean): boolean
  /** The slot went to another shard: as if nothing had ever been known of it. */
  forgetSlot(slot: number): void
  /** All of it. */
  clear(): void
  /** An empty one of the same region, for a state that is to take the place of this one. */
  beside(): CrdtCore
  /** All that is known is what is known there. @param other - made by `beside`, of no use afterwards */
  adopt(other: CrdtCore): void

  /** Clock and actors, for snapshots beside the slots. */
  packHead(): string
  /** @throws CrdtError, and nothing has changed */
  unpackHead(packed: string): void
  /** Hybrid time of the last event; a heartbeat carries it. */
  readonly clock: number
  /** Somebody said that it is that late (bounded by `maxDriftMs`). */
  heard(clock: number): void

  /**
   * All regions have this of the slot: what only waited for that is dropped.
   *
   * @param stable - the least that regions acknowledged; an acknowledgement counts from when we have all that it names, so
   * that nothing a region wrote before it is still on its way here
   * @returns how many things were dropped
   */
  collect(slot: number, stable: VectorEntries): number
  /** Resets of counters and marks of deletes that wait for `collect`. Hidden values and deadlines of gone keys wait for a write. */
  readonly garbage: number
  /** The same of one slot. */
  garbageIn(slot: number): number

  /** 64-bit sum of hashes of the slot's keys, as 16 hex digits: equal vectors imply equal digests, order does not matter. */
  digestSlot(slot: number): string
  /** Key -> 16 hex digits. */
  digestKeys(slot: number): Map<string, string>
  /** All there is to say of a key: JSON. Types, elements (`element`: only that one), dots, rows, who won and why. */
  explain(slot: number, key: string, element?: string): KeyExplanation | undefined
  /** Rough bytes of the shadow. */
  readonly bytes: number
  /** The same of one slot. */
  bytesIn(slot: number): number
}

export interface RowExplanation {
  readonly dot: string
  readonly region: number
  /** Unix milliseconds of its clock, and the counter within. */
  readonly atMs: number
  readonly tick: number
  readonly value: string
  readonly wins: boolean
}

export interface CounterExplanation {
  readonly region: number
  readonly epoch: number
  readonly total: string
  readonly reset: string
}

export interface ElementExplanation {
  readonly name: string
  /** `region.epoch:sequence` of the writes it exists by. */
  readonly dots: readonly string[]
  readonly rows: readonly RowExplanation[]
  readonly counters: readonly CounterExplanation[]
  /** What is visible of it; undefined: nothing. */
  readonly value?: string
}

export interface KeyExplanation {
  readonly key: string
  readonly slot: number
  /** `none`: all of it is hidden or gone. */
  readonly type: CrdtType | 'none'
  /** One sentence: who won and why. */
  readonly because: string
  readonly deadlines: readonly RowExplanation[]
  readonly values: readonly {
    readonly type: CrdtType
    readonly visible: boolean
    /** The first 100 elements. */
    readonly elements: readonly ElementExplanation[]
    readonly elementCount: number
  }[]
}
