import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {nameNode, openSlotsOf, ownersOf, primariesOf, uncoveredSlots} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {renderRanges} from '../model/slot-set.js'
import {foreignOpenSlots} from '../plan/moves/reshard.js'
import type {Successor} from '../plan/moves/successor.js'
import type {ObservedCluster} from './observe.js'
import {judgeAgreement, settle} from './settle.js'

/** Whether a cluster is fit to be changed. */

/** Nodes that were changed a moment ago may still gossip. */
const SETTLE_MS = 5000

/** Looks again while nodes disagree or share a config epoch, both of which gossip mends. */
export async function settledView(cluster: ObservedCluster, signal?: AbortSignal): Promise<ClusterView> {
  let first = true
  const look = async () => {
    if (!first) await cluster.observe(signal)
    first = false
    return cluster.view
  }
  const judge = (view: ClusterView) => [...judgeAgreement(view), ...judgeEpochs(view)]
  const {problems, state} = await settle(look, judge, {timeoutMs: SETTLE_MS, signal})
  if (problems.length === 0) return state
  throw new CliError('NODES_DISAGREE', problems.join('; '), {
    details: {problems},
    suggestions: [`shoal check ${renderAddress(state.seed)}`],
  })
}

/**
 * Judge: no two owners of slots share a config epoch. While they do, a target among them takes its own for the highest
 * and would not take a new one for the slots it gets.
 */
export function judgeEpochs(view: ClusterView): string[] {
  const holders = new Map<number, string>()
  return primariesOf(view).flatMap(({node, own}) => {
    if (own.configEpoch === 0) return []
    const other = holders.get(own.configEpoch)
    holders.set(own.configEpoch, nameNode(node))
    return other === undefined ? [] : [`${other} and ${nameNode(node)} share config epoch ${own.configEpoch}`]
  })
}

/** Moves that belong to the job at hand, whose slots may be open. */
export interface OwnMoves {
  /** Slot -> target. */
  readonly targets: ReadonlyMap<number, NodeId>
  /** Who stands in for a target that failed over since. */
  readonly successor: Successor
}

/** @throws {CliError} CLUSTER_UNHEALTHY, naming nodes and slots */
export function requireHealthy(view: ClusterView, mine?: OwnMoves): void {
  const problems = judgeHealth(view, mine)
  if (problems.length === 0) return
  throw new CliError('CLUSTER_UNHEALTHY', problems.join('; '), {
    details: {problems},
    suggestions: [
      ...(openSlotsOf(view).length > 0 ? ['shoal jobs (an interrupted job of yours: shoal resume ID)'] : []),
      `shoal check ${renderAddress(view.seed)}`,
    ],
  })
}

/** Judge: nobody else has slots open, every slot has an owner that answers, and no primary sees the cluster as down. */
export function judgeHealth(view: ClusterView, mine?: OwnMoves): string[] {
  const problems = foreignOpenSlots(view, mine?.targets, mine?.successor)
  const uncovered = uncoveredSlots(ownersOf(view))
  if (uncovered.length > 0) problems.push(`slots ${renderRanges(uncovered)} have no owner`)
  for (const {address, id, reason} of view.unreachable) {
    const owned = view.nodes.flatMap(({records}) => records).find((record) => record.id === id)?.slots ?? []
    if (owned.length > 0) {
      problems.push(`${renderAddress(address)}, owner of ${renderRanges(owned)}, is out of reach: ${reason}`)
    }
  }
  for (const {node} of primariesOf(view)) {
    if (node.clusterInfo.get('cluster_state') !== 'ok') problems.push(`${nameNode(node)} reports the cluster as down`)
  }
  return problems
}
