import type {EffectHead} from '../core/api.js'
import {type ActorKey, actorKey, type Vector} from './vectors.js'

export interface RingEntry {
  readonly effect: string
  readonly slot: number
  readonly actor: ActorKey
  readonly sequence: number
}

/** Of one actor in one slot, the sequences that are in the ring: all of them, if not empty. */
interface Run {
  first: number
  last: number
}

/** Of one entry beside its text. */
const ENTRY_BYTES = 100
/** Dropped places at the front are given back when there are that many, and as many as those in use. */
const DROPPED_MIN = 1024

/**
 * The last effects that came into this shard's state, its own and those of other regions, in the order in which they came.
 *
 *     start ... position of a slow link ... end
 *
 * Positions are numbers that only grow. `holds` says whether what somebody lacks of a slot can be sent from here; what was
 * joined as a slot state, or was there before this process, is in no ring.
 */
export class EffectRing {
  /** Of the oldest entry. */
  start = 0
  bytes = 0
  private entries: (RingEntry | undefined)[] = []
  /** Places at the front of `entries` that hold nothing any more. */
  private dropped = 0
  /** By slot. */
  private runs: (Map<ActorKey, Run> | undefined)[] = []

  constructor(private bytesMax: number) {}

  /** Behind the newest entry. */
  get end(): number {
    return this.start + this.entries.length - this.dropped
  }

  resize(bytesMax: number): void {
    this.bytesMax = bytesMax
    this.evict()
  }

  get size(): number {
    return this.bytesMax
  }

  push(effect: string, {actor, sequence, slot}: EffectHead): void {
    const key = actorKey(actor)
    this.entries.push({actor: key, effect, sequence, slot})
    this.bytes += effect.length + ENTRY_BYTES
    this.extend(slot, key, sequence)
    this.evict()
  }

  /** @param position - start <= position < end */
  at(position: number): RingEntry {
    return this.entries[this.dropped + position - this.start] as RingEntry
  }

  /** Whether all that comes after `known` of this actor in this slot, up to `current`, is here. */
  holds(slot: number, actor: ActorKey, known: number, current: number): boolean {
    const run = this.runs[slot]?.get(actor)
    return run !== undefined && run.last === current && run.first <= known + 1
  }

  /**
   * Where to begin so that nothing is left out which is behind `known`.
   *
   * @param count - how many such entries there are @param isLacking - tells them
   */
  findStart(count: number, isLacking: (entry: RingEntry) => boolean): number {
    let position = this.end
    for (let left = count; left > 0 && position > this.start; ) {
      position--
      if (isLacking(this.at(position))) left--
    }
    return position
  }

  /** As if nothing had ever come. */
  clear(): void {
    this.start = this.end
    this.entries = []
    this.dropped = 0
    this.bytes = 0
    this.runs = []
  }

  private extend(slot: number, actor: ActorKey, sequence: number): void {
    this.runs[slot] ??= new Map()
    const ofSlot = this.runs[slot]
    const run = ofSlot.get(actor)
    if (run === undefined) ofSlot.set(actor, {first: sequence, last: sequence})
    else {
      // Something came in another way between.
      if (sequence !== run.last + 1) run.first = sequence
      run.last = sequence
    }
  }

  private evict(): void {
    while (this.bytes > this.bytesMax && this.dropped < this.entries.length) {
      const {actor, effect, sequence, slot} = this.entries[this.dropped]!
      this.entries[this.dropped++] = undefined
      this.start++
      this.bytes -= effect.length + ENTRY_BYTES
      const run = this.runs[slot]?.get(actor)
      if (run !== undefined && run.first <= sequence) run.first = sequence + 1
    }
    if (this.dropped < DROPPED_MIN || this.dropped < this.entries.length / 2) return
    this.entries = this.entries.slice(this.dropped)
    this.dropped = 0
  }
}

const MEGABYTE = 1024 * 1024
const SHARE = 0.01
const BYTES_MIN = MEGABYTE
const BYTES_MAX = 250 * MEGABYTE
/** Of an instance whose memory has no limit. */
const BYTES_UNLIMITED = 64 * MEGABYTE

/** @param settings - of the database: of each instance */
export function ringBytes({backlogBytes, memorySize}: {backlogBytes: number; memorySize: number}): number {
  if (backlogBytes > 0) return backlogBytes
  if (memorySize === 0) return BYTES_UNLIMITED
  return Math.min(Math.max(Math.round(memorySize * SHARE), BYTES_MIN), BYTES_MAX)
}

/** How many effects of the wanted actors somebody lacks who knows `theirs`, if all of them are in the ring. */
export function lackingFrom(
  ring: EffectRing,
  slot: number,
  ours: Vector,
  theirs: ReadonlyMap<ActorKey, number>,
  isWanted: (actor: ActorKey) => boolean,
): number | undefined {
  let count = 0
  for (const [actor, current] of ours) {
    if (!isWanted(actor)) continue
    const known = theirs.get(actor) ?? 0
    if (known >= current) continue
    if (!ring.holds(slot, actor, known, current)) return undefined
    count += current - known
  }
  return count
}
