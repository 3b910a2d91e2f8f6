import {type BalanceMeasure, planRebalance, type RebalanceRequest, type Share} from '../plan/moves/rebalance.js'
import {requireHealthy, settledView} from './fitness.js'
import {costOf, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'
import {loadByCpu, loadByKeys, loadByMemory, type SlotLoad} from './slot-load.js'

export interface PreparedRebalance extends PreparedMoves {
  /** What each primary that takes part carries, in the unit of the measure: slots, keys, bytes or microseconds. */
  readonly shares: readonly Share[]
}

export type Measuring =
  | {readonly by: Exclude<BalanceMeasure, 'cpu'>}
  /** How long CPU time is measured, in milliseconds. */
  | {readonly by: 'cpu'; readonly sampleMs: number}

/**
 * Plans how to even out a cluster that is fit for it. Changes nothing.
 *
 * @throws {CliError} the planner's refusals; CLUSTER_UNHEALTHY, NODES_DISAGREE as `prepareReshard`; ENVIRONMENT_LACKS,
 *   PREFLIGHT_FAILED if the measure cannot be taken
 */
export async function prepareRebalance(
  cluster: ObservedCluster,
  request: RebalanceRequest,
  measuring: Measuring,
  signal?: AbortSignal,
): Promise<PreparedRebalance> {
  // What is wrong with the request is said first: it does not get better by waiting for the cluster.
  planRebalance(cluster.view, request)
  requireHealthy(await settledView(cluster, signal))
  const {moves, shares} = planRebalance(cluster.view, request, await measure(cluster, measuring, signal))
  return {shares, ...(await costOf(cluster, moves))}
}

/** @returns undefined where slots are what counts */
async function measure(
  cluster: ObservedCluster,
  measuring: Measuring,
  signal: AbortSignal | undefined,
): Promise<SlotLoad | undefined> {
  switch (measuring.by) {
    case 'slots':
      return undefined
    case 'keys':
      return loadByKeys(cluster)
    case 'memory':
      return loadByMemory(cluster)
    case 'cpu':
      return loadByCpu(cluster, measuring.sampleMs, signal)
  }
}
