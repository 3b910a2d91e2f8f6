import {ActorTable} from './actors.js'
import type {
  Application,
  CrdtCore,
  CrdtObserver,
  CrdtOptions,
  CrdtType,
  EffectHead,
  EffectName,
  KeyExplanation,
  SlotWriter,
  VectorEntries,
  VisibleKey,
} from './api.js'
import {applyEffect} from './apply.js'
import {collectSlot} from './collect.js'
import {deadlineInForce} from './deadline.js'
import {Decoder} from './decoder.js'
import {Digest} from './digest.js'
import {decodeHead, decodeName, slotOfEffect} from './effect-head.js'
import {Encoder} from './encoder.js'
import {Engine} from './engine.js'
import {explainKey} from './explain.js'
import {HybridClock} from './hybrid-clock.js'
import {joinSlotState} from './join.js'
import {digestKey} from './key-digest.js'
import {deadlinesOf, type StoredKey, typeOfStored, unfold, visibleOf} from './key-state.js'
import type {PlacedKeys} from './placed-keys.js'
import type {Slot} from './slot.js'
import {packSlotState} from './slot-state.js'
import {packVectors, unpackVectors, vectorEntries} from './vectors.js'
import {VisibleValue} from './visible.js'
import {Writer} from './writer.js'

const MAX_DRIFT_MS = 300_000
const HEAD_VERSION = 1

/** The CRDT state of a node: README.md of the folder above has the words and the rules. */
export class CrdtState implements CrdtCore {
  readonly region: number
  private readonly engine: Engine
  private readonly packer = new Encoder()
  private readonly idle: Writer[] = []

  constructor(
    private readonly options: CrdtOptions,
    actors = new ActorTable(),
  ) {
    const {maxDriftMs = MAX_DRIFT_MS, nowMs, region, slotOf} = options
    const {inputMs = nowMs} = options
    this.region = region
    this.engine = new Engine(actors, new HybridClock(nowMs, inputMs, maxDriftMs), slotOf)
    this.become(0)
  }

  get observer(): CrdtObserver | undefined {
    return this.engine.observer
  }

  set observer(observer: CrdtObserver | undefined) {
    this.engine.observer = observer
  }

  get willChange(): ((slot: number) => void) | undefined {
    return this.engine.willChange
  }

  set willChange(willChange: ((slot: number) => void) | undefined) {
    this.engine.willChange = willChange
  }

  /** What is known of keys that have places there lies there from now on. To be called while nothing is known. */
  place(placed: PlacedKeys): void {
    this.engine.slots.placed = placed
  }

  /** A key is about to lose its place. */
  displaced(slot: number, key: string, stored: StoredKey): void {
    this.engine.slots.at(slot).keys.setOwn(key, stored)
  }

  become(epoch: number): void {
    this.engine.actor = this.engine.actors.indexOf(this.region, epoch)
  }

  write(slot: number): SlotWriter {
    const writer = this.idle.pop() ?? new Writer(this.engine, this.idle)
    return writer.begin(slot)
  }

  look(slot: number, key: string): VisibleKey | undefined {
    const stored = this.stored(slot, key)
    if (stored === undefined) return undefined
    const {actors} = this.engine
    const value = visibleOf(stored, actors)
    if (value === undefined) return undefined
    const atMs = deadlineInForce(deadlinesOf(stored), actors)?.value
    return new VisibleValue(value, atMs === Infinity ? undefined : atMs, actors)
  }

  typeOf(slot: number, key: string): CrdtType | undefined {
    const stored = this.stored(slot, key)
    return stored && typeOfStored(stored, this.engine.actors)
  }

  *keys(slot: number): Iterable<string> {
    for (const [key, stored] of this.engine.slots.get(slot)?.keys ?? [])
      if (typeOfStored(stored, this.engine.actors)) yield key
  }

  *streams(slot: number): Iterable<string> {
    for (const [key, stored] of this.engine.slots.get(slot)?.keys.objects() ?? [])
      if (typeOfStored(stored, this.engine.actors) === 'stream') yield key
  }

  expiryOwner(slot: number, key: string, members: ReadonlySet<number>): number | undefined {
    const stored = this.stored(slot, key)
    const row = stored && deadlineInForce(deadlinesOf(stored), this.engine.actors)
    if (row === undefined || row.value === Infinity) return undefined
    const region = this.engine.actors.regionOfDot(row.dot)
    return members.has(region) || members.size === 0 ? region : Math.min(...members)
  }

  slotOf(effect: string): number {
    return slotOfEffect(effect)
  }

  headOf(effect: string): EffectHead {
    const table = new ActorTable()
    const {actor, actors, clock, sequence, sequences, slot} = decodeHead(new Decoder(effect), table)
    const dependencies = actors.slice(1).map((other, i) => [table.at(other), sequences[i + 1]!] as const)
    return {actor: table.at(actor), clock, dependencies, sequence, slot}
  }

