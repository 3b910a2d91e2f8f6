import {withEnvironmentLock} from './lock.js'
import {requireEnvironmentName} from './spec.js'
import type {EnvironmentParts} from './up.js'

export interface DownResult {
  readonly name: string
  /** False if there was no such environment. */
  readonly removed: boolean
  /** Nodes that were running. */
  readonly stoppedNodes: readonly string[]
}

/** A clean end would save data that is deleted in the next moment, and wait for replicas that end too. */
const GRACE_MS = 0

/**
 * Stops and deletes an environment, whatever state it is in: a killed `up`, a lost or damaged state file. Safe to repeat;
 * that there is none is fine.
 *
 * @throws {CliError} BAD_FLAG for a name that none can have; LOCKED; INTERRUPTED
 */
export async function takeDown(
  {engine, store}: Pick<EnvironmentParts, 'engine' | 'store'>,
  rawName: string,
  signal: AbortSignal,
): Promise<DownResult> {
  const name = requireEnvironmentName(rawName)
  const isThere = async () => (await store.names()).includes(name) || (await engine.list(name)).length > 0
  if (!(await isThere())) return {name, removed: false, stoppedNodes: []}
  return withEnvironmentLock(store, name, signal, async () => {
    // Another `down` may have been faster while this one waited.
    if (!(await isThere())) return {name, removed: false, stoppedNodes: []}
    const nodes = await engine.list(name)
    await Promise.all(nodes.map((node) => engine.stop(node, GRACE_MS)))
    await engine.discard(name)
    await store.remove(name)
    return {name, removed: true, stoppedNodes: nodes.map((node) => node.name)}
  })
}
