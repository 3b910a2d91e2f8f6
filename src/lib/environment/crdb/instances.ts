import {type NodeSpec, peerAddress} from '../../engine/engine.js'
import {takenPorts} from '../../engine/ports.js'
import {CliError} from '../../kernel/errors.js'
import {BUS_PORT_OFFSET, renderAddress} from '../../model/address.js'
import {planNodes} from '../../plan/crdb/create.js'
import {lastingFaults} from '../faults/record.js'
import {withEnvironmentLock} from '../lock.js'
import {openEnvironment} from '../open.js'
import {accessOf, type EnvironmentParts, layoutOf, requireEngine, requireSight} from '../parts.js'
import {claimedPorts} from '../ports.js'
import {type EnvironmentSpec, HOST, NODES_MAX, nodesOf, passwordOf, type SpecDatabase, type SpecNode} from '../spec.js'
import {ROLLBACK_GRACE_MS, startAll} from '../start.js'
import type {EnvironmentState} from '../store.js'
import {whileNodesRun} from '../watch.js'

export interface InstancesRequest {
  readonly environment: string
  readonly database: SpecDatabase
  readonly instances: readonly {readonly id: number; readonly region: string}[]
  readonly shards: number
  /** Of each shard. */
  readonly replicas: number
  /** Of instance 1; one that is free without. */
  readonly port?: number
}

/** An instance whose nodes are one cluster. */
export interface StartedInstance {
  readonly id: number
  readonly region: string
  /** `HOST:PORT` where this machine reaches its nodes, the first shard's first. */
  readonly seeds: readonly string[]
  /** As nodes of other regions reach them. */
  readonly endpoints: readonly string[]
  readonly password?: string
}

/**
 * Starts the nodes of instances of a database in regions of an environment; resolves when those of each are one cluster.
 * If it fails or is interrupted, nothing of these instances is left.
 *
 * @throws {CliError} NOT_FOUND, PORT_IN_USE, CLUSTER_UNHEALTHY while faults are in force, ENVIRONMENT_LACKS, NODE_START_FAILED, LOCKED,
 *   INTERRUPTED
 */
export async function startInstances(
  parts: EnvironmentParts,
  request: InstancesRequest,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<StartedInstance[]> {
  const {database, environment} = request
  const ids = request.instances.map(({id}) => id)
  return withEnvironmentLock(parts.store, environment, signal, async (locked) => {
    const before = await openEnvironment(parts.store, environment)
    requireWhole(before)
    const own = await newNodes(parts, before.spec, request)
    const {databases = [], nodes} = before.spec
    const spec = {
      ...before.spec,
      databases: [...databases.filter(({guid}) => guid !== database.guid), database],
      nodes: [...nodes, ...own],
    }
    try {
      // On record before the first process: whoever comes after a kill -9 knows what to look for.
      await parts.store.write({...before, spec})
      return await start(parts, {...before, spec}, request, own, locked, onProgress)
    } catch (error) {
      await drop(parts, environment, database.guid, ids)
      throw signal.aborted ? new CliError('INTERRUPTED', 'interrupted', {cause: error}) : error
    }
  })
}

/**
 * Stops and deletes the nodes of instances of a database. Safe to repeat; that there is no such environment, database or instance
 * is fine.
 *
 * @param ids - all if absent
 */
export async function dropInstances(
  parts: EnvironmentParts,
  environment: string,
  guid: string,
  ids: readonly number[] | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!(await parts.store.read(environment).catch(() => undefined))) return
  await withEnvironmentLock(parts.store, environment, signal, () => drop(parts, environment, guid, ids))
}

/** Directives that nodes of a database are started with from now on. That there is no such database is fine. */
export async function retuneInstances(
  parts: EnvironmentParts,
  environment: string,
  guid: string,
  settings: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (!(await parts.store.read(environment).catch(() => undefined))) return
  await withEnvironmentLock(parts.store, environment, signal, async () => {
    const state = await parts.store.read(environment)
    const {databases = []} = state?.spec ?? {}
    if (!state || !databases.some((each) => each.guid === guid)) return
    const changed = databases.map((each) =>
      each.guid === guid ? {...each, settings: {...each.settings, ...settings}} : each,
    )
    await parts.store.write({...state, spec: {...state.spec, databases: changed}})
  })
}