  nameOf(effect: string): EffectName {
    return decodeName(new Decoder(effect))
  }

  apply(effect: string, isTrusted = false): Application {
    return applyEffect(this.engine, effect, isTrusted)
  }

  covers(slot: number, {epoch, region}: {readonly region: number; readonly epoch: number}, sequence: number): boolean {
    const actor = this.engine.actors.indexOf(region, epoch)
    return sequence <= (this.engine.slots.get(slot)?.sequenceOf(actor) ?? 0)
  }

  slots(): Iterable<number> {
    return this.known().map(({number}) => number)
  }

  vectorOf(slot: number): VectorEntries {
    const found = this.engine.slots.get(slot)
    return found === undefined ? [] : vectorEntries(found, this.engine.actors)
  }

  packVectors(slots: Iterable<number>): string {
    const found = [...new Set(slots)].sort((a, b) => a - b).flatMap((slot) => this.engine.slots.get(slot) ?? [])
    return packVectors(found, this.engine.actors)
  }

  unpackVectors(packed: string): Map<number, VectorEntries> {
    return unpackVectors(packed)
  }

  packSlot(slot: number): string {
    return packSlotState(this.engine.slots.at(slot), this.engine.clock.now, this.engine.actors, this.packer)
  }

  joinSlot(slot: number, packed: string, isTrusted = false): boolean {
    return joinSlotState(this.engine, slot, packed, isTrusted)
  }

  forgetSlot(slot: number): void {
    if (!this.engine.slots.has(slot)) return
    this.engine.willChange?.(slot)
    this.engine.slots.delete(slot)
  }

  clear(): void {
    for (const {number} of [...this.engine.slots.values()]) this.forgetSlot(number)
  }

  beside(): CrdtState {
    return new CrdtState(this.options, this.engine.actors)
  }

  adopt(other: CrdtState): void {
    const {engine} = this
    const {placed} = engine.slots
    placed?.clear()
    engine.slots = other.engine.slots
    engine.slots.placed = placed
    engine.clock.reached(other.clock)
  }

  packHead(): string {
    const {actors, clock} = this.engine
    const {packer} = this
    packer.byte(HEAD_VERSION)
    packer.varint(clock.now)
    packer.varint(actors.size)
    for (let actor = 0; actor < actors.size; actor++) {
      const {epoch, region} = actors.at(actor)
      packer.byte(region)
      packer.varint(epoch)
    }
    return packer.take()
  }

  unpackHead(packed: string): void {
    const decoder: Decoder = new Decoder(packed)
    if (decoder.byte() !== HEAD_VERSION) decoder.fail('is of a version that is not known')
    const clock = decoder.varint()
    const {actors} = this.engine
    const {size} = actors
    try {
      for (let count = decoder.count(); count > 0; count--) actors.indexOf(decoder.byte(), decoder.varint())
    } catch (error) {
      actors.cut(size)
      throw error
    }
    this.engine.clock.reached(clock)
  }

  get clock(): number {
    return this.engine.clock.now
  }

  heard(clock: number): void {
    this.engine.clock.heard(clock)
  }

  collect(slot: number, stable: VectorEntries): number {
    const found = this.engine.slots.get(slot)
    return found === undefined ? 0 : collectSlot(this.engine, found, stable)
  }

  get garbage(): number {
    return this.engine.slots.garbage.reduce((sum, count) => sum + count, 0)
  }

  garbageIn(slot: number): number {
    return this.engine.slots.garbage[slot]!
  }

  digestSlot(slot: number): string {
    const digest = new Digest()
    const found = this.engine.slots.get(slot)
    if (found) for (const [key, stored] of found.keys) digest.include(digestKey(key, stored, this.engine.actors))
    return digest.toString()
  }

  digestKeys(slot: number): Map<string, string> {
    const digests = new Map<string, string>()
    const found = this.engine.slots.get(slot)
    for (const [key, stored] of found?.keys ?? []) {
      if (!visibleOf(stored, this.engine.actors)) continue
      digests.set(key, digestKey(key, stored, this.engine.actors).toString())
    }
    return digests
  }

  explain(slot: number, key: string, element?: string): KeyExplanation | undefined {
    const stored = this.stored(slot, key)
    return stored && explainKey(slot, key, unfold(stored), element, this.engine.actors)
  }

  get bytes(): number {
    let bytes = 0
    for (const slot of this.engine.slots.values()) bytes += slot.bytes
    return bytes
  }

  bytesIn(slot: number): number {
    return this.engine.slots.get(slot)?.bytes ?? 0
  }

  private stored(slot: number, key: string): StoredKey | undefined {
    return this.engine.slots.get(slot)?.keys.get(key)
  }

  private known(): Slot[] {
    return [...this.engine.slots.values()].filter(({isEmpty}) => !isEmpty)
  }
}
