import {findNode, type ObservedNode, ownersOf, ownRecord, primariesOf, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import type {MovePlan} from './reshard-document.js'

/** Who stands in for the nodes a plan names, now that some of them failed over. */
export type Successor = (id: NodeId) => NodeId

type Basis = Pick<MovePlan, 'basedOn'>

/**
 * The node itself while it is a primary; else whoever is primary in its place: the primary it follows by its own word or
 * that of others, or one of the replicas it had when the plan was made.
 *
 * A primary that came back and has not heard yet that its replica took over still claims what it had: it is one no more.
 *
 * @returns of a node that nobody stands in for, the node itself
 */
export function successorsOf(view: ClusterView, plan: Basis): Successor {
  const owners = ownersOf(view)
  const claimants = primariesOf(view)
  const primaries = new Map(claimants.map(({node, own}) => [node.id, own]))
  const found = new Map<NodeId, NodeId>()
  const find = (id: NodeId): NodeId => {
    const promoted = promotedOf(claimants, plan, id, owners)
    const own = primaries.get(id)
    if (own) {
      const claimed = slotsOf(own.slots)
      const isOvertaken = promoted !== undefined && claimed.length > 0 && !claimed.some((slot) => owners[slot] === id)
      return isOvertaken ? promoted : id
    }
    const primary = followed(view, id)
    return (primary !== undefined && !isOfAnother(plan, id, primary) ? primary : promoted) ?? id
  }
  return (id) => {
    const known = found.get(id) ?? find(id)
    found.set(id, known)
    return known
  }
}

/** Without a plan: the node itself while it is a primary; else the primary it follows. */
export function successorOf(view: ClusterView, id: NodeId): NodeId {
  return primariesOf(view).some(({node}) => node.id === id) ? id : (followed(view, id) ?? id)
}

/**
 * Slot -> where the plan brings it, by whoever stands in for the target now.
 *
 * A target that takes a slot in the very moment its replica is promoted stays a primary with that slot, beside the replica
 * that has all the others: what either owns is at its target.
 */
export function targetsOf(view: ClusterView, plan: MovePlan): Map<number, NodeId> {
  const owners = ownersOf(view)
  const successor = successorsOf(view, plan)
  const heirs = heirsOf(view, plan)
  return new Map(
    plan.steps.flatMap(({slots, to}) =>
      slotsOf(parseRanges(slots) ?? []).map((slot) => {
        const owner = owners[slot]
        return [slot, owner !== undefined && owner === heirs.get(to) ? owner : successor(to)] as const
      }),
    ),
  )
}

/** Target of the plan -> the replica it had that is a primary with slots now. */
export function heirsOf(view: ClusterView, plan: MovePlan): Map<NodeId, NodeId> {
  const owners = ownersOf(view)
  const claimants = primariesOf(view)
  return new Map(
    [...new Set(plan.steps.map(({to}) => to))].flatMap((id) => {
      const heir = promotedOf(claimants, plan, id, owners)
      return heir === undefined ? [] : [[id, heir] as const]
    }),
  )
}

/**
 * The plan with what a view knows of replicas: who was attached since it was made may stand in as well.
 */
export function withReplicas(plan: MovePlan, view: ClusterView): MovePlan {
  const successor = successorsOf(view, plan)
  const primaries = (plan.basedOn?.primaries ?? []).map((primary) => {
    const present = successor(primary.id)
    const now = replicasOf(view).flatMap(({node, own}) => (own.primaryId === present ? [node.id] : []))
    const known = new Set([...(primary.replicas ?? []), present, ...now])
    known.delete(primary.id)
    return {...primary, replicas: [...known]}
  })
  return {...plan, basedOn: {...plan.basedOn, primaries}}
}

/** A primary that gave its last slot away follows another then, which does not stand in for it. */
function isOfAnother({basedOn}: Basis, id: NodeId, primary: NodeId): boolean {
  const others = (basedOn?.primaries ?? []).filter((planned) => planned.id !== id)
  return others.some((planned) => planned.id === primary || planned.replicas?.includes(primary))
}

function followed(view: ClusterView, id: NodeId): NodeId | undefined {
  const node = findNode(view, id)
  const own = node && ownRecord(node)
  if (own?.primaryId !== undefined) return own.primaryId
  for (const {records} of view.nodes) {
    const seen = records.find((record) => record.id === id)
    if (seen?.role === 'replica' && seen.primaryId !== undefined) return seen.primaryId
  }
  return undefined
}

/** Of the replicas it had, the one that owns slots by the highest epoch. */
function promotedOf(
  primaries: readonly ObservedNode[],
  {basedOn}: Basis,
  id: NodeId,
  owners: readonly (NodeId | undefined)[],
): NodeId | undefined {
  const replicas = basedOn?.primaries.find((primary) => primary.id === id)?.replicas ?? []
  const [best] = primaries
    .filter(({node, own}) => replicas.includes(node.id) && slotsOf(own.slots).some((slot) => owners[slot] === node.id))
    .sort((a, b) => b.own.configEpoch - a.own.configEpoch)
  return best?.node.id
}
