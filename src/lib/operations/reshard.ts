import {planReshard, type ReshardRequest} from '../plan/moves/reshard.js'
import {requireHealthy, settledView} from './fitness.js'
import {costOf, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'

/**
 * Plans a move of slots on a cluster that is fit for it, and counts what it costs. Changes nothing.
 *
 * @throws {CliError} the planner's refusals; CLUSTER_UNHEALTHY for open slots, slots without owner, nodes that are down;
 *   NODES_DISAGREE if the nodes do not come to see the same owners
 */
export async function prepareReshard(
  cluster: ObservedCluster,
  request: ReshardRequest,
  signal?: AbortSignal,
): Promise<PreparedMoves> {
  // What is wrong with the request is said first: it does not get better by waiting for the cluster.
  planReshard(cluster.view, request)
  requireHealthy(await settledView(cluster, signal))
  return costOf(cluster, planReshard(cluster.view, request))
}
