import type {EffectName, MadeEffect} from '../core/api.js'
import {EntryColumns, type RingName} from './entry-columns.js'
import {Runs} from './runs.js'
import {TextRing} from './text-ring.js'
import {type ActorKey, actorKey, type Vector} from './vectors.js'

/** Of one entry beside its text. */
const ENTRY_BYTES = 100
/** What more goes when something must: one after the other, what it takes is near at hand. */
const SLACK_SHIFT = 7
const SLACK_MAX = 1 << 15

/**
 * The last effects that came into this shard's state, its own and those of other regions, in the order in which they came.
 *
 *     start ... position of a slow link ... end
 *
 * Positions are numbers that only grow. `holds` says whether what somebody lacks of a slot can be sent from here; what was
 * joined as a slot state, or was there before this process, is in no ring.
 *
 * Texts are kept as bytes: most are never sent from here, and strings that live this long are dear to collect.
 */
export class EffectRing {
  /** Of the oldest entry. */
  start = 0
  /** Behind the newest entry. */
  end = 0
  bytes = 0
  private readonly texts = new TextRing()
  private readonly entries = new EntryColumns()
  private readonly runs = new Runs()

  constructor(private bytesMax: number) {}

  resize(bytesMax: number): void {
    this.bytesMax = bytesMax
    this.evict()
    this.texts.fit()
  }

  get size(): number {
    return this.bytesMax
  }

  push(effect: string, name: EffectName): void {
    this.add(this.texts.push(effect), effect.length, name)
  }

  /** `push` of one that is no string yet. */
  pushBytes(effect: MadeEffect): void {
    const {length} = effect
    this.add(this.texts.pushWords(effect.words, length), length, effect)
  }

  private add(offset: number, length: number, {actor, sequence, slot}: EffectName): void {
    const key = actorKey(actor)
    this.entries.put(this.end++, offset, length, slot, key, sequence)
    this.bytes += length + ENTRY_BYTES
    this.runs.add(slot, key, sequence)
    if (this.bytes > this.bytesMax) this.evict()
  }

  /** @param position - start <= position < end */
  textAt(position: number): string {
    const part = this.entries.partOf(position)
    const i = this.entries.indexOf(position)
    return this.texts.read(part.offsets[i]!, part.lengths[i]!)
  }

  /** Whether all that comes after `known` of this actor in this slot, up to `current`, is here. */
  holds(slot: number, actor: ActorKey, known: number, current: number): boolean {
    return this.runs.holds(slot, actor, known, current)
  }

  /**
   * Where to begin so that nothing is left out which is behind `known`.
   *
   * @param count - how many such entries there are @param isLacking - tells them
   */
  findStart(count: number, isLacking: (entry: RingName) => boolean): number {
    const {entries} = this
    let position = this.end
    for (let left = count; left > 0 && position > this.start; ) if (isLacking(entries.nameAt(--position))) left--
    return position
  }

  /**
   * How many entries there are from a position on, or from the start. Of a region that is away for long that may be all of
   * the ring: nothing is made of them here.
   *
   * @param isWanted - whose @param bySlot - in slots for which it holds anything
   */
  countFrom(position: number, isWanted: (actor: ActorKey) => boolean, bySlot: readonly unknown[]): number {
    let count = 0
    let actor: ActorKey = -1
    let isCounted = false
    for (let next = Math.max(this.start, position); next < this.end; ) {
      const {actors, slots} = this.entries.partOf(next)
      const first = this.entries.indexOf(next)
      const end = Math.min(slots.length, first + this.end - next)
      for (let i = first; i < end; i++) {
        // Most that follow each other are of one actor.
        if (actors[i] !== actor) {
          actor = actors[i]!
          isCounted = isWanted(actor)
        }
        if (isCounted && bySlot[slots[i]!] !== undefined) count++
      }
      next += end - first
    }
    return count
  }

  /** @param position - start <= position < end */
  nameAt(position: number): RingName {
    return this.entries.nameAt(position)
  }

  private evict(): void {
    const {entries, runs, texts} = this
    const left = this.bytesMax - Math.min(this.bytesMax >>> SLACK_SHIFT, SLACK_MAX)
    while (this.bytes > left && this.start < this.end) {
      const {actors, lengths, sequences, slots} = entries.partOf(this.start)
      const first = entries.indexOf(this.start)
      const end = Math.min(slots.length, first + this.end - this.start)
      let i = first
      for (; i < end && this.bytes > left; i++) {
        const length = lengths[i]!
        texts.shift(length)
        this.bytes -= length + ENTRY_BYTES
        runs.drop(slots[i]!, actors[i]!, sequences[i]!)
      }
      this.start += i - first
    }
    entries.dropBefore(this.start)
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
