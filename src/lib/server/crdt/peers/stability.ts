import type {CrdtCore, VectorEntries} from '../core/api.js'
import {entriesOf, minimum, type Vector, vectorFrom} from './vectors.js'

/** What is looked at in one go. */
const SLOTS_PER_ROUND = 2000

/**
 * What all regions have of each slot: the minimum of what each has acknowledged. What only waits for that is dropped then.
 *
 * A region that is silent, or was never heard of, holds everything up; it costs memory, nothing else.
 */
export class Stability {
  attempted = 0
  collected = 0
  /** By region, then slot. */
  private readonly acknowledged = new Map<number, Map<number, Vector>>()
  /** Something was acknowledged, or came, since they were looked at. */
  private readonly moved = new Set<number>()

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
    this.moved.add(slot)
  }

  /** What a region has said that it has of a slot. */
  vectorOf(region: number, slot: number): Vector | undefined {
    return this.acknowledged.get(region)?.get(slot)
  }

  changed(slot: number): void {
    this.moved.add(slot)
  }

  /** The members have changed: whoever left holds nothing up any more. */
  membersChanged(members: ReadonlySet<number>): void {
    for (const [region, slots] of this.acknowledged) {
      for (const slot of slots.keys()) this.moved.add(slot)
      if (!members.has(region)) this.acknowledged.delete(region)
    }
    for (const slot of this.core.slots()) this.moved.add(slot)
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

  /** About every second. */
  collect(others: readonly number[]): void {
    if (this.core.garbage === 0) {
      // What becomes garbage later is in slots that move then.
      this.moved.clear()
      return
    }
    let left = SLOTS_PER_ROUND
    for (const slot of this.moved) {
      if (left-- === 0) return
      this.moved.delete(slot)
      const stable = this.stableOf(slot, others)
      if (stable === undefined || stable.size === 0) continue
      this.attempted++
      this.collected += this.drop(slot, entriesOf(stable))
    }
  }
}
