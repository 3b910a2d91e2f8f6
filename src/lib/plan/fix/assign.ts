import {primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots, rangesOf, SLOT_COUNT} from '../../model/slot-set.js'

/** A primary that can take slots. */
interface Taker {
  readonly id: NodeId
  /** How many more slots it is to get. */
  quota: number
}

/**
 * Gives slots that nobody owns to primaries, so that the numbers come out as even as they can and ranges stay together:
 * what lies beside a primary's own slots goes to that primary while it may have more.
 *
 * @param slots - ascending; not owned by anybody
 * @returns slot -> new owner; empty only if no primary answers
 */
export function assignSlots(view: ClusterView, slots: readonly number[]): Map<number, NodeId> {
  const primaries = primariesOf(view)
  const owning = primaries.filter(({own}) => own.slots.length > 0)
  const candidates = owning.length > 0 ? owning : primaries
  const loads = candidates.map(({own}) => countSlots(own.slots))
  const quotas = fillUp(loads, slots.length)
  const takers = candidates.map(({node}, index): Taker => ({id: node.id, quota: quotas[index] as number}))
  const owners: (NodeId | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  for (const {node, own} of primaries) for (const {first, last} of own.slots) owners.fill(node.id, first, last + 1)
  const given = new Map<number, NodeId>()
  const give = (slot: number, to: Taker) => {
    given.set(slot, to.id)
    owners[slot] = to.id
    to.quota--
  }
  for (const {first, last} of rangesOf(slots)) handOut(first, last, takers, owners, give)
  return given
}

/** Raises the lowest loads first, as water fills a vessel. @returns how much each gets; they add up to `total` */
function fillUp(loads: readonly number[], total: number): number[] {
  const quotas = loads.map(() => 0)
  const order = loads.map((_, index) => index).sort((a, b) => (loads[a] as number) - (loads[b] as number) || a - b)
  let rest = total
  for (let count = 1; rest > 0 && count <= order.length; count++) {
    const level = (index: number) => (loads[index] as number) + (quotas[index] as number)
    const next = count < order.length ? level(order[count] as number) : Number.POSITIVE_INFINITY
    const rising = order.slice(0, count)
    const room = (next - level(order[0] as number)) * count
    const poured = Math.min(rest, room)
    rising.forEach((index, place) => {
      quotas[index] = (quotas[index] as number) + Math.floor(poured / count) + (place < poured % count ? 1 : 0)
    })
    rest -= poured
  }
  return quotas
}

function handOut(
  first: number,
  last: number,
  takers: readonly Taker[],
  owners: readonly (NodeId | undefined)[],
  give: (slot: number, to: Taker) => void,
): void {
  const beside = (slot: number) => takers.find(({id, quota}) => quota > 0 && owners[slot] === id)
  let [low, high] = [first, last]
  // What touches a neighbour's slots joins them, from both ends.
  for (let taker = beside(low - 1); taker && low <= high; taker = beside(low - 1)) give(low++, taker)
  for (let taker = beside(high + 1); taker && low <= high; taker = beside(high + 1)) give(high--, taker)
  while (low <= high) {
    const taker = takers.reduce((best, each) => (each.quota > best.quota ? each : best))
    for (let count = Math.max(1, taker.quota); count > 0 && low <= high; count--) give(low++, taker)
  }
}
