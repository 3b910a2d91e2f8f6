import {findNode, ownRecord, primariesOf, replicasOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import type {MovePlan} from './moves/reshard-document.js'
import {successorsOf} from './moves/successor.js'

/** A node that slots are to come back to, and that is no primary of the cluster any more. */
export interface Revival {
  readonly node: NodeId
  /** Whose replica it is, and whose data its own is a copy of; absent if it was reset already and has to join again. */
  readonly primary?: NodeId
  /** It is the only replica of its primary. */
  readonly isLast: boolean
}

/**
 * Finds the targets of a plan that gave all their slots away and follow another primary since, as Redis lets them by
 * default. Nothing is lost by a reset of one whose primary answers: that has everything, and a replica nothing of its own.
 *
 * @returns empty if every target is a primary, or cannot be made one
 */
export function planRevivals(view: ClusterView, plan: MovePlan): Revival[] {
  const successor = successorsOf(view, plan)
  const primaries = new Set(primariesOf(view).map(({node}) => node.id))
  return [...new Set(plan.steps.map(({to}) => to))].flatMap((id): Revival[] => {
    const node = findNode(view, id)
    const own = node && ownRecord(node)
    if (!node || !own || successor(id) !== id) return []
    const isKnown = view.nodes.some((other) => other.id !== id && other.records.some((record) => record.id === id))
    if (own.role === 'primary') {
      return isKnown && node.records.length === 1 && own.slots.length === 0 ? [{node: id, isLast: false}] : []
    }
    const primary = own.primaryId
    if (primary === undefined || !primaries.has(primary)) return []
    return [{node: id, primary, isLast: replicasOf(view).filter((each) => each.own.primaryId === primary).length === 1}]
  })
}
