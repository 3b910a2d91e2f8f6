/** What every benchmark takes from the command line. */
export interface BenchOptions {
  /** First of 300 ports. */
  readonly basePort: number
  readonly quick: boolean
  /** Measure only what has this in its name, and write no report; undefined: all. */
  readonly only: string | undefined
  /** undefined: the topic's own default. */
  readonly rounds: number | undefined
}
