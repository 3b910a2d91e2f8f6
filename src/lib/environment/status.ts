import {type EngineKind, type NodeRef, peerAddress} from '../engine/engine.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import type {Link} from '../model/links.js'
import type {SlotRange} from '../model/slot-set.js'
import type {NodeFacts, ReplicaLink} from './cluster-driver.js'
import type {FaultDrift} from './faults/probe.js'
import {findFaultDrift} from './faults/reapply.js'
import {type FaultSummary, lastingFaults, summaryOf} from './faults/record.js'
import {accessOf, type EnvironmentParts} from './parts.js'
import {nodesOf, type Topology} from './spec.js'
import type {EnvironmentState} from './store.js'

export interface NodeStatus {
  readonly name: string
  readonly address?: Address
  readonly state: 'paused' | 'running' | 'stopped' | 'unresponsive'
  readonly region?: string
  readonly pid?: number
  readonly role?: 'primary' | 'replica'
  readonly slots?: readonly SlotRange[]
  /** Of a replica: the name of the node that it follows, or HOST:PORT of one outside the environment. */
  readonly replicaOf?: string
  readonly link?: ReplicaLink
  /** Bytes of its primary's stream that it lacks. The two are not asked at one instant: a few mean nothing. */
  readonly lagBytes?: number
  readonly uptimeMs?: number
  /** Resident set, bytes. */
  readonly memoryBytes?: number
}

export interface FaultStatus extends FaultSummary {
  /** Links on which it is not in force: a node was started again by other means, a proxy died. Absent if it is on all. */
  readonly lostLinks?: readonly Link[]
}

export interface EnvironmentStatus {
  readonly name: string
  /**
   * `ok`: all nodes run and report ok, all replicas are linked. `degraded`: some do not. `stopped`: none runs. `incomplete`: an `up` was cut short,
   * or the state file is lost; `down` or `up` clears it.
   */
  readonly state: 'degraded' | 'incomplete' | 'ok' | 'stopped'
  /** Unknown if the state file is lost. */
  readonly engine?: EngineKind
  readonly topology?: Topology
  /** Topology `crdb`: the participating clusters. */
  readonly regions?: readonly string[]
  /** On record, oldest first. */
  readonly faults: readonly FaultStatus[]
  readonly nodes: readonly NodeStatus[]
}

/** All environments, or the one of that name if it exists; by name. What runs is what the process table says. */
export async function statusOf(
  parts: EnvironmentParts,
  signal: AbortSignal,
  only?: string,
): Promise<EnvironmentStatus[]> {
  const {driver, engines, store} = parts
  const running = (await Promise.all(engines.all.map((engine) => engine.list(only)))).flat()
  const names = new Set([...(await store.names()), ...running.map(({environment}) => environment)])
  const wanted = [...names].filter((name) => only === undefined || name === only).sort()
  return Promise.all(
    wanted.map(async (name) => {
      const state = await store.read(name).catch(() => undefined)
      const refs = running.filter(({environment}) => environment === name)
      if (!state || refs.length === 0) return judge(name, state, refs, [])
      const [facts, drift] = await Promise.all([
        driver.describe(accessOf(state), signal),
        // What cannot be tried is not said to be lost.
        findFaultDrift(parts, state, signal).catch(() => []),
      ])
      return judge(name, state, refs, facts, drift)
    }),
  )
}

/**
 * @param facts - of the nodes that answered
 * @param drift - of the faults on record
 */
export function judge(
  name: string,
  state: EnvironmentState | undefined,
  refs: readonly NodeRef[],
  facts: readonly NodeFacts[],
  drift: readonly FaultDrift[] = [],
): EnvironmentStatus {
  const factsAt = new Map(facts.map((fact) => [renderAddress(fact.address), fact]))
  const specs = state ? nodesOf(state.spec, state.peerHosts) : []
  const nameAt = new Map(specs.map((spec) => [renderAddress(peerAddress(spec)), spec.name]))
  const strays = refs.filter((ref) => !specs.some((spec) => spec.name === ref.name))
  const nodes = [
    ...specs.map((spec) => {
      const ref = refs.find((each) => each.name === spec.name)
      const status = nodeStatus(spec.name, spec.address, ref, factsAt.get(renderAddress(peerAddress(spec))), (fact) =>
        copyStatus(fact, factsAt, nameAt),
      )
      return spec.region === undefined ? status : {...status, region: spec.region}
    }),
    ...strays.map((ref) => nodeStatus(ref.name, ref.address, ref, undefined)),
  ]
  const isOk = facts.length === nodes.length && facts.every((fact) => fact.state === 'ok' && isInSync(fact))
  const lostOf = new Map(drift.map(({id, links}) => [id, links]))
  const faults = (state ? lastingFaults(state, Date.now()) : []).map((fault) => {
    const lostLinks = lostOf.get(fault.id)
    return {...summaryOf(fault), ...(lostLinks && {lostLinks})}
  })
  const regions = state?.spec.topology === 'crdb' ? state.spec.regions : undefined
  const of = state && {engine: state.spec.engine, topology: state.spec.topology}
  const all = {faults, name, nodes, ...of, ...(regions && {regions})}
  if (!state?.formed) return {...all, state: 'incomplete'}
  // Participating clusters without a database have no nodes, and are ready for one.
  if (nodes.length === 0) return {...all, state: 'ok'}
  if (refs.length === 0) return {...all, state: 'stopped'}
  return {...all, state: isOk ? 'ok' : 'degraded'}
}

function isInSync({link, role}: NodeFacts): boolean {
  return role === 'primary' || link === 'up'
}

type CopyStatus = Pick<NodeStatus, 'lagBytes' | 'link' | 'replicaOf'>

function copyStatus(
  {link, offset, primary}: NodeFacts,
  factsAt: ReadonlyMap<string, NodeFacts>,
  nameAt: ReadonlyMap<string, string>,
): CopyStatus {
  const at = primary && renderAddress(primary)
  const ahead = at === undefined ? undefined : factsAt.get(at)?.offset
  return {
    ...(at !== undefined && {replicaOf: nameAt.get(at) ?? at}),
    ...(link !== undefined && {link}),
    ...(ahead !== undefined && offset !== undefined && {lagBytes: Math.max(0, ahead - offset)}),
  }
}

function nodeStatus(
  name: string,
  address: Address | undefined,
  ref: NodeRef | undefined,
  fact: NodeFacts | undefined,
  copyOf: (fact: NodeFacts) => CopyStatus = () => ({}),
): NodeStatus {
  const base = {name, ...(address ? {address} : {})}
  if (!ref) return {...base, state: 'stopped'}
  const {memoryBytes, pid, uptimeMs} = ref
  const process = {memoryBytes, pid, uptimeMs}
  if (ref.paused) return {...base, ...process, state: 'paused'}
  if (!fact) return {...base, ...process, state: 'unresponsive'}
  const {role, slots} = fact
  return {...base, ...process, role, slots, ...(role === 'replica' && copyOf(fact)), state: 'running'}
}
