import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {
  Actor,
  Application,
  CrdtCore,
  CrdtObserver,
  EffectHead,
  SlotWriter,
  VectorEntries,
  VisibleKey,
} from '../../../src/lib/server/crdt/core/api.js'
import {CrdtError} from '../../../src/lib/server/crdt/core/crdt-error.js'

interface FakeEffect {
  readonly slot: number
  readonly actor: Actor
  readonly sequence: number
  readonly clock: number
  readonly dependencies: VectorEntries
  readonly keys: Record<string, string | null>
}

interface FakeSlot {
  readonly vector: Record<string, number>
  /** Text and clock; null: deleted. */
  readonly keys: Record<string, readonly [text: string | null, clock: number]>
}

const nameOf = ({epoch, region}: Actor): string => `${region}.${epoch}`

/**
 * Strings that the last writer wins, as JSON, with the vectors and the delivery rules of the real core: as much of an engine as
 * links, files and streams of its state need.
 */
export class FakeCore implements CrdtCore {
  observer: CrdtObserver | undefined
  willChange: ((slot: number) => void) | undefined
  clock = 0
  garbage = 0
  bytes = 0
  epoch = 0
  /** Effects with this in them are from a clock that is ahead. */
  aheadMark: string | undefined
  /** A part of each digest: what joins do not mend. */
  damage = ''
  readonly collectedSlots: {readonly slot: number; readonly stable: VectorEntries}[] = []
  private states = new Map<number, FakeSlot>()

  constructor(readonly region: number) {}

  become(epoch: number): void {
    this.epoch = epoch
  }

  private slot(slot: number): FakeSlot {
    let state = this.states.get(slot)
    if (state === undefined) {
      state = {keys: {}, vector: {}}
      this.states.set(slot, state)
    }
    return state
  }

  /** What a client's SET or DEL does. @returns the effect */
  set(key: string, text: string | null): string {
    return this.writeTo(hashSlot(key), key, text)
  }

  /** A key of whatever slot. @returns the effect */
  add(slot: number, key: string): string {
    return this.writeTo(slot, key, '')
  }

  private writeTo(slot: number, key: string, text: string | null): string {
    const actor = {epoch: this.epoch, region: this.region}
    const sequence = (this.slot(slot).vector[nameOf(actor)] ?? 0) + 1
    const dependencies = this.vectorOf(slot).filter(([one]) => nameOf(one) !== nameOf(actor))
    const effect: FakeEffect = {actor, clock: ++this.clock, dependencies, keys: {[key]: text}, sequence, slot}
    this.change(effect)
    return JSON.stringify(effect)
  }

  private change({actor, clock, keys, sequence, slot}: FakeEffect): void {
    this.willChange?.(slot)
    const state = this.slot(slot)
    state.vector[nameOf(actor)] = sequence
    for (const [key, text] of Object.entries(keys)) this.put(slot, key, text, clock)
    this.clock = Math.max(this.clock, clock)
  }

  private put(slot: number, key: string, text: string | null, clock: number): void {
    const {keys} = this.slot(slot)
    if ((keys[key]?.[1] ?? 0) < clock) keys[key] = [text, clock]
    this.observer?.changed(slot, key, [{kind: 'key'}])
  }

  write(): SlotWriter {
    throw new Error('not in the fake')
  }

  look(slot: number, key: string): VisibleKey | undefined {
    const text = this.states.get(slot)?.keys[key]?.[0]
    return text == null ? undefined : ({deadlineMs: undefined, text: () => text, type: 'string'} as VisibleKey)
  }

  typeOf(slot: number, key: string): 'string' | undefined {
    return this.look(slot, key) === undefined ? undefined : 'string'
  }

  *keys(slot: number): Iterable<string> {
    for (const [key, [text]] of Object.entries(this.states.get(slot)?.keys ?? {})) if (text !== null) yield key
  }

  *streams(): Iterable<string> {}

  expiryOwner(): undefined {
    return undefined
  }

  slotOf(effect: string): number {
    return this.headOf(effect).slot
  }

