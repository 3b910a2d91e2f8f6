import {type Engine, type NodeRef, type NodeSpec, peerAddress} from '../engine/engine.js'
import {renderAddress} from '../model/address.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from './cluster-driver.js'
import {reapplyFaults} from './faults/reapply.js'
import {type FaultRecord, lastingFaults, rulesOfFaults} from './faults/record.js'
import {accessOf, type EnvironmentParts, layoutOf, requireEngine} from './parts.js'
import {nodesOf} from './spec.js'
import type {EnvironmentState} from './store.js'

/** Nodes that must go are not asked twice: nothing of a failed start is worth a clean end. */
export const ROLLBACK_GRACE_MS = 0

export interface Started {
  /** With the hosts as they are now. */
  readonly state: EnvironmentState
  readonly access: ClusterAccess
  /** Names of the nodes that did not run. */
  readonly started: readonly string[]
}

/**
 * Starts those of the named nodes of an environment that do not run. Resolves when each answers, which is not yet being in
 * agreement. Faults on record are in force for them too. All or none: if one fails, the others of this call are stopped again.
 *
 * @throws {CliError} ENVIRONMENT_LACKS, and what `Engine.start` throws
 */
export async function startStopped(
  {driver, engines, store}: EnvironmentParts,
  before: EnvironmentState,
  names: readonly string[],
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<Started> {
  const {spec} = before
  const engine = engines.of(spec.engine)
  await requireEngine(engine, spec.program)
  const peerHosts = Object.fromEntries(await engine.prepare(layoutOf(spec, before.peerHosts), signal, onProgress))
  const state = {...before, peerHosts}
  if (JSON.stringify(peerHosts) !== JSON.stringify(before.peerHosts)) await store.write(state)
  const access = accessOf(state)
  const running = new Set((await engine.list(spec.name)).map(({name}) => name))
  const missing = nodesOf(spec, peerHosts).filter(({name}) => names.includes(name) && !running.has(name))
  const lasting = lastingFaults(state, Date.now())
  const started = missing.map(({name}) => name)
  if (missing.length > 0) {
    if (spec.topology !== 'replication' && spec.persistence !== 'aof') await saveCopies(driver, access, missing, signal)
    onProgress(`starting ${started.join(', ')}`)
    await startAll(engine, withFaults(missing, state, lasting), signal)
  }
  // Also if all run: one may have been started again by other means.
  const faults = await reapplyFaults({engines}, state, signal, lasting)
  if (faults.length > 0) onProgress(`in force again: ${faults.map(({id}) => id).join(', ')}`)
  return {access, started, state}
}

/** What a node hears between its start and the moment it is told of the faults could not be taken back. */
function withFaults(
  nodes: readonly NodeSpec[],
  {peerHosts, spec}: EnvironmentState,
  lasting: readonly FaultRecord[],
): readonly NodeSpec[] {
  if (lasting.length === 0) return nodes
  const faults = {layout: layoutOf(spec, peerHosts), rules: rulesOfFaults(lasting)}
  return nodes.map((node) => ({...node, faults}))
}

/**
 * A primary that comes back with less than it had would make its replicas forget the rest too: where there is a copy of its
 * data, that replica takes over first.
 */
async function saveCopies(
  driver: ClusterDriver,
  access: ClusterAccess,
  missing: readonly NodeSpec[],
  signal: AbortSignal,
): Promise<void> {
  const facts = await driver.describe(access, signal)
  for (const address of missing.map(peerAddress)) {
    const isCopy = ({primary, role}: NodeFacts) =>
      role === 'replica' && primary !== undefined && renderAddress(primary) === renderAddress(address)
    const [best] = facts.filter(isCopy).sort((a, b) => (b.offset ?? 0) - (a.offset ?? 0))
    if (best) await driver.takeOver(access, best.address, signal)
  }
}

/** All or none: if one fails, the others of this call are stopped again. @throws the first failure */
export async function startAll(engine: Engine, nodes: readonly NodeSpec[], signal: AbortSignal): Promise<NodeRef[]> {
  const failed = new AbortController()
  const both = AbortSignal.any([signal, failed.signal])
  let firstError: unknown
  const outcomes = await Promise.allSettled(
    nodes.map((node) =>
      engine.start(node, both).catch((error) => {
        firstError ??= error
        failed.abort()
        throw error
      }),
    ),
  )
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (firstError === undefined) return started
  await Promise.all(started.map((node) => engine.stop(node, ROLLBACK_GRACE_MS)))
  throw firstError
}
