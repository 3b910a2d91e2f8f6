import type {PaceOptions} from './types.js'

/** First guesses; the measured time of each burst corrects them. */
const MS_PER_MIGRATE = 0.15
const MS_PER_KEY = 0.006
const BYTES_PER_MS = 100_000

/** What a key counts for until its size is known. */
const BYTES_PER_KEY_GUESS = 256

/** Part of the allowed block that a burst of several MIGRATEs may fill: the other clients come first. */
const BURST_SHARE = 0.25
const BURST_MS_MIN = 1.5

/** Part of the allowed block a single MIGRATE is sized for, since sizes are estimates. */
const BATCH_SHARE = 0.5

const CORRECTION_MIN = 0.25
const CORRECTION_MAX = 100
/** Weight of the newest burst in the running correction. */
const CORRECTION_GAIN = 0.25

export interface SizedKey {
  readonly key: string
  /** Memory the key takes; undefined if it was not asked for. */
  readonly bytes: number | undefined
}

/**
 * Decides how much goes into one MIGRATE and into one write, from what the last ones took.
 *
 * Redis serves one client's whole input before the next client's, so a write of several MIGRATEs blocks the source like
 * one large one: both are bounded in estimated time.
 */
export class Pace {
  /** Measured time / estimated time. */
  private correction = 1

  /**
   * @param roundTripMs - to the source and back; a longer way needs longer bursts to keep the source busy
   */
  constructor(
    private readonly options: PaceOptions,
    private readonly roundTripMs: number,
  ) {}

  /** Estimated time that a MIGRATE of these keys blocks the source. Milliseconds. */
  estimateMs(keyCount: number, bytes: number): number {
    return (MS_PER_MIGRATE + keyCount * MS_PER_KEY + bytes / BYTES_PER_MS) * this.correction
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
      const full = batch.length >= keysMax || this.estimateMs(batch.length + 1, bytes + size) > this.batchMs
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

  /** @param estimatedMs - by `estimateMs`, before the burst was sent */
  learn(estimatedMs: number, measuredMs: number): void {
    if (estimatedMs <= 0) return
    const newest = (this.correction * Math.max(measuredMs, 0.01)) / estimatedMs
    // Slower than thought is believed at once: the next burst must not block as long again.
    const gain = newest > this.correction * 2 ? 1 : CORRECTION_GAIN
    const blended = this.correction + (newest - this.correction) * gain
    this.correction = Math.min(CORRECTION_MAX, Math.max(CORRECTION_MIN, blended))
  }
}

/** @returns bytes a batch is estimated at */
export function batchBytes(batch: readonly SizedKey[]): number {
  return batch.reduce((sum, {bytes}) => sum + (bytes ?? BYTES_PER_KEY_GUESS), 0)
}
