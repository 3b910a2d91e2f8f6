import {findNode, nameNode, ownRecord, replicasOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {countSlots, slotsOf} from '../model/slot-set.js'
import {type Move, type MovePlan, moveDocument} from '../plan/reshard-document.js'
import {WirePool} from './migration/wires.js'
import type {ObservedCluster} from './observe.js'

export interface PreparedMoves {
  readonly plan: MovePlan
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
}

/** Moves as a plan with its cost: keys are counted, and what the operator should know is found. Changes nothing. */
export async function costOf(cluster: ObservedCluster, moves: readonly Move[]): Promise<PreparedMoves> {
  const counts = await countKeys(cluster, moves)
  const plan = moveDocument(cluster.view, moves, (slot) => counts.get(slot) ?? 0)
  return {plan, warnings: moveWarnings(cluster.view, plan)}
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
  const given = new Map<NodeId, number>()
  for (const {from, slotCount} of plan.steps) given.set(from, (given.get(from) ?? 0) + slotCount)
  for (const [from, slotCount] of given) {
    const node = findNode(view, from)
    const own = node && ownRecord(node)
    if (node && own && countSlots(own.slots) === slotCount) {
      warnings.push(`${nameNode(node)} is left without slots and may turn into a replica`)
    }
  }
  return warnings
}
