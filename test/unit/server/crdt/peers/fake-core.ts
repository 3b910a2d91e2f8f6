import type {
  Actor,
  Application,
  CrdtCore,
  EffectHead,
  VectorEntries,
} from '../../../../../src/lib/server/crdt/core/api.js'
import {
  type ActorKey,
  actorKey,
  entriesOf,
  type Vector,
  vectorFrom,
} from '../../../../../src/lib/server/crdt/peers/vectors.js'

interface FakeEffect {
  readonly slot: number
  readonly actor: Actor
  readonly sequence: number
  readonly dependencies: VectorEntries
  readonly value: string
}

interface FakeSlot {
  readonly vector: Vector
  readonly values: Set<string>
}

/** A grow-only set per slot, with the vectors, the delivery rules and the slot states of the real core; all texts are JSON. */
export class FakeCore {
  readonly region: number
  observer = undefined
  willChange = undefined
  clock = 0
  garbage = 0
  bytes = 0
  readonly collectedSlots: {slot: number; stable: VectorEntries}[] = []
  /** Effects with this in their value are from a clock that is ahead. */
  aheadMark = 'never'
  epoch = 1
  private readonly bySlot = new Map<number, FakeSlot>()

  constructor(region: number) {
    this.region = region
  }

  /** The narrow face of it that links need. */
  get core(): CrdtCore {
    return this as unknown as CrdtCore
  }

  become(epoch: number): void {
    this.epoch = epoch
  }

  /** A local write. @returns the effect */
  add(slot: number, value: string): string {
    const {values, vector} = this.slot(slot)
    const actor = {epoch: this.epoch, region: this.region}
    const key = actorKey(actor)
    const sequence = (vector.get(key) ?? 0) + 1
    const dependencies = entriesOf(vector).filter(([one]) => actorKey(one) !== key)
    vector.set(key, sequence)
    values.add(value)
    return JSON.stringify({actor, dependencies, sequence, slot, value} satisfies FakeEffect)
  }

  valuesOf(slot: number): string[] {
    return [...this.slot(slot).values].sort()
  }

  private slot(slot: number): FakeSlot {
    const found = this.bySlot.get(slot) ?? {values: new Set(), vector: new Map<ActorKey, number>()}
    this.bySlot.set(slot, found)
    return found
  }

  slotOf(effect: string): number {
    return this.headOf(effect).slot
  }

  headOf(effect: string): EffectHead {
    return {clock: 0, ...(JSON.parse(effect) as FakeEffect)}
  }

  nameOf(effect: string): EffectHead {
    return this.headOf(effect)
  }

  apply(effect: string): Application {
    const {actor, dependencies, sequence, slot, value} = JSON.parse(effect) as FakeEffect
    const {values, vector} = this.slot(slot)
    const known = vector.get(actorKey(actor)) ?? 0
    if (sequence <= known) return 'known'
    if (value.includes(this.aheadMark)) return 'ahead'
    const isReady = dependencies.every(([one, seen]) => (vector.get(actorKey(one)) ?? 0) >= seen)
    if (sequence !== known + 1 || !isReady) return 'early'
    vector.set(actorKey(actor), sequence)
    values.add(value)
    return 'applied'
  }

  *slots(): Iterable<number> {
    for (const [slot, {vector}] of this.bySlot) if (vector.size > 0) yield slot
  }

  vectorOf(slot: number): VectorEntries {
    return entriesOf(this.bySlot.get(slot)?.vector ?? new Map())
  }

  packVectors(slots: Iterable<number>): string {
    return JSON.stringify([...slots].map((slot) => [slot, this.vectorOf(slot)]))
  }

  unpackVectors(packed: string): Map<number, VectorEntries> {
    return new Map(JSON.parse(packed) as [number, VectorEntries][])
  }

  packSlot(slot: number): string {
    return JSON.stringify([this.vectorOf(slot), this.valuesOf(slot)])
  }

  joinSlot(slot: number, packed: string): boolean {
    const [entries, added] = JSON.parse(packed) as [VectorEntries, string[]]
    const {values, vector} = this.slot(slot)
    let isNew = false
    for (const [actor, sequence] of vectorFrom(entries)) {
      if ((vector.get(actor) ?? 0) >= sequence) continue
      vector.set(actor, sequence)
      isNew = true
    }
    for (const value of added) values.add(value)
    return isNew
  }

  heard(clock: number): void {
    this.clock = Math.max(this.clock, clock)
  }

  garbageIn(): number {
    return this.garbage
  }

  collect(slot: number, stable: VectorEntries): number {
    this.collectedSlots.push({slot, stable})
    const {garbage} = this
    const everywhere = vectorFrom(stable)
    if ([...vectorFrom(this.vectorOf(slot))].some(([actor, sequence]) => everywhere.get(actor) !== sequence)) return 0
    this.garbage = 0
    return garbage
  }
}
