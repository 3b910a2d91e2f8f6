import {type Engine, type Layout, type NodeRef, type NodeSpec, peerAddress} from '../engine/engine.js'
import type {Engines} from '../engine/engines.js'
import {takenPorts} from '../engine/ports.js'
import {CliError} from '../kernel/errors.js'
import {BUS_PORT_OFFSET, renderAddress} from '../model/address.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from './cluster-driver.js'
import {withEnvironmentLock} from './lock.js'
import {
  differencesOf,
  type EnvironmentRequest,
  type EnvironmentSpec,
  HOST,
  nodesOf,
  planEnvironment,
  portsOf,
  requireEnvironmentName,
} from './spec.js'
import type {EnvironmentState, EnvironmentStore} from './store.js'
import {whileNodesRun} from './watch.js'

/** What environments are made of; the same for up, down and ps. */
export interface EnvironmentParts {
  readonly engines: Engines
  readonly store: EnvironmentStore
  readonly driver: ClusterDriver
}

export interface UpResult {
  readonly spec: EnvironmentSpec
  /** `started`: some nodes of an existing environment were down. */
  readonly change: 'created' | 'none' | 'started'
  readonly startedNodes: readonly string[]
}

/** Nodes that must go are not asked twice: nothing of a failed start is worth a clean end. */
const ROLLBACK_GRACE_MS = 0
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
    onProgress(`starting ${nodes.length} nodes`)
    await startAll(engine, nodes, signal)
    onProgress(spec.topology === 'cluster' ? 'forming the cluster' : 'waiting for the replicas')
    await whileNodesRun(engine, spec.name, namesOf(nodes), signal, (both) =>
      parts.driver.form(accessOf(state), spec.replicas, both),
    )
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
  const differences = differencesOf(request, spec)
  if (differences.length > 0) {
    throw new CliError('ENVIRONMENT_EXISTS', `environment ${spec.name} exists: ${differences.join(', ')}`, {
      details: {differences, name: spec.name},
      suggestions: [`shoal down --name ${spec.name}`, 'shoal up --name OTHER --base-port PORT'],
    })
  }
  await requireEngine(engine, spec.program)
  const peerHosts = Object.fromEntries(await engine.prepare(layoutOf(spec, state.peerHosts), signal, onProgress))
  const now = {...state, peerHosts}
  if (JSON.stringify(peerHosts) !== JSON.stringify(state.peerHosts)) await parts.store.write(now)
  const nodes = nodesOf(spec, peerHosts)
  const access = accessOf(now)
  const running = new Set((await engine.list(spec.name)).map((node) => node.name))
  const missing = nodes.filter((node) => !running.has(node.name))
  if (missing.length > 0) {
    if (spec.topology === 'cluster' && spec.persistence !== 'aof')
      await saveCopies(parts.driver, access, missing, signal)
    onProgress(`starting ${namesOf(missing).join(', ')}`)
    await startAll(engine, missing, signal)
    onProgress('waiting until all nodes agree')
  }
  // Also if all run: running is not yet being ready.
  await whileNodesRun(engine, spec.name, namesOf(nodes), signal, (both) => parts.driver.settle(access, both))
  return {change: missing.length > 0 ? 'started' : 'none', spec, startedNodes: namesOf(missing)}
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

function namesOf(nodes: readonly NodeSpec[]): string[] {
  return nodes.map(({name}) => name)
}

/** All or none: if one fails, the others of this call are stopped again. @throws the first failure */
async function startAll(engine: Engine, nodes: readonly NodeSpec[], signal: AbortSignal): Promise<NodeRef[]> {
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

/** @throws {CliError} ENVIRONMENT_LACKS with the remedy */
export async function requireEngine(engine: Engine, program: string | undefined): Promise<void> {
  const probe = await engine.probe(program)
  if (probe.available) return
  throw new CliError('ENVIRONMENT_LACKS', probe.reason, {
    details: {engine: engine.kind},
    suggestions: probe.remedy === undefined ? [] : [probe.remedy],
  })
}

export function layoutOf(spec: EnvironmentSpec, peerHosts: Readonly<Record<string, string>> = {}): Layout {
  const {name, subnet} = spec
  return {environment: name, nodes: nodesOf(spec, peerHosts), ...(subnet !== undefined && {subnet})}
}

export function accessOf({peerHosts, spec}: Pick<EnvironmentState, 'peerHosts' | 'spec'>): ClusterAccess {
  const nodes = nodesOf(spec, peerHosts)
  const elsewhere = nodes.filter(({peerHost}) => peerHost !== undefined)
  return {
    addressMap: new Map(elsewhere.map((node) => [renderAddress(peerAddress(node)), node.address])),
    addresses: nodes.map(peerAddress),
    regions: new Map(nodes.flatMap((node) => (node.region ? [[renderAddress(peerAddress(node)), node.region]] : []))),
    topology: spec.topology,
    ...(spec.password !== undefined && {password: spec.password}),
  }
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

async function claimedPorts(store: EnvironmentStore): Promise<Map<number, string>> {
  const claimed = new Map<number, string>()
  for (const name of await store.names()) {
    // A file that cannot be read claims nothing that can be known; its running nodes still hold their ports.
    const state = await store.read(name).catch(() => undefined)
    for (const port of state ? portsOf(state.spec) : []) claimed.set(port, name)
  }
  return claimed
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
