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

const SAMPLES_MAX = 16

/** INFO's `instantaneous_...`: the mean over the last samples, 1.6 s when `sample` is called every 100 ms. */
export class RateSampler {
  private readonly samples: (RateReading & {readonly atMs: number})[] = []

  sample(reading: RateReading, atMs: number): void {
    this.samples.push({...reading, atMs})
    if (this.samples.length > SAMPLES_MAX) this.samples.shift()
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
