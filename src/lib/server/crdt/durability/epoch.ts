const SINCE_UNIX_MS = Date.UTC(2020, 0, 1)
/** Of the config epoch, so that two that take over in the same millisecond do not share a name. */
const CONFIG_EPOCHS = 16

/**
 * The epoch that this node's writes are named by from now on: milliseconds since 2020, four bits of the config epoch.
 *
 * A config epoch alone would not do: a primary that starts again with the same one may lack its last writes, which other
 * regions have. What makes it another one must not be something that a crash takes back: so it is the clock.
 *
 * @param known - the greatest of this region that is known of: the clock may have been set back
 */
export function epochAt(nowMs: number, configEpoch: number, known: number): number {
  const ms = Math.max(nowMs - SINCE_UNIX_MS, Math.floor(known / CONFIG_EPOCHS) + 1)
  return ms * CONFIG_EPOCHS + (configEpoch % CONFIG_EPOCHS)
}
