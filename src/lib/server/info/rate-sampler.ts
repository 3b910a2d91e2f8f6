/** Counters at one moment. */
export interface RateReading {
  readonly commands: number
  readonly inputBytes: number
  readonly outputBytes: number
}

export interface Rates {
  readonly opsPerSecond: number
  readonly inputKbps: number
  readonly outputKbps: number
}

/** Younger samples are not worth a new one: a rate over a few milliseconds says nothing. */
const SPAN_MIN_MS = 100
/** Older samples say nothing about now. */
const SPAN_MAX_MS = 1600

/**
 * INFO's `instantaneous_...`: the mean over the last 1.6 s if somebody samples every 100 ms, as Redis does; else the mean
 * since the sample before, so that a monitor that asks every ten seconds gets the mean of its ten seconds.
 */
export class RateSampler {
  private readonly samples: (RateReading & {readonly atMs: number})[] = []

  sample(reading: RateReading, atMs: number): void {
    const last = this.samples[this.samples.length - 1]
    if (last !== undefined && atMs - last.atMs < SPAN_MIN_MS) return
    this.samples.push({...reading, atMs})
    while (this.samples.length > 2 && atMs - this.samples[1]!.atMs >= SPAN_MAX_MS) this.samples.shift()
  }

  /** Zeros before there are two samples. */
  rates(): Rates {
    const first = this.samples[0]
    const last = this.samples[this.samples.length - 1]
    if (first === undefined || last === undefined || last.atMs <= first.atMs) {
      return {opsPerSecond: 0, inputKbps: 0, outputKbps: 0}
    }
    const seconds = (last.atMs - first.atMs) / 1000
    // After CONFIG RESETSTAT counters go back; a rate is never negative.
    const perSecond = (before: number, after: number): number => Math.max(0, after - before) / seconds
    return {
      opsPerSecond: Math.round(perSecond(first.commands, last.commands)),
      inputKbps: perSecond(first.inputBytes, last.inputBytes) / 1024,
      outputKbps: perSecond(first.outputBytes, last.outputBytes) / 1024,
    }
  }
}
