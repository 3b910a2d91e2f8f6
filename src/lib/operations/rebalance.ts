import {primariesOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {slotsOf} from '../model/slot-set.js'
import {type BalanceMeasure, planRebalance, type RebalanceRequest, type Share} from '../plan/rebalance.js'
import {bytesPerKeyOf} from '../plan/reshard-document.js'
import {requireHealthy, settledView} from './fitness.js'
import {costOf, countKeys, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'

export interface PreparedRebalance extends PreparedMoves {
  /** What each primary that takes part carries, in the unit of the measure: slots, keys or bytes. */
  readonly shares: readonly Share[]
}

/**
 * Plans how to even out a cluster that is fit for it. Changes nothing.
 *
 * @throws {CliError} the planner's refusals; CLUSTER_UNHEALTHY, NODES_DISAGREE as `prepareReshard`
 */
export async function prepareRebalance(
  cluster: ObservedCluster,
  request: RebalanceRequest,
  by: BalanceMeasure,
  signal?: AbortSignal,
): Promise<PreparedRebalance> {
  // What is wrong with the request is said first: it does not get better by waiting for the cluster.
  planRebalance(cluster.view, request)
  requireHealthy(await settledView(cluster, signal))
  const {view} = cluster
  const counts = by === 'slots' ? undefined : await countKeys(cluster, ownedSlots(view))
  const {moves, shares} = planRebalance(view, request, counts && loadBy(by, view, counts))
  return {shares, ...(await costOf(cluster, moves))}
}

function ownedSlots(view: ClusterView) {
  return primariesOf(view).map(({node, own}) => ({from: node.id, slots: own.slots}))
}

/** A node tells its memory as a whole, so all its keys count alike. */
function loadBy(by: BalanceMeasure, view: ClusterView, counts: ReadonlyMap<number, number>): (slot: number) => number {
  if (by === 'keys') return (slot) => counts.get(slot) ?? 0
  const bytes = new Map<number, number>()
  for (const {node, own} of primariesOf(view)) {
    const each = bytesPerKeyOf(view, node.id)
    for (const slot of slotsOf(own.slots)) bytes.set(slot, (counts.get(slot) ?? 0) * each)
  }
  return (slot) => bytes.get(slot) ?? 0
}
