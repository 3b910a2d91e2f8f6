import {BYTES_PER_MS} from '../../plan/moves/reshard-document.js'
import type {PaceOptions} from './types.js'

/** First guesses; the measured time of each burst corrects them. */
const MS_PER_MIGRATE = 0.1
const MS_PER_KEY = 0.006

/** What a key counts for until its size is known. */
const BYTES_PER_KEY_GUESS = 256

/** Part of the allowed block that a burst of several MIGRATEs may fill: the other clients come first. */
const BURST_SHARE = 0.25
const BURST_MS_MIN = 1.5

/** Part of the allowed block a single MIGRATE is sized for, since sizes are estimates. */
const BATCH_SHARE = 0.5

const CORRECTION_MIN = 0.25
const CORRECTION_MAX = 100
/** Weight of the newest burst where it was faster than thought. */
const CORRECTION_GAIN = 0.25
/** Slower is believed at once, but one stall of a busy machine is not taken for the nature of the keys. */
const CORRECTION_STEP_MAX = 2
/** Weight of the newest bursts in what a MIGRATE costs whatever it carries. */
const FIXED_GAIN = 0.3
/** Replies of several bursts may come at once, so only some together say how long each took. */
const BURSTS_TO_LEARN_FROM = 4

/** A MIGRATE that costs this much before it carries anything spends its time on the way to the target. Milliseconds. */
const FAR_MS = 1.5

export interface SizedKey {
  readonly key: string
  /** Memory the key takes; undefined if it was not asked for. */
  readonly bytes: number | undefined
}

/** What one write of MIGRATEs carries. */
export interface BurstLoad {
  readonly migrateCount: number
  readonly keyCount: number
  readonly bytes: number
}

/**
 * Decides how much goes into one MIGRATE and into one write, from what the last ones took.
 *
 * Redis serves one client's whole input before the next client's, so a write of several MIGRATEs blocks the source like
 * one large one: both are bounded in estimated time. A MIGRATE costs a way to the target and back, whatever it carries,
 * and something for each key and byte; only the latter is a reason to split.
 */
export class Pace {
  /** What a MIGRATE costs whatever it carries. Milliseconds. */
  private fixedMs: number
  private measured = false
  private recent = {bursts: 0, migrateCount: 0, loadMs: 0, measuredMs: 0}
  /** Measured time of keys and bytes / estimated time. */
  private correction = 1

  /**
   * @param roundTripMs - to the source and back; a longer way needs longer bursts to keep the source busy
   */
  constructor(
    private readonly options: PaceOptions,
    readonly roundTripMs: number,
  ) {
    this.fixedMs = MS_PER_MIGRATE + roundTripMs
  }

  /** Whether MIGRATE was seen to be dear because the target is far. */
  get targetIsFar(): boolean {
    return this.measured && this.fixedMs >= FAR_MS
  }

  /** Estimated time that a MIGRATE of these keys blocks the source. Milliseconds. */
  estimateMs(keyCount: number, bytes: number): number {
    return this.fixedMs + this.loadMs(keyCount, bytes) * this.correction
  }

  private loadMs(keyCount: number, bytes: number): number {
    return keyCount * MS_PER_KEY + bytes / BYTES_PER_MS
  }

  /** Estimated time that a key alone blocks the source. Milliseconds. */
  estimateKeyMs({bytes}: SizedKey): number {
    return this.estimateMs(1, bytes ?? BYTES_PER_KEY_GUESS)
  }

  /** How long the MIGRATEs of one write may take together. Milliseconds. */
  get burstMs(): number {
    const most = this.options.maxBlockMs * BURST_SHARE
    return Math.min(most, Math.max(BURST_MS_MIN, this.roundTripMs))
  }

  /** How long one MIGRATE of several keys may take. Milliseconds. */
  get batchMs(): number {
    return this.options.maxBlockMs * BATCH_SHARE
  }

  /**
   * Splits keys of one slot into batches for one MIGRATE each. A key that fills a batch by itself goes alone.
   *
   * @returns in the given order, none empty
   */
  batches(keys: readonly SizedKey[]): SizedKey[][] {
    const batches: SizedKey[][] = []
    const keysMax = this.options.batchKeysMax ?? Number.POSITIVE_INFINITY
    let batch: SizedKey[] = []
    let bytes = 0
    for (const key of keys) {
      const size = key.bytes ?? BYTES_PER_KEY_GUESS
      const full =
        batch.length >= keysMax || this.loadMs(batch.length + 1, bytes + size) * this.correction > this.batchMs
      if (batch.length > 0 && full) {
        batches.push(batch)
        batch = []
        bytes = 0
      }
      batch.push(key)
      bytes += size
    }
    if (batch.length > 0) batches.push(batch)
    return batches
  }

  /** @param measuredMs - how long the source took for a burst */
  learn({bytes, keyCount, migrateCount}: BurstLoad, measuredMs: number): void {
    const {recent} = this
    recent.bursts++
    recent.migrateCount += migrateCount
    recent.loadMs += this.loadMs(keyCount, bytes)
    recent.measuredMs += measuredMs
    if (recent.bursts < BURSTS_TO_LEARN_FROM) return
    this.recent = {bursts: 0, migrateCount: 0, loadMs: 0, measuredMs: 0}
    this.measured = true
    // What goes beyond is laid at the keys' door, or heavy keys that are all alike would never be split.
    const eachMs = Math.min(recent.measuredMs / recent.migrateCount, this.batchMs / 2)
    this.fixedMs += (eachMs - this.fixedMs) * FIXED_GAIN
    const newest = Math.max(0, recent.measuredMs - recent.migrateCount * this.fixedMs) / recent.loadMs
    const blended =
      newest > this.correction
        ? Math.min(newest, this.correction * CORRECTION_STEP_MAX)
        : this.correction + (newest - this.correction) * CORRECTION_GAIN
    this.correction = Math.min(CORRECTION_MAX, Math.max(CORRECTION_MIN, blended))
  }
}

/** @returns bytes a batch is estimated at */
export function batchBytes(batch: readonly SizedKey[]): number {
  return batch.reduce((sum, {bytes}) => sum + (bytes ?? BYTES_PER_KEY_GUESS), 0)
}
