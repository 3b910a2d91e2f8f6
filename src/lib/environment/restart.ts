import {peerAddress} from '../engine/engine.js'
import {renderAddress} from '../model/address.js'
import type {NodeFacts} from './cluster-driver.js'
import {type Condition, replicasSynced, type SituationNode} from './conditions.js'
import {lastingFaults} from './faults/record.js'
import {accessOf, type EnvironmentParts} from './parts.js'
import {nodesOf} from './spec.js'
import {startStopped} from './start.js'
import type {EnvironmentState} from './store.js'
import {waitFor} from './wait.js'
import {whileNodesRun} from './watch.js'

const SYNC_TIMEOUT_MS = 30_000

/**
 * Starts those that do not run. Resolves when all nodes agree, if all of them run; else when the started ones answer.
 *
 * @returns the names of those that did not run
 */
export async function startNodes(
  parts: EnvironmentParts,
  before: EnvironmentState,
  names: readonly string[],
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<readonly string[]> {
  const {started, state} = await startStopped(parts, before, names, signal, onProgress)
  if (started.length > 0) await settleIfWhole(parts, state, signal, onProgress)
  return started
}

/**
 * Ends nodes and starts them again. What nodes keep in memory alone stays in the environment: replicas go first, and a
 * primary goes when one of them has its data, which takes over.
 */
export async function restartNodes(
  parts: EnvironmentParts,
  before: EnvironmentState,
  names: readonly string[],
  graceMs: number,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<void> {
  const engine = parts.engines.of(before.spec.engine)
  let state = before
  const waves = await wavesOf(parts, state, names, signal)
  for (const [index, wave] of waves.entries()) {
    const refs = (await engine.list(state.spec.name)).filter(({name}) => wave.includes(name))
    if (refs.length > 0) onProgress(`stopping ${refs.map(({name}) => name).join(', ')}`)
    await Promise.all(refs.map((ref) => engine.stop(ref, graceMs)))
    state = (await startStopped(parts, state, wave, signal, onProgress)).state
    if (index < waves.length - 1) await waitFor(parts, state, copiesSynced, SYNC_TIMEOUT_MS, signal)
  }
  await settleIfWhole(parts, state, signal, onProgress)
}

/** As `replicasSynced`, of those whose primary runs: from another one nothing comes, and no data of it is lost. */
const copiesSynced: Condition = (situation) => {
  const {nodes} = situation
  const primaries = new Set(
    nodes.flatMap(({facts}) => (facts?.role === 'primary' ? [renderAddress(facts.address)] : [])),
  )
  const isCopy = ({facts}: SituationNode) => !facts?.primary || primaries.has(renderAddress(facts.primary))
  return replicasSynced({...situation, nodes: nodes.filter(isCopy)})
}

/**
 * Nodes that are restarted together: all, or, where nothing but a copy keeps data, those that do not run before replicas, and
 * those before the others.
 */
async function wavesOf(
  parts: EnvironmentParts,
  state: EnvironmentState,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[][]> {
  const {spec} = state
  if (spec.topology === 'replication' || spec.persistence === 'aof') return [[...names]]
  const facts = await parts.driver.describe(accessOf(state), signal)
  const isReplica = ({address, role}: NodeFacts, at: string) => role === 'replica' && renderAddress(address) === at
  const replicas = nodesOf(spec, state.peerHosts)
    .filter((node) => facts.some((fact) => isReplica(fact, renderAddress(peerAddress(node)))))
    .map(({name}) => name)
  const running = new Set((await parts.engines.of(spec.engine).list(spec.name)).map(({name}) => name))
  const waves = [
    names.filter((name) => !running.has(name)),
    names.filter((name) => running.has(name) && replicas.includes(name)),
    names.filter((name) => running.has(name) && !replicas.includes(name)),
  ]
  return waves.filter(({length}) => length > 0)
}

/** Stopped, paused or separated nodes never agree: then there is nothing to wait for. */
async function settleIfWhole(
  parts: EnvironmentParts,
  state: EnvironmentState,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<void> {
  const {spec} = state
  const engine = parts.engines.of(spec.engine)
  const names = spec.nodes.map(({name}) => name)
  const running = new Set((await engine.list(spec.name)).flatMap(({name, paused}) => (paused ? [] : [name])))
  if (lastingFaults(state, Date.now()).length > 0 || !names.every((name) => running.has(name))) return
  onProgress('waiting until all nodes agree')
  await whileNodesRun(engine, spec.name, names, signal, (both) => parts.driver.settle(accessOf(state), both))
}
