import {type EnvironmentParts, layoutOf} from '../parts.js'
import type {EnvironmentState} from '../store.js'
import {driftOf, type FaultDrift} from './probe.js'
import {type FaultRecord, lastingFaults, rulesOfFaults} from './record.js'
import {readScene} from './scene.js'

/**
 * Brings the faults on record into force again: a node that was started again has lost its rules. To be called under the lock
 * of the environment after nodes were started or unpaused. Without faults it does nothing. Safe to repeat.
 *
 * @param startedWith - those that nodes were started with: if they are over by now, the engine has to know
 * @returns the faults in force
 * @throws {CliError} ENVIRONMENT_LACKS, UNREACHABLE, INTERRUPTED
 */
export async function reapplyFaults(
  {engines}: Pick<EnvironmentParts, 'engines'>,
  state: EnvironmentState,
  signal: AbortSignal,
  startedWith: readonly FaultRecord[] = [],
): Promise<readonly FaultRecord[]> {
  const faults = lastingFaults(state, Date.now())
  if (faults.length + startedWith.length === 0) return []
  const {peerHosts, spec} = state
  await engines.of(spec.engine).links.apply(layoutOf(spec, peerHosts), rulesOfFaults(faults), signal)
  return faults
}

/**
 * The faults on record that are not in force on some link between nodes that are awake. Takes no lock, and without faults no
 * time; else as long as a closed link is waited for.
 */
export async function findFaultDrift(
  parts: EnvironmentParts,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<FaultDrift[]> {
  const faults = lastingFaults(state, Date.now())
  return faults.length === 0 ? [] : driftOf(await readScene(parts, state), faults, signal)
}
