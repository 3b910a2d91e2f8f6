import type {Engine, NodeRef} from '../engine/engine.js'
import {chooseNodes, type NodeChoice} from './choose-nodes.js'
import {reapplyFaults} from './faults/reapply.js'
import {withEnvironmentLock} from './lock.js'
import {openEnvironment} from './open.js'
import {type EnvironmentParts, requireSight} from './parts.js'
import {restartNodes, startNodes} from './restart.js'
import type {EnvironmentState} from './store.js'

/** What was done to nodes; names in the order of the environment. */
export interface NodesChange {
  readonly environment: string
  readonly changed: readonly string[]
  /** They were so already. */
  readonly unchanged: readonly string[]
}

type RunningNodeAction =
  | {readonly kind: 'pause' | 'unpause'}
  /** SIGTERM, and SIGKILL after `graceMs`. */
  | {readonly kind: 'stop'; readonly graceMs: number}
  | {readonly kind: 'kill'; readonly signal: NodeJS.Signals}

/** A restarted node is ended as `stop` does. */
export type NodeAction =
  | RunningNodeAction
  | {readonly kind: 'start'}
  | {readonly kind: 'restart'; readonly graceMs: number}

/** A killed node is waited for at most this long. */
const KILL_WAIT_MS = 5000

/**
 * Does one thing to some nodes of an environment. Safe to repeat. Nobody else changes the environment meanwhile.
 *
 * @throws {CliError} NOT_FOUND, BAD_FLAG, LOCKED, INTERRUPTED, and what the engine throws
 */
export async function actOnNodes(
  parts: EnvironmentParts,
  name: string,
  choice: NodeChoice,
  action: NodeAction,
  signal: AbortSignal,
  onProgress: (text: string) => void = () => undefined,
): Promise<NodesChange> {
  // Before the lock, which makes folders: a name that is wrong leaves nothing.
  await openEnvironment(parts.store, name)
  return withEnvironmentLock(parts.store, name, signal, async (lockedSignal) => {
    const state = await openEnvironment(parts.store, name)
    await requireSight(parts.engines.of(state.spec.engine))
    const chosen = await chooseNodes(parts, state, choice, lockedSignal)
    const changed = await carryOut(parts, state, chosen, action, lockedSignal, onProgress)
    return {
      changed: chosen.filter((node) => changed.has(node)),
      environment: name,
      unchanged: chosen.filter((node) => !changed.has(node)),
    }
  })
}

async function carryOut(
  parts: EnvironmentParts,
  state: EnvironmentState,
  names: readonly string[],
  action: NodeAction,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<ReadonlySet<string>> {
  if (action.kind === 'start') return new Set(await startNodes(parts, state, names, signal, onProgress))
  if (action.kind === 'restart') {
    await restartNodes(parts, state, names, action.graceMs, signal, onProgress)
    return new Set(names)
  }
  const engine = parts.engines.of(state.spec.engine)
  const refs = (await engine.list(state.spec.name)).filter((ref) => names.includes(ref.name))
  const changed = await Promise.all(refs.map(async (ref) => ((await doTo(engine, ref, action)) ? ref.name : undefined)))
  // What a node was not awake to hear, it must be told again.
  if (action.kind === 'unpause') await reapplyFaults(parts, state, signal)
  return new Set(changed.filter((each) => each !== undefined))
}

/** @returns whether it is another than before; false too for a node that ended meanwhile */
async function doTo(engine: Engine, ref: NodeRef, action: RunningNodeAction): Promise<boolean> {
  switch (action.kind) {
    case 'pause':
      return !ref.paused && engine.pause(ref)
    case 'unpause':
      return ref.paused && engine.unpause(ref)
    case 'stop':
      await engine.stop(ref, action.graceMs)
      return true
    case 'kill': {
      const heard = await engine.signal(ref, action.signal)
      // Its ports are free when the command ends, as after `stop`.
      if (heard && action.signal === 'SIGKILL') await engine.stop(ref, KILL_WAIT_MS)
      return heard
    }
  }
}
