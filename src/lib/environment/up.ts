import type {Engine, NodeSpec} from '../engine/engine.js'
import {takenPorts} from '../engine/ports.js'
import {CliError} from '../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../model/address.js'
import {differencesOf, waysOn} from './differences.js'
import {lastingFaults} from './faults/record.js'
import {withEnvironmentLock} from './lock.js'
import {accessOf, type EnvironmentParts, layoutOf, requireEngine, requireSight} from './parts.js'
import {claimedPorts} from './ports.js'
import {
  type EnvironmentRequest,
  type EnvironmentSpec,
  HOST,
  nodesOf,
  planEnvironment,
  portsOf,
  requireEnvironmentName,
} from './spec.js'
import {ROLLBACK_GRACE_MS, startAll, startStopped} from './start.js'
import type {EnvironmentState} from './store.js'
import {whileNodesRun} from './watch.js'

export interface UpResult {
  readonly spec: EnvironmentSpec
  /** `started`: some nodes of an existing environment were down. */
  readonly change: 'created' | 'none' | 'started'
  readonly startedNodes: readonly string[]
}

const BASE_PORT_STEP = 20

/**
 * Brings an environment up and resolves when every node agrees and reports ok, and every replica is in sync. Safe to call
 * again.
 *
 * @throws {CliError} whatever goes wrong; a new environment then leaves nothing behind, an existing
 *   one is as it was
 */
export async function bringUp(
  parts: EnvironmentParts,
  request: EnvironmentRequest,
  signal: AbortSignal,
  onProgress: (text: string) => void = () => undefined,
): Promise<UpResult> {
  const name = requireEnvironmentName(request.name)
  return withEnvironmentLock(parts.store, name, signal, async (lockedSignal) => {
    const existing = await parts.store.read(name)
    if (existing?.formed) return startMissing(parts, existing, request, lockedSignal, onProgress)
    const spec = planEnvironment(request)
    await requireEngine(parts.engines.of(spec.engine), spec.program)
    // An `up` that was killed left these; it had promised nothing yet.
    if (existing) await requireSight(parts.engines.of(existing.spec.engine))
    await clear(parts, name)
    await requirePorts(parts, spec)
    return create(parts, spec, lockedSignal, onProgress)
  })
}

async function create(
  parts: EnvironmentParts,
  spec: EnvironmentSpec,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<UpResult> {
  const engine = parts.engines.of(spec.engine)
  try {
    await parts.store.write({faults: [], formed: false, peerHosts: {}, spec, version: 2})
    const peerHosts = Object.fromEntries(await engine.prepare(layoutOf(spec), signal, onProgress))
    const nodes = nodesOf(spec, peerHosts)
    const state = {faults: [], formed: false, peerHosts, spec, version: 2} as const
    await parts.store.write(state)
    if (nodes.length > 0) {
      onProgress(`starting ${nodes.length} nodes`)
      await startAll(engine, nodes, signal)
      onProgress(spec.topology === 'cluster' ? 'forming the cluster' : 'waiting for the replicas')
      await whileNodesRun(engine, spec.name, namesOf(nodes), signal, (both) =>
        parts.driver.form(accessOf(state), spec.replicas, both),
      )
    }
    await parts.store.write({...state, formed: true})
    return {change: 'created', spec, startedNodes: namesOf(nodes)}
  } catch (error) {
    await clear(parts, spec.name)
    throw signal.aborted ? new CliError('INTERRUPTED', 'interrupted; nothing is left behind', {cause: error}) : error
  }
}

async function startMissing(
  parts: EnvironmentParts,
  state: EnvironmentState,
  request: EnvironmentRequest,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<UpResult> {
  const {spec} = state
  const engine = parts.engines.of(spec.engine)
  if (state.scaling) {
    const {primaries, replicas} = state.scaling
    throw new CliError(
      'CLUSTER_UNHEALTHY',
      `environment ${spec.name} is between two sizes: a \`scale\` was cut short`,
      {
        suggestions: [`shoal scale --primaries ${primaries} --replicas ${replicas} --name ${spec.name}`],
      },
    )
  }
  const differences = differencesOf(request, spec)
  if (differences.length > 0) {
    throw new CliError('ENVIRONMENT_EXISTS', `environment ${spec.name} exists: ${differences.join(', ')}`, {
      details: {differences, name: spec.name},
      suggestions: waysOn(request, spec, differences),
    })
  }
  const {access, started} = await startStopped(parts, state, namesOf(spec.nodes), signal, onProgress)
  const change = started.length > 0 ? ('started' as const) : ('none' as const)
  const result = {change, spec, startedNodes: started}
  // Separated nodes never agree.
  if (lastingFaults(state, Date.now()).length > 0) return result
  if (started.length > 0) onProgress('waiting until all nodes agree')
  // Also if all run: running is not yet being ready.
  await whileNodesRun(engine, spec.name, namesOf(spec.nodes), signal, (both) => parts.driver.settle(access, both))
  return result
}

function namesOf(nodes: readonly Pick<NodeSpec, 'name'>[]): string[] {
  return nodes.map(({name}) => name)
}

/** Ends and deletes all of an environment, whichever engine it is on. */
async function clear({engines, store}: EnvironmentParts, name: string): Promise<void> {
  for (const engine of engines.all) await clearFrom(engine, name)
  await store.remove(name)
}

/** Ends and deletes what the engine has of an environment. @returns names of the nodes that ran */
export async function clearFrom(engine: Engine, name: string): Promise<string[]> {
  const nodes = await engine.list(name)
  await Promise.all(nodes.map((node) => engine.stop(node, ROLLBACK_GRACE_MS)))
  await engine.discard(name)
  return nodes.map((node) => node.name)
}

/** @throws {CliError} PORT_IN_USE naming the ports, and the environment they belong to if it is one of ours */
async function requirePorts({store}: EnvironmentParts, spec: EnvironmentSpec): Promise<void> {
  const wanted = portsOf(spec)
  const claimed = await claimedPorts(store)
  const taken = new Set([...(await takenPorts(HOST, wanted)), ...wanted.filter((port) => claimed.has(port))])
  if (taken.size === 0) return
  const ports = [...taken].sort((a, b) => a - b)
  const owners = [...new Set(ports.flatMap((port) => claimed.get(port) ?? []))]
  const owner = owners.length > 0 ? `environment ${owners.join(', ')}` : 'another process'
  const free = await freeBasePort(spec, claimed)
  throw new CliError('PORT_IN_USE', `${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')} taken by ${owner}`, {
    details: {environments: owners, ports},
    suggestions: free === undefined ? [] : [`shoal up --name ${spec.name} --base-port ${free}`],
  })
}

async function freeBasePort(spec: EnvironmentSpec, claimed: ReadonlyMap<number, string>): Promise<number | undefined> {
  const {length} = spec.nodes
  for (let base = spec.basePort + BASE_PORT_STEP; base + length + BUS_PORT_OFFSET <= 65535; base += 10) {
    const ports = spec.nodes.flatMap((_, index) => [base + index, base + index + BUS_PORT_OFFSET])
    if (ports.some((port) => claimed.has(port))) continue
    if ((await takenPorts(HOST, ports)).length === 0) return base
  }
  return undefined
}
