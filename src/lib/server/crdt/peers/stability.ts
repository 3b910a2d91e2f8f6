import {SLOT_COUNT} from '../../../model/slot-set.js'
import type {CrdtCore, VectorEntries} from '../core/api.js'
import {covers, entriesOf, minimum, type Vector, vectorFrom} from './vectors.js'

/** What is looked at in one go. */
const SLOTS_PER_ROUND = 500

/**
 * What all regions have of each slot: the minimum of what each has acknowledged. What only waits for that is dropped then.
 *
 * A region that is silent, or was never heard of, holds everything up; it costs memory, nothing else.
 */
export class Stability {
  attempted = 0
  collected = 0
  /** Something waits for what others have, as of the last look: their vectors are of use. */
  hasGarbage = false
  /** By region, then slot. */
  private readonly acknowledged = new Map<number, Map<number, Vector>>()
  /** By slot, 1: something was acknowledged, or came, since it was looked at. */
  private readonly moved = new Uint8Array(SLOT_COUNT)
  private nextSlot = 0

  /** @param drop - here, and wherever the state is kept; returns how many things it was */
  constructor(
    private readonly core: CrdtCore,
    private readonly drop: (slot: number, stable: VectorEntries) => number,
  ) {}

  acknowledge(region: number, slot: number, vector: Vector): void {
    let ofRegion = this.acknowledged.get(region)
    if (ofRegion === undefined) {
      ofRegion = new Map()
      this.acknowledged.set(region, ofRegion)
    }
    ofRegion.set(slot, vector)
    if (vector.size > 0) this.moved[slot] = 1
  }

  /** It says anew what it has, which may not be what it keeps: a region that has lost something has acknowledged less. */
  begin(region: number, slot: number, vector: Vector): void {
    const before = this.vectorOf(region, slot)
    if (before !== undefined) this.acknowledge(region, slot, minimum(before, vector))
  }

  /** What a region has said that it has of a slot, and keeps. */
  vectorOf(region: number, slot: number): Vector | undefined {
    return this.acknowledged.get(region)?.get(slot)
  }

  changed(slot: number): void {
    this.moved[slot] = 1
  }

  /** The members have changed: whoever left holds nothing up any more. */
  membersChanged(members: ReadonlySet<number>): void {
    for (const [region, slots] of this.acknowledged) {
      for (const slot of slots.keys()) this.moved[slot] = 1
      if (!members.has(region)) this.acknowledged.delete(region)
    }
    for (const slot of this.core.slots()) this.moved[slot] = 1
  }

  /** The slots are another shard's. */
  forget(isOurs: (slot: number) => boolean): void {
    for (const slots of this.acknowledged.values()) {
      for (const slot of slots.keys()) if (!isOurs(slot)) slots.delete(slot)
    }
  }

  /** @param others - regions beside this one */
  stableOf(slot: number, others: readonly number[]): Vector | undefined {
    let stable = vectorFrom(this.core.vectorOf(slot))
    for (const region of others) {
      const theirs = this.vectorOf(region, slot)
      if (theirs === undefined) return undefined
      stable = minimum(stable, theirs)
    }
    return stable
  }

  /**
   * What a region had acknowledged is here too. Before that, something may be on its way from it that it wrote when it did
   * not know of what is stable now: dropping the mark of a deletion would let that in here, and there it was shut out.
   */
  private hasAllOf(slot: number, others: readonly number[]): boolean {
    const own = vectorFrom(this.core.vectorOf(slot))
    return others.every((region) => covers(own, this.vectorOf(region, slot)!))
  }

  /** About every second. */
  look(): void {
    this.hasGarbage = this.core.garbage > 0
  }

  /** About every 100 ms. */
  collect(others: readonly number[]): void {
    let left = SLOTS_PER_ROUND
    for (let count = 0; count < SLOT_COUNT && left > 0; count++) {
      const slot = this.nextSlot
      this.nextSlot = (slot + 1) % SLOT_COUNT
      if (this.moved[slot] === 0) continue
      this.moved[slot] = 0
      // What becomes garbage later is in slots that move then.
      if (this.core.garbageIn(slot) === 0) continue
      left--
      const stable = this.stableOf(slot, others)
      if (stable === undefined || stable.size === 0 || !this.hasAllOf(slot, others)) continue
      this.attempted++
      this.collected += this.drop(slot, entriesOf(stable))
    }
  }
}
