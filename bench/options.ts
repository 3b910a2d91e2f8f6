/** What every benchmark takes from the command line. */
export interface BenchOptions {
  /** First of 300 ports. */
  readonly basePort: number
  readonly quick: boolean
  /** undefined: the topic's own default. */
  readonly rounds: number | undefined
}
