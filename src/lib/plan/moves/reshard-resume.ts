import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {ownersOf, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {type NodeId, shortId} from '../../model/node-id.js'
import {parseRanges, rangesOf, renderRanges, type SlotRange, slotsOf} from '../../model/slot-set.js'
import type {Move, MovePlan} from './reshard-document.js'
import {successorsOf, targetsOf} from './successor.js'

/**
 * What is left of a plan that was cut short at any moment.
 *
 * A slot is done when its target owns it by its own word, its source does not hold it open any more, and every node that
 * answered agrees. All others go on in the direction the plan recorded, whatever the keys' present place: migrating and
 * importing stay set meanwhile, so that clients keep being redirected.
 *
 * A node that failed over since is replaced by its successor (`successorsOf`).
 *
 * @returns one move per pair, in plan order; empty if nothing is left
 * @throws {CliError} NODES_DISAGREE if a slot went somewhere the plan does not know
 */
export function remainingMoves(view: ClusterView, plan: MovePlan): Move[] {
  const owners = ownersOf(view)
  const unsettled = unsettledSlots(view, owners)
  const pairs = new Map<string, {from: NodeId; to: NodeId; slots: number[]}>()
  const astray = new Map<NodeId, number[]>()
  const successor = successorsOf(view, plan)
  const targets = targetsOf(view, plan)
  for (const step of plan.steps) {
    const from = successor(step.from)
    for (const slot of slotsOf(parseRanges(step.slots) ?? [])) {
      const owner = owners[slot]
      const to = targets.get(slot) as NodeId
      if (owner === to && !unsettled.has(slot)) continue
      if (owner !== undefined && owner !== to && owner !== from) {
        astray.set(owner, [...(astray.get(owner) ?? []), slot])
        continue
      }
      const key = `${from}>${to}`
      const pair = pairs.get(key) ?? {from, to, slots: []}
      pair.slots.push(slot)
      pairs.set(key, pair)
    }
  }
  if (astray.size > 0) throw wentAstray(view, astray)
  return [...pairs.values()].map(({from, slots, to}) => ({from, to, slots: rangesOf(slots.sort((a, b) => a - b))}))
}

/** Slots that a primary holds open, or that a node sees with another owner. */
function unsettledSlots(view: ClusterView, owners: readonly (NodeId | undefined)[]): Set<number> {
  const unsettled = new Set<number>()
  // Whoever sees of a node what it says of itself needs no look at each slot, which on many nodes takes long.
  const undisputed = new Map(
    primariesOf(view)
      .filter(({own}) => own.slots.every(({first, last}) => isOwnedBy(owners, first, last, own.id)))
      .map(({own}) => [own.id, own.slots] as const),
  )
  for (const {records} of view.nodes) {
    for (const {id, importing, migrating, myself, role, slots} of records) {
      // What a replica holds open it has from its primary, and nobody can close it but by way of that.
      if (myself && role === 'primary')
        for (const slot of [...importing.keys(), ...migrating.keys()]) unsettled.add(slot)
      if (isSame(slots, undisputed.get(id))) continue
      for (const {first, last} of slots) {
        for (let slot = first; slot <= last; slot++) if (owners[slot] !== id) unsettled.add(slot)
      }
    }
  }
  return unsettled
}

function isOwnedBy(owners: readonly (NodeId | undefined)[], first: number, last: number, id: NodeId): boolean {
  for (let slot = first; slot <= last; slot++) if (owners[slot] !== id) return false
  return true
}

function isSame(ranges: readonly SlotRange[], others: readonly SlotRange[] | undefined): boolean {
  if (ranges.length !== others?.length) return false
  return ranges.every(({first, last}, index) => others[index]?.first === first && others[index]?.last === last)
}

function wentAstray({seed}: ClusterView, astray: ReadonlyMap<NodeId, readonly number[]>): CliError {
  const parts = [...astray].map(([owner, slots]) => ({owner, slots: renderRanges(rangesOf(slots))}))
  const text = parts.map(({owner, slots}) => `${slots} to ${shortId(owner)}`).join(', ')
  return new CliError('NODES_DISAGREE', `slots of the plan went elsewhere in the meantime: ${text}`, {
    details: {slots: parts},
    suggestions: [`shoal fix ${renderAddress(seed)} --dry-run (shows what is left open, if anything is)`],
  })
}
