/** A region that cannot be reached at the start is not waited for any longer. */
export const REACH_MS_MAX = 5000

/** How this instance stands to a region that it has yet to hear of. */
export type RegionStanding =
  /** All that it had is here. */
  | 'in-sync'
  /** It is there, and is being asked. */
  | 'reached'
  /** Its nodes answer, and are no instance: there is nothing to be had. */
  | 'empty'
  | 'unreachable'

/**
 * Whether clients may write (crdb.md 3.6). A node that was an instance before, and one that has just become one, knows less
 * than the others: until it has heard all of each region that it can reach, it serves reads only. Writes before that could
 * bear names of writes that it has lost, and would be made without having seen what they change.
 *
 * A region that cannot be reached is given up after some seconds: with all others gone an instance must be usable.
 */
export class Standing {
  private readonly awaited: Set<number>
  private readonly sinceMs: number

  /** @param regions - others, all of which are waited for @param nowMs - monotonic */
  constructor(regions: Iterable<number>, nowMs: number) {
    this.awaited = new Set(regions)
    this.sinceMs = nowMs
  }

  get isSettled(): boolean {
    return this.awaited.size === 0
  }

  /** @returns regions that were given up just now */
  look(standingOf: (region: number) => RegionStanding, nowMs: number): number[] {
    const givenUp: number[] = []
    for (const region of this.awaited) {
      const standing = standingOf(region)
      if (standing === 'reached') continue
      if (standing === 'unreachable') {
        if (nowMs - this.sinceMs < REACH_MS_MAX) continue
        givenUp.push(region)
      }
      this.awaited.delete(region)
    }
    return givenUp
  }

  get refusal(): string | undefined {
    if (this.isSettled) return undefined
    const names = [...this.awaited].map((region) => `region ${region}`).join(', ')
    return `OUTOFSYNC This instance has yet to hear from ${names}: until then it serves reads only`
  }
}
