const SINCE_UNIX_MS = Date.UTC(2020, 0, 1)

/**
 * The epoch that this node's writes are named by from now on: milliseconds since 2020.
 *
 * A config epoch would not do: a primary that starts again with the same one may lack its last writes, which other regions
 * have; and a node outside of a cluster has none. Nothing that a crash can take back goes into it but the clock.
 *
 * @param before - the last one
 */
export function epochAt(nowMs: number, before: number): number {
  return Math.max(nowMs - SINCE_UNIX_MS, before + 1, 1)
}
