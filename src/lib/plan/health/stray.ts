import {type Address, renderAddress} from '../../model/address.js'
import {nameNode, ownRecord} from '../../model/cluster-map.js'
import type {NodeView} from '../../model/cluster-view.js'
import {rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import {type Finding, finding, plural} from '../finding.js'

/** The slots in which a primary may hold no keys: neither owned nor being imported. Ascending. */
export function foreignSlotsOf(node: NodeView, slotCount: number): number[] {
  const own = ownRecord(node)
  const rightful = new Set([...slotsOf(own?.slots ?? []), ...(own?.importing.keys() ?? [])])
  return Array.from({length: slotCount}, (_, slot) => slot).filter((slot) => !rightful.has(slot))
}

/**
 * Keys where clients do not find them: what a slot left behind, or a cold move dropped there.
 *
 * @param keysBySlot - slot -> number of keys in it, for foreign slots that have any; ascending
 */
export function checkStrayKeys(node: NodeView, keysBySlot: ReadonlyMap<number, number>, seed: Address): Finding[] {
  if (keysBySlot.size === 0) return []
  const slots = rangesOf(keysBySlot.keys())
  const keys = [...keysBySlot.values()].reduce((sum, count) => sum + count, 0)
  const text = `${nameNode(node)} holds ${plural(keys, 'key')} in slots it does not own: ${renderRanges(slots)}.`
  const suggestion = `shoal fix ${renderAddress(seed)}`
  return [finding('keys-stray', 'error', [node], text, {slots, suggestion})]
}
