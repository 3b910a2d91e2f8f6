/**
 * What a run did, in two forms: a running hash over everything (two runs of one seed must end with the same one) and
 * the last lines in words, for the failure message.
 */
export class Trace {
  private low = 0x811c9dc5
  private high = 0x1b873593
  private readonly recent: string[] = []

  constructor(private readonly linesMax = 60) {}

  /** Goes into the hash; kept in words too. */
  line(text: string): void {
    this.mixText(text)
    this.recent.push(text)
    if (this.recent.length > this.linesMax * 2) this.recent.splice(0, this.linesMax)
  }

  /** Goes into the hash alone: for what happens thousands of times a second. */
  mix(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193) >>> 0
    this.high = (Math.imul(this.high ^ (value + this.low), 0x85ebca6b) + 0x9e3779b9) >>> 0
  }

  mixText(text: string): void {
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index))
  }

  /** 16 hex characters. */
  hash(): string {
    return this.high.toString(16).padStart(8, '0') + this.low.toString(16).padStart(8, '0')
  }

  tail(): string[] {
    return this.recent.slice(-this.linesMax)
  }
}
