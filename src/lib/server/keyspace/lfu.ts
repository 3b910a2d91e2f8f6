import type {Rng} from '../../kernel/rng.js'

/** What Redis gives a new key, so that it is not evicted before it had a chance. */
const INITIAL_COUNT = 5
const COUNT_MAX = 255
/** Minutes are kept in 16 bits and wrap around after 45 days. */
const MINUTES_MASK = 0xffff

/**
 * How often a key is asked for, in what otherwise holds when it was: `minutes of the last access << 8 | count`.
 *
 * The count is logarithmic (each further step is `lfu-log-factor` times less likely) and loses one per `lfu-decay-time`
 * minutes without access.
 */
export class Lfu {
  logFactor = 10
  decayMinutes = 1
  private minutes = 0

  constructor(private readonly rng: Rng) {}

  setTime(nowMs: number): void {
    this.minutes = Math.floor(nowMs / 60_000) & MINUTES_MASK
  }

  /** The mark of a new key, or of one that RESTORE gives a count. */
  markOf(count = INITIAL_COUNT): number {
    return (this.minutes << 8) | count
  }

  /** The mark after one more access. */
  accessed(mark: number): number {
    const count = this.countOf(mark)
    if (count === COUNT_MAX) return this.markOf(count)
    const probability = 1 / (Math.max(0, count - INITIAL_COUNT) * this.logFactor + 1)
    return this.markOf(this.rng.chance(probability) ? count + 1 : count)
  }

  /** As OBJECT FREQ answers. */
  countOf(mark: number): number {
    const count = mark & COUNT_MAX
    if (this.decayMinutes === 0) return count
    const elapsed = (this.minutes - (mark >>> 8)) & MINUTES_MASK
    return Math.max(0, count - Math.floor(elapsed / this.decayMinutes))
  }
}
