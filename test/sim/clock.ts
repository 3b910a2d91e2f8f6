/** Unix ms at virtual time 0. */
const EPOCH_MS = 1_800_000_000_000

/**
 * One machine's clocks: the wall clock with an offset, read when a process starts, and the monotonic one with a drift,
 * from there on. So steps of the wall clock show at the next start; a drift shows at once, without a jump.
 */
export class SimClock {
  private startedMs = 0
  private startedWallMs = EPOCH_MS
  private offsetMs = 0
  private drift = 0

  /** @param virtualMs - gives the world's time */
  constructor(private readonly virtualMs: () => number) {}

  /** A process starts. */
  start(): void {
    this.startedMs = this.virtualMs()
    this.startedWallMs = EPOCH_MS + this.offsetMs + this.startedMs
  }

  /** Unix ms as the process tells it; never decreases in its life. */
  nowMs(): number {
    return Math.floor(this.wallMs())
  }

  /** @param drift - 0.001 = a thousandth too fast */
  set(stepMs: number, drift: number): void {
    this.startedWallMs = this.wallMs()
    this.startedMs = this.virtualMs()
    this.drift = drift
    this.offsetMs += stepMs
  }

  /** Virtual time that passes while this clock counts `ownMs`. */
  virtual(ownMs: number): number {
    return ownMs / (1 + this.drift)
  }

  private wallMs(): number {
    return this.startedWallMs + (this.virtualMs() - this.startedMs) * (1 + this.drift)
  }
}
