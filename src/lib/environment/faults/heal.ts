import {CliError} from '../../kernel/errors.js'
import {withEnvironmentLock} from '../lock.js'
import {openEnvironment} from '../open.js'
import {accessOf, type EnvironmentParts} from '../parts.js'
import type {EnvironmentState} from '../store.js'
import {ineffective, type ProbedLink, probeFaults} from './probe.js'
import {type FaultRecord, type FaultSummary, faultNumber, lastingFaults, rulesOfFaults, summaryOf} from './record.js'
import {readScene, type SkippedNode} from './scene.js'

export interface HealReport {
  readonly name: string
  /** Those that were in force. */
  readonly healed: readonly FaultSummary[]
  /** Those that still are, oldest first. */
  readonly faults: readonly FaultSummary[]
  readonly nodes: readonly string[]
  readonly links: readonly ProbedLink[]
  readonly skipped: readonly SkippedNode[]
}

/**
 * Heals one fault, or all, and resolves when every link of nodes that are awake was tried and is as meant. Safe to repeat, and
 * done also if none is on record: what a killed call left in the engine goes.
 *
 * @param id - all if absent
 * @throws {CliError} NOT_FOUND of an environment or a fault that never was; LOCKED, UNREACHABLE, INTERRUPTED; FAULT_INEFFECTIVE if a
 *   link is still cut
 */
export async function healFaults(
  parts: EnvironmentParts,
  {id, name}: {readonly id?: string; readonly name: string},
  signal: AbortSignal,
): Promise<HealReport> {
  const {spec} = await openEnvironment(parts.store, name)
  return withEnvironmentLock(parts.store, spec.name, signal, async (locked) => {
    const state = await openEnvironment(parts.store, name)
    const lasting = lastingFaults(state, Date.now())
    if (id !== undefined) requireKnown(state, lasting, id)
    const kept = id === undefined ? [] : lasting.filter((fault) => fault.id !== id)
    const scene = await readScene(parts, state)
    await scene.engine.links.apply(scene.layout, rulesOfFaults(kept), locked)
    // Only now: until then they are in force, and whoever heals after a killed call has to know.
    if (kept.length < state.faults.length) await parts.store.write({...state, faults: kept})
    const {links, wrong} = await probeFaults(scene, kept, locked)
    if (wrong.length > 0) throw ineffective('the fault was healed', wrong, [`shoal heal --name ${name}`])
    const healed = lasting.filter((fault) => !kept.includes(fault))
    const {names, skipped} = scene
    return {faults: kept.map(summaryOf), healed: healed.map(summaryOf), links, name, nodes: names, skipped}
  })
}

/**
 * Resolves when all nodes of the environment agree, report ok and every replica is in sync. Takes no lock.
 *
 * @throws {CliError} NOT_FOUND; TIMED_OUT naming who is not ready; INTERRUPTED
 */
export async function waitUntilSettled(parts: EnvironmentParts, name: string, signal: AbortSignal): Promise<void> {
  await parts.driver.settle(accessOf(await openEnvironment(parts.store, name)), signal)
}

/** A fault that was healed before is fine: its number has been given out. */
function requireKnown(state: EnvironmentState, lasting: readonly FaultRecord[], id: string): void {
  const number = faultNumber(id)
  if (number !== undefined && number <= (state.lastFault ?? 0)) return
  const {name} = state.spec
  const known = lasting.map((fault) => fault.id)
  const inForce =
    known.length === 0 ? 'none is in force' : `in force ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
  throw new CliError('NOT_FOUND', `there is no fault ${id} in environment ${name}: ${inForce}`, {
    details: {faults: known},
    suggestions: [`shoal heal --name ${name}`],
  })
}