  headOf(effect: string): EffectHead {
    return JSON.parse(effect) as FakeEffect
  }

  nameOf(effect: string): EffectHead {
    return this.headOf(effect)
  }

  apply(text: string): Application {
    const effect = JSON.parse(text) as FakeEffect
    const known = this.states.get(effect.slot)?.vector[nameOf(effect.actor)] ?? 0
    if (effect.sequence <= known) return 'known'
    if (this.aheadMark !== undefined && text.includes(this.aheadMark)) return 'ahead'
    const isReady = effect.dependencies.every(([actor, sequence]) => this.covers(effect.slot, actor, sequence))
    if (effect.sequence > known + 1 || !isReady) return 'early'
    this.change(effect)
    return 'applied'
  }

  covers(slot: number, actor: Actor, sequence: number): boolean {
    return (this.states.get(slot)?.vector[nameOf(actor)] ?? 0) >= sequence
  }

  slots(): Iterable<number> {
    return [...this.states.keys()].filter((slot) => this.vectorOf(slot).length > 0).sort((a, b) => a - b)
  }

  vectorOf(slot: number): VectorEntries {
    return Object.entries(this.states.get(slot)?.vector ?? {}).map(([name, sequence]) => {
      const [region, epoch] = name.split('.').map(Number) as [number, number]
      return [{epoch, region}, sequence] as const
    })
  }

  packVectors(slots: Iterable<number>): string {
    return JSON.stringify([...slots].map((slot) => [slot, this.vectorOf(slot)]))
  }

  unpackVectors(packed: string): Map<number, VectorEntries> {
    return new Map(JSON.parse(packed) as [number, VectorEntries][])
  }

  packSlot(slot: number): string {
    return JSON.stringify(this.slot(slot))
  }

  joinSlot(slot: number, packed: string): boolean {
    if (!packed.startsWith('{')) throw new CrdtError('no slot state')
    this.willChange?.(slot)
    const {keys, vector} = JSON.parse(packed) as FakeSlot
    const own = this.slot(slot).vector
    let isNew = false
    for (const [actor, sequence] of Object.entries(vector)) {
      if (sequence <= (own[actor] ?? 0)) continue
      own[actor] = sequence
      isNew = true
    }
    for (const [key, [text, clock]] of Object.entries(keys)) this.put(slot, key, text, clock)
    return isNew
  }

  forgetSlot(slot: number): void {
    this.states.delete(slot)
  }

  clear(): void {
    this.states.clear()
  }

  beside(): FakeCore {
    return new FakeCore(this.region)
  }

  adopt(other: FakeCore): void {
    this.states = other.states
    this.clock = Math.max(this.clock, other.clock)
  }

  bytesIn(slot: number): number {
    return [...this.keys(slot)].join('').length
  }

  packHead(): string {
    return String(this.clock)
  }

  unpackHead(packed: string): void {
    this.clock = Number(packed)
  }

  heard(clock: number): void {
    this.clock = Math.max(this.clock, clock)
  }

  garbageIn(): number {
    return this.garbage
  }

  collect(slot: number, stable: VectorEntries): number {
    this.collectedSlots.push({slot, stable})
    const everywhere = new Map(stable.map(([actor, sequence]) => [nameOf(actor), sequence]))
    const isStable = this.vectorOf(slot).every(([actor, sequence]) => everywhere.get(nameOf(actor)) === sequence)
    const {garbage} = this
    if (isStable) this.garbage = 0
    return isStable ? garbage : 0
  }

  /** As only a bug does. */
  lose(slot: number, key: string): void {
    delete this.slot(slot).keys[key]
  }

  digestSlot(slot: number): string {
    const keys = [...this.keys(slot)].sort().map((key) => [key, this.look(slot, key)!.text()])
    let sum = 0n
    for (const char of this.damage + JSON.stringify(keys))
      sum = BigInt.asUintN(64, sum * 31n + BigInt(char.charCodeAt(0)))
    return sum.toString(16).padStart(16, '0')
  }

  digestKeys(): Map<string, string> {
    return new Map()
  }

  explain(): undefined {
    return undefined
  }
}
