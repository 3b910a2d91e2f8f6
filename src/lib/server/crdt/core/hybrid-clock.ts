/** Milliseconds of 2020-01-01. */
const EPOCH_MS = Date.UTC(2020, 0, 1)
const TICKS_PER_MS = 4096

/** Unix milliseconds of a hybrid time. */
export function clockMs(clock: number): number {
  return Math.floor(clock / TICKS_PER_MS) + EPOCH_MS
}

/** Its counter within the millisecond. */
export function clockTick(clock: number): number {
  return clock % TICKS_PER_MS
}

/** The first hybrid time of a millisecond. */
export function clockOf(unixMs: number): number {
  return Math.max(0, Math.floor(unixMs) - EPOCH_MS) * TICKS_PER_MS
}

/**
 * (milliseconds since 2020-01-01) * 4096 + counter: later than all it has heard of, and near to physical time. Where that
 * steps back, the counter goes on; after 4096 ticks it borrows the next millisecond.
 */
export class HybridClock {
  private last = 0

  constructor(
    private readonly nowMs: () => number,
    private readonly inputMs: () => number,
    private readonly maxDriftMs: number,
  ) {}

  get now(): number {
    return this.last
  }

  tick(): number {
    this.last = Math.max(clockOf(this.inputMs()), this.last + 1)
    return this.last
  }

  /** A local event had this time. */
  reached(clock: number): void {
    if (clock > this.last) this.last = clock
  }

  /** @returns false if it is further ahead than can be believed */
  isBelievable(clock: number): boolean {
    return clock <= clockOf(this.nowMs() + this.maxDriftMs)
  }

  heard(clock: number): void {
    if (clock > this.last) this.last = Math.min(clock, clockOf(this.nowMs() + this.maxDriftMs))
  }
}
