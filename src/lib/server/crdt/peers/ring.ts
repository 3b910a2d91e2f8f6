import {SLOT_COUNT} from '../../../model/slot-set.js'
import type {EffectName} from '../core/api.js'
import {ENTRIES_MIN, EntryColumns, type RingName} from './entry-columns.js'
import {TextRing} from './text-ring.js'
import {type ActorKey, actorKey, type Vector} from './vectors.js'

export interface RingEntry extends RingName {
  readonly effect: string
}

/** Of one actor in one slot, the sequences that are in the ring: all of them, if not empty. */
interface Run {
  readonly actor: ActorKey
  first: number
  last: number
  /** Of another actor in the slot. */
  readonly next: Run | undefined
}

/** Of one entry beside its text. */
const ENTRY_BYTES = 100

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
  private entries = new EntryColumns(ENTRIES_MIN)
  /** By slot. */
  private readonly runs: (Run | undefined)[] = new Array(SLOT_COUNT).fill(undefined)

  constructor(private bytesMax: number) {}

  resize(bytesMax: number): void {
    this.bytesMax = bytesMax
    this.evict()
    this.texts.fit()
  }

  get size(): number {
    return this.bytesMax
  }

  push(effect: string, {actor, sequence, slot}: EffectName): void {
    const key = actorKey(actor)
    if (this.end - this.start === this.entries.capacity) {
      this.entries = this.entries.moved(this.start, this.end, this.entries.capacity * 2)
    }
    this.entries.put(this.end++, this.texts.push(effect), effect.length, slot, key, sequence)
    this.bytes += effect.length + ENTRY_BYTES
    this.extend(slot, key, sequence)
    if (this.bytes > this.bytesMax) this.evict()
  }

  /** @param position - start <= position < end */
  at(position: number): RingEntry {
    const {entries} = this
    const i = entries.indexOf(position)
    return {
      actor: entries.actors[i]!,
      effect: this.texts.read(entries.offsets[i]!, entries.lengths[i]!),
      sequence: entries.sequences[i]!,
      slot: entries.slots[i]!,
    }
  }

  /** Whether all that comes after `known` of this actor in this slot, up to `current`, is here. */
  holds(slot: number, actor: ActorKey, known: number, current: number): boolean {
    const run = this.runOf(slot, actor)
    return run !== undefined && run.last === current && run.first <= known + 1
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

  /** @param position - start <= position < end */
  nameAt(position: number): RingName {
    return this.entries.nameAt(position)
  }

  /** As if nothing had ever come. */
  clear(): void {
    this.start = this.end
    this.bytes = 0
    this.texts.clear()
    this.runs.fill(undefined)
  }

  private runOf(slot: number, actor: ActorKey): Run | undefined {
    let run = this.runs[slot]
    while (run !== undefined && run.actor !== actor) run = run.next
    return run
  }

  private extend(slot: number, actor: ActorKey, sequence: number): void {
    const run = this.runOf(slot, actor)
    if (run === undefined) {
      this.runs[slot] = {actor, first: sequence, last: sequence, next: this.runs[slot]}
      return
    }
    // Something came in another way between.
    if (sequence !== run.last + 1) run.first = sequence
    run.last = sequence
  }

  private evict(): void {
    const {entries} = this
    while (this.bytes > this.bytesMax && this.start < this.end) {
      const i = entries.indexOf(this.start++)
      const length = entries.lengths[i]!
      this.texts.shift(length)
      this.bytes -= length + ENTRY_BYTES
      const run = this.runOf(entries.slots[i]!, entries.actors[i]!)
      const sequence = entries.sequences[i]!
      if (run !== undefined && run.first <= sequence) run.first = sequence + 1
    }
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
