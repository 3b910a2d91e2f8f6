import {withEnvironmentLock} from './lock.js'
import {isLockThere} from './lock-holder.js'
import {type EnvironmentParts, requireSight} from './parts.js'
import {requireEnvironmentName} from './spec.js'
import {clearFrom} from './up.js'

export interface DownResult {
  readonly name: string
  /** False if there was no such environment. */
  readonly removed: boolean
  /** Nodes that were running. */
  readonly stoppedNodes: readonly string[]
}

/**
 * Stops and deletes an environment, whatever state it is in: a killed `up`, a lost or damaged state file. Safe to repeat;
 * that there is none is fine.
 *
 * @throws {CliError} BAD_FLAG for a name that none can have; LOCKED; INTERRUPTED; ENVIRONMENT_LACKS if its nodes are out of reach: then
 *   all is as before
 */
export async function takeDown(
  {engines, store}: Pick<EnvironmentParts, 'engines' | 'store'>,
  rawName: string,
  signal: AbortSignal,
): Promise<DownResult> {
  const name = requireEnvironmentName(rawName)
  const isThere = async () => {
    if ((await store.names()).includes(name)) return true
    const found = await Promise.all(engines.all.map((engine) => engine.has(name)))
    return found.includes(true)
  }
  // An `up` was killed before it wrote anything, or is about to.
  const isLocked = isLockThere(store.lockPath(name))
  if (!isLocked && !(await isThere())) return {name, removed: false, stoppedNodes: []}
  return withEnvironmentLock(store, name, signal, async () => {
    // Another `down` may have been faster while this one waited.
    if (!(await isThere())) return {name, removed: false, stoppedNodes: []}
    // A file that cannot be read names no engine.
    const state = await store.read(name).catch(() => undefined)
    if (state) await requireSight(engines.of(state.spec.engine))
    // No clean end: it would save data that is deleted in the next moment, and wait for replicas that end too.
    const stopped = await Promise.all(engines.all.map((engine) => clearFrom(engine, name)))
    await store.remove(name)
    return {name, removed: true, stoppedNodes: stopped.flat()}
  })
}
