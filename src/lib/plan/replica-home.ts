import {type ObservedNode, primariesOf, replicasOf} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {countSlots} from '../model/slot-set.js'
import {zoneOf} from './zone.js'

/** A replica that is to follow another primary. */
export interface Rehoming {
  readonly replica: NodeId
  readonly to: NodeId
}

/**
 * The primary that a replica does most good at: the one with the fewest; among those one with nobody in the replica's zone
 * and on its host; then the one with most slots.
 *
 * @param except - a primary that is no choice
 * @param promised - replicas that primaries are about to get
 * @returns undefined if no primary has slots
 */
export function chooseHome(
  view: ClusterView,
  replica: NodeView,
  {except, promised = []}: {readonly except?: NodeId; readonly promised?: readonly Rehoming[]} = {},
): NodeId | undefined {
  const [best] = primariesOf(view)
    .filter(({node, own}) => own.slots.length > 0 && node.id !== replica.id && node.id !== except)
    .map((primary) => ({id: primary.node.id, rank: rankOf(view, primary, replica, promised)}))
    .sort((a, b) => compareRanks(a.rank, b.rank))
  return best?.id
}

/** Where the replicas of a primary go that is to leave, each in turn. */
export function rehomeReplicas(view: ClusterView, primary: NodeId): Rehoming[] {
  const promised: Rehoming[] = []
  for (const {node, own} of replicasOf(view)) {
    const to = own.primaryId === primary ? chooseHome(view, node, {except: primary, promised}) : undefined
    if (to !== undefined) promised.push({replica: node.id, to})
  }
  return promised
}

/** Lower is better, from left to right. */
function rankOf(
  view: ClusterView,
  {node, own}: ObservedNode,
  replica: NodeView,
  promised: readonly Rehoming[],
): number[] {
  const coming = new Set(promised.filter(({to}) => to === node.id).map((each) => each.replica))
  const others = replicasOf(view).filter((each) => each.own.primaryId === node.id && each.node.id !== replica.id)
  const members = [node, ...others.map((each) => each.node), ...view.nodes.filter(({id}) => coming.has(id))]
  const zone = zoneOf(replica)
  const beside = members.filter((member) => member.address.host === replica.address.host).length
  const sameZone = zone === undefined ? 0 : members.filter((member) => zoneOf(member) === zone).length
  return [members.length, sameZone, beside, -countSlots(own.slots)]
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const difference = rank - (b[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}
