import {CliError} from '../kernel/errors.js'
import {
  findNode,
  nameNode,
  openSlotsOf,
  ownersOf,
  ownRecord,
  primariesOf,
  replicasOf,
  uncoveredSlots,
} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {renderRanges, slotsOf} from '../model/slot-set.js'
import {foreignOpenSlots, planReshard, type ReshardRequest} from '../plan/reshard.js'
import {type Move, type MovePlan, moveDocument} from '../plan/reshard-document.js'
import {WirePool} from './migration/wires.js'
import type {ObservedCluster} from './observe.js'
import {judgeAgreement, settle} from './settle.js'

/** Nodes that were changed a moment ago may still gossip. */
const SETTLE_MS = 5000

export interface PreparedReshard {
  readonly plan: MovePlan
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
}

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
): Promise<PreparedReshard> {
  // What is wrong with the request is said first: it does not get better by waiting for the cluster.
  planReshard(cluster.view, request)
  requireHealthy(await settledView(cluster, signal))
  return costOf(cluster, planReshard(cluster.view, request))
}

/** Moves as a plan with its cost: keys are counted, and what the operator should know is found. Changes nothing. */
export async function costOf(cluster: ObservedCluster, moves: readonly Move[]): Promise<PreparedReshard> {
  const counts = await countKeys(cluster, moves)
  const plan = moveDocument(cluster.view, moves, (slot) => counts.get(slot) ?? 0)
  return {plan, warnings: moveWarnings(cluster.view, plan)}
}

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
    suggestions: [`shoal check ${state.seed.host}:${state.seed.port}`],
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

/**
 * @param mine - slot -> target of moves that belong to the job at hand, which may be open
 * @throws {CliError} CLUSTER_UNHEALTHY, naming nodes and slots
 */
export function requireHealthy(view: ClusterView, mine?: ReadonlyMap<number, NodeId>): void {
  const problems = foreignOpenSlots(view, mine)
  const uncovered = uncoveredSlots(ownersOf(view))
  if (uncovered.length > 0) problems.push(`slots ${renderRanges(uncovered)} have no owner`)
  for (const {address, id, reason} of view.unreachable) {
    const owned = view.nodes.flatMap(({records}) => records).find((record) => record.id === id)?.slots ?? []
    if (owned.length > 0) {
      problems.push(`${address.host}:${address.port}, owner of ${renderRanges(owned)}, is out of reach: ${reason}`)
    }
  }
  for (const {node} of primariesOf(view)) {
    if (node.clusterInfo.get('cluster_state') !== 'ok') problems.push(`${nameNode(node)} reports the cluster as down`)
  }
  if (problems.length === 0) return
  const seed = `${view.seed.host}:${view.seed.port}`
  throw new CliError('CLUSTER_UNHEALTHY', problems.join('; '), {
    details: {problems},
    suggestions: [
      ...(openSlotsOf(view).length > 0 ? ['shoal jobs (an interrupted job of yours: shoal resume ID)'] : []),
      `shoal check ${seed}`,
    ],
  })
}

/** Keys of each slot at its source. */
export async function countKeys(
  cluster: ObservedCluster,
  moves: readonly Pick<Move, 'from' | 'slots'>[],
): Promise<Map<number, number>> {
  const wires = new WirePool(cluster)
  try {
    const counts = await Promise.all(moves.map(({from, slots}) => wires.countKeys(from, slotsOf(slots))))
    return new Map(counts.flatMap((each) => [...each]))
  } finally {
    wires.close()
  }
}

function moveWarnings(view: ClusterView, plan: MovePlan): string[] {
  const warnings: string[] = []
  const replicated = new Set(replicasOf(view).map(({own}) => own.primaryId))
  for (const id of new Set(plan.steps.map(({to}) => to))) {
    const node = findNode(view, id)
    if (!node) continue
    if (replicated.size > 0 && !replicated.has(id)) {
      warnings.push(`${nameNode(node)} has no replica: if it fails, the slots it gets fail with it`)
    }
    const limit = Number(node.info.get('maxmemory') ?? 0)
    const used = Number(node.info.get('used_memory') ?? 0)
    if (limit > 0 && used + plan.cost.bytes > limit) {
      const free = Math.max(0, limit - used)
      warnings.push(`${nameNode(node)} has ${free} bytes left below maxmemory for about ${plan.cost.bytes}`)
    }
  }
  for (const {from, slotCount} of plan.steps) {
    const node = findNode(view, from)
    const own = node && ownRecord(node)
    if (node && own && slotsOf(own.slots).length === slotCount) {
      warnings.push(`${nameNode(node)} is left without slots and may turn into a replica`)
    }
  }
  return warnings
}