function requireWhole(state: EnvironmentState): void {
  const {name, topology} = state.spec
  if (topology !== 'crdb') throw new CliError('BAD_FLAG', `environment ${name} has no participating clusters`)
  const [fault] = lastingFaults(state, Date.now())
  if (!fault) return
  throw new CliError('CLUSTER_UNHEALTHY', `a fault is in force in environment ${name}: ${fault.text}`, {
    suggestions: [`shoal heal --name ${name}`],
  })
}

async function newNodes(
  {store}: EnvironmentParts,
  spec: EnvironmentSpec,
  {database, instances, port, replicas, shards}: InstancesRequest,
): Promise<SpecNode[]> {
  const count = instances.length * shards * (1 + replicas)
  if (spec.nodes.length + count > NODES_MAX) {
    throw new CliError(
      'BAD_FLAG',
      `${spec.nodes.length + count} nodes are more than an environment may have: ${NODES_MAX}`,
    )
  }
  const used = new Set((await claimedPorts(store)).keys())
  const isFree = (each: number) => !used.has(each) && !used.has(each + BUS_PORT_OFFSET)
  for (;;) {
    const planned = planNodes({
      basePort: spec.basePort,
      database: database.name,
      ids: instances.map(({id}) => id),
      isFree,
      replicas,
      shards,
      taken: new Set(spec.nodes.map(({name}) => name)),
      ...(port !== undefined && {port}),
    })
    const wanted = planned.flat().flatMap((node) => [node.port, node.port + BUS_PORT_OFFSET])
    const taken = await takenPorts(HOST, wanted)
    if (taken.length === 0) {
      return planned.flatMap((nodes, index) => {
        const {id = 0, region = ''} = instances[index] ?? {}
        return nodes.map((node) => ({...node, database: database.name, instance: id, region}))
      })
    }
    for (const each of taken) used.add(each)
  }
}

async function start(
  parts: EnvironmentParts,
  before: EnvironmentState,
  {database, instances, replicas}: InstancesRequest,
  own: readonly SpecNode[],
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<StartedInstance[]> {
  const {spec} = before
  const engine = parts.engines.of(spec.engine)
  await requireEngine(engine, spec.program)
  const peerHosts = Object.fromEntries(await engine.prepare(layoutOf(spec, before.peerHosts), signal, onProgress))
  const state = {...before, peerHosts}
  await parts.store.write(state)
  const names = own.map(({name}) => name)
  const nodes = nodesOf(spec, peerHosts).filter(({name}) => names.includes(name))
  onProgress(`starting ${names.join(', ')}`)
  await startAll(engine, nodes, signal)
  const access = accessOf({peerHosts, spec: {...spec, nodes: own}})
  await whileNodesRun(engine, spec.name, names, signal, (both) => parts.driver.form(access, replicas, both))
  const password = passwordOf(spec, {database: database.name})
  return instances.map(({id, region}) => {
    const members = own
      .filter(({instance}) => instance === id)
      .flatMap(({name}) => nodes.find((node) => node.name === name) ?? [])
    return {
      endpoints: members.map((node: NodeSpec) => renderAddress(peerAddress(node))),
      id,
      region,
      seeds: members.map(({address}) => renderAddress(address)),
      ...(password !== undefined && {password}),
    }
  })
}

/** Under the lock. */
async function drop(
  {engines, store}: EnvironmentParts,
  environment: string,
  guid: string,
  ids: readonly number[] | undefined,
): Promise<void> {
  const state = await store.read(environment)
  const {databases = []} = state?.spec ?? {}
  const database = databases.find((each) => each.guid === guid)
  if (!state || !database) return
  const {spec} = state
  const engine = engines.of(spec.engine)
  await requireSight(engine)
  const goes = (node: SpecNode) =>
    node.database === database.name &&
    (ids === undefined || (node.instance !== undefined && ids.includes(node.instance)))
  const names = spec.nodes.filter(goes).map(({name}) => name)
  const running = (await engine.list(environment)).filter(({name}) => names.includes(name))
  await Promise.all(running.map((ref) => engine.stop(ref, ROLLBACK_GRACE_MS)))
  await Promise.all(names.map((name) => engine.discardNode(environment, name)))
  const nodes = spec.nodes.filter((node) => !goes(node))
  const isGone = !nodes.some((node) => node.database === database.name)
  const left = isGone ? databases.filter((each) => each !== database) : databases
  await store.write({...state, spec: {...spec, databases: left, nodes}})
}
