import {CliError} from '../kernel/errors.js'
import {tryParseAddress} from '../model/address.js'
import {findNode, nameNode, ownRecord, replicaStateAt} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {parseRanges, rangesOf, renderRanges, slotsOf} from '../model/slot-set.js'
import {drainMoves} from '../plan/del-node.js'
import {planFailover} from '../plan/failover.js'
import {namesOf} from '../plan/find-node.js'
import {
  type MaintenanceNote,
  type MaintenancePlan,
  planMaintenance,
  planReturn,
  type ReturnPlan,
} from '../plan/maintenance.js'
import {moveDocument} from '../plan/moves/reshard-document.js'
import {planRevivals, type Revival} from '../plan/revive.js'
import {type FailoverOptions, failOver} from './failover.js'
import {requireHealthy, settledView} from './fitness.js'
import {costOf, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'
import {settle} from './settle.js'

export interface PreparedMaintenance {
  readonly plan: MaintenancePlan
  /** Of a drain. */
  readonly drain?: PreparedMoves
}

/**
 * Plans how to relieve a node of its slots. Changes nothing.
 *
 * @throws {CliError} as `planMaintenance`; CLUSTER_UNHEALTHY, NODES_DISAGREE
 */
export async function prepareMaintenance(
  cluster: ObservedCluster,
  name: string,
  drain: boolean,
  signal: AbortSignal,
): Promise<PreparedMaintenance> {
  const {node} = planMaintenance(cluster.view, name, drain)
  requireHealthy(await settledView(cluster, signal))
  const plan = planMaintenance(cluster.view, node, drain)
  if (plan.way !== 'drain') return {plan}
  return {plan, drain: await costOf(cluster, drainMoves(cluster.view, node))}
}

/**
 * What is to be remembered. What an earlier run wrote down stays true: it knew what the node served before anything.
 *
 * @param before - the note of an earlier run
 */
export function noteOf(view: ClusterView, plan: MaintenancePlan, before: MaintenanceNote | undefined): MaintenanceNote {
  if (before && before.way !== 'nothing') {
    const served = slotsOf([...(parseRanges(before.slots) ?? []), ...(parseRanges(plan.slots) ?? [])])
    const way = plan.way === 'nothing' ? before.way : plan.way
    return {...before, way, slots: renderRanges(rangesOf(served))}
  }
  const {address, node, slots, way} = plan
  const others = view.nodes.filter(({id}) => id !== node).map(namesOf)
  const members = [...others.flatMap(([reached]) => reached ?? []), ...others.flatMap(([, ...names]) => names)]
  return {version: 1, node, address, at: new Date().toISOString(), members, way, slots}
}

/** Hands the node's primary role over to the replica of the plan, and waits until every node knows. */
export async function handOver(cluster: ObservedCluster, successor: NodeId, options: FailoverOptions): Promise<void> {
  await failOver(cluster, planFailover(cluster.view, successor, 'plain'), options)
}

export interface PreparedReturn {
  readonly plan: ReturnPlan
  /** Slots to bring back. */
  readonly moves?: PreparedMoves
  /** If the node became a replica when its last slot went: it must be made a primary again first. */
  readonly revivals: readonly Revival[]
}

/**
 * Plans how a node gets its slots back. Changes nothing.
 *
 * @throws {CliError} as `planReturn`; CLUSTER_UNHEALTHY, NODES_DISAGREE
 */
export async function prepareReturn(
  cluster: ObservedCluster,
  note: MaintenanceNote,
  signal: AbortSignal,
): Promise<PreparedReturn> {
  planReturn(cluster.view, note)
  requireHealthy(await settledView(cluster, signal))
  const plan = planReturn(cluster.view, note)
  if (plan.kind !== 'moves') return {plan, revivals: []}
  const revivals = planRevivals(cluster.view, moveDocument(cluster.view, plan.moves))
  return {plan, moves: await costOf(cluster, plan.moves), revivals}
}

/**
 * Makes a node primary again once it has caught up with the one it follows.
 *
 * @throws {CliError} TIMED_OUT if it does not catch up; as `failOver`
 */
export async function takeBack(cluster: ObservedCluster, id: NodeId, options: FailoverOptions): Promise<void> {
  const {signal, waitMs} = options
  const judge = (view: ClusterView): string[] => {
    const node = findNode(view, id)
    const own = node && ownRecord(node)
    const primary = own?.primaryId === undefined ? undefined : findNode(view, own.primaryId)
    const inSync =
      node?.info.get('master_link_status') === 'up' && primary && own && replicaStateAt(primary, own) === 'online'
    return inSync ? [] : [`${node ? nameNode(node) : id} is not in sync with its primary`]
  }
  const {problems} = await settle(() => cluster.observe(signal), judge, {signal, timeoutMs: waitMs})
  if (problems.length > 0) throw new CliError('TIMED_OUT', `after ${waitMs} ms ${problems.join('; ')}`)
  await handOver(cluster, id, options)
}

/** Where to look for the cluster of a node: the seed given, the node itself, those that were there when it was noted. */
export function entriesOf(name: string, seed: string | undefined, note: MaintenanceNote | undefined): string[] {
  const own = tryParseAddress(name) ? [name] : []
  return [...(seed === undefined ? [] : [seed]), ...own, ...(note ? [note.address, ...note.members] : [])]
}
