/**
 * Wall time of one node, or of nodes that share it: the system's, unless a test sets it. Durations, timeouts of connections
 * and the cluster bus do not go by it.
 */
export class NodeClock {
  /** Called whenever the time is set or advanced; what is due then is done at once. */
  readonly onMoved = new Set<() => void>()
  private aheadMs = 0
  private stoppedAtMs: number | undefined

  /** Unix milliseconds. */
  nowMs(): number {
    return this.stoppedAtMs ?? Date.now() + this.aheadMs
  }

  /** Unix microseconds. */
  nowUs(): number {
    if (this.stoppedAtMs !== undefined) return this.stoppedAtMs * 1000
    return Math.round((performance.timeOrigin + performance.now() + this.aheadMs) * 1000)
  }

  /** Stops at a time. @param atMs - unix milliseconds, of the past or the future */
  set(atMs: number): void {
    this.stoppedAtMs = atMs
    this.moved()
  }

  /** A stopped clock goes to a later time, a running one goes on ahead of the system's. */
  advance(byMs: number): void {
    if (this.stoppedAtMs === undefined) this.aheadMs += byMs
    else this.stoppedAtMs += byMs
    this.moved()
  }

  /** Goes with the system's again. */
  release(): void {
    this.stoppedAtMs = undefined
    this.aheadMs = 0
    this.moved()
  }

  private moved(): void {
    for (const listener of this.onMoved) listener()
  }
}
