import {renderAddress} from '../../model/address.js'
import {nameNode, openSlotsOf, ownersOf, ownRecord, primariesOf, uncoveredSlots} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import {shortId} from '../../model/node-id.js'
import {countSlots, rangesOf, renderRanges, SLOT_COUNT, slotsOf} from '../../model/slot-set.js'
import {type Finding, finding, list, plural} from '../finding.js'

/** Slots without owner, with several, and half moved. */
export function checkSlots(view: ClusterView): Finding[] {
  return [...checkCoverage(view), ...checkClaims(view), ...checkOpenSlots(view)]
}

function fixCommand({seed}: ClusterView): string {
  return `shoal fix ${renderAddress(seed)}`
}

function checkCoverage(view: ClusterView): Finding[] {
  const slots = uncoveredSlots(ownersOf(view))
  if (slots.length === 0) return []
  const text = `${plural(countSlots(slots), 'slot')} ${countSlots(slots) === 1 ? 'has' : 'have'} no owner: ${renderRanges(slots)}.`
  return [finding('slots-uncovered', 'error', [], text, {slots, suggestion: fixCommand(view)})]
}

/** Slots that several primaries say are theirs; clients go to either, and see what it has. */
function checkClaims(view: ClusterView): Finding[] {
  const owners = primariesOf(view)
  const claimants = new Map<number, NodeView[]>()
  const first = new Int32Array(SLOT_COUNT).fill(-1)
  for (const [index, {node, own}] of owners.entries()) {
    for (const slot of slotsOf(own.slots)) {
      const other = owners[first[slot] as number]
      if (!other) first[slot] = index
      else claimants.set(slot, [...(claimants.get(slot) ?? [other.node]), node])
    }
  }
  const groups = new Map<string, {nodes: readonly NodeView[]; slots: number[]}>()
  for (const [slot, nodes] of [...claimants].sort(([a], [b]) => a - b)) {
    const key = nodes.map(({id}) => id).join()
    const group = groups.get(key) ?? {nodes, slots: []}
    group.slots.push(slot)
    groups.set(key, group)
  }
  return [...groups.values()].map(({nodes, slots: numbers}) => {
    const slots = rangesOf(numbers)
    const text = `${list(nodes.map(nameNode))} each claim ${plural(numbers.length, 'slot')}: ${renderRanges(slots)}.`
    return finding('slots-multiply-owned', 'error', nodes, text, {slots, suggestion: fixCommand(view)})
  })
}

function checkOpenSlots(view: ClusterView): Finding[] {
  const byNode = new Map<string, ReturnType<typeof openSlotsOf>>()
  for (const open of openSlotsOf(view)) {
    const key = `${open.node.id} ${open.state}`
    byNode.set(key, [...(byNode.get(key) ?? []), open])
  }
  return [...byNode.values()].map((opens) => {
    const {node, state} = opens[0] as (typeof opens)[number]
    const slots = rangesOf(opens.map(({slot}) => slot))
    const peers = list([...new Set(opens.map(({peer}) => shortId(peer)))])
    const direction = state === 'migrating' ? 'to' : 'from'
    const what = `${state} ${plural(opens.length, 'slot')} ${direction} ${peers}: ${renderRanges(slots)}`
    if (ownRecord(node)?.role === 'replica') {
      return finding('slots-open-on-replica', 'warning', [node], `replica ${nameNode(node)} is stuck ${what}.`, {
        slots,
        suggestion: `It redirects clients once it is promoted. Promote it, then: ${fixCommand(view)}`,
      })
    }
    return finding('slots-open', 'error', [node], `${nameNode(node)} is ${what}.`, {
      slots,
      suggestion: `If a job of yours was cut short: shoal resume. Else: ${fixCommand(view)}`,
    })
  })
}
