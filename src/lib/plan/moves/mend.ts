import {ownersOf, ownersSeenBy, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import type {MovePlan} from './reshard-document.js'
import {successorsOf} from './successor.js'

/** Slots of a pair that its target still imports from a source that failed over. */
export interface Mending {
  readonly target: NodeId
  /** Who owns the slots in its place. */
  readonly source: NodeId
  readonly slots: readonly number[]
}

/**
 * What a failover of a source leaves behind: nobody's claim changes a slot that a node imports, so the target keeps the
 * old source for its owner, and takes the cluster for down as long as that one is dead. And whoever took over does not
 * know that the slot was migrating: it does not send anybody to the target for the keys that are there already.
 *
 * @returns one entry per pair; empty where no target imports from a node of the past
 */
export function planMend(view: ClusterView, plan: MovePlan): Mending[] {
  const owners = ownersOf(view)
  const successor = successorsOf(view, plan)
  const importing = new Map(primariesOf(view).map(({node, own}) => [node.id, {own, seen: ownersSeenBy(node)}]))
  const pairs = new Map<string, {target: NodeId; source: NodeId; slots: number[]}>()
  for (const step of plan.steps) {
    const [source, target] = [successor(step.from), successor(step.to)]
    const at = importing.get(target)
    for (const slot of slotsOf(parseRanges(step.slots) ?? [])) {
      const peer = at?.own.importing.get(slot)
      if (peer === undefined || owners[slot] !== source || source === target) continue
      if (peer === source && at?.seen[slot] === source) continue
      const pair = pairs.get(`${source}>${target}`) ?? {target, source, slots: []}
      pair.slots.push(slot)
      pairs.set(`${source}>${target}`, pair)
    }
  }
  return [...pairs.values()]
}

/** Slots of a pair that nobody claims. */
export interface Orphans {
  readonly target: NodeId
  readonly source: NodeId
  readonly slots: readonly number[]
}

/**
 * What a failover of a target may leave behind: slots that it took, and the source gave up, before the replica that was
 * being promoted heard of it. That has the keys, but claims what it knew.
 *
 * @returns one entry per pair; empty if every slot of the plan has an owner
 */
export function planAdoption(view: ClusterView, plan: MovePlan): Orphans[] {
  const owners = ownersOf(view)
  const primaries = new Set(primariesOf(view).map(({node}) => node.id))
  const successor = successorsOf(view, plan)
  return plan.steps.flatMap((step) => {
    const [source, target] = [successor(step.from), successor(step.to)]
    const slots = slotsOf(parseRanges(step.slots) ?? []).filter((slot) => owners[slot] === undefined)
    return slots.length > 0 && primaries.has(source) && primaries.has(target) ? [{target, source, slots}] : []
  })
}
