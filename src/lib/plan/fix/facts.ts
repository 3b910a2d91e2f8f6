import {openSlotsOf, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {SLOT_COUNT, slotsOf} from '../../model/slot-set.js'

/** What is known of the slots that need a decision. */

/** Keys per slot at every primary that answered; slots without keys may be left out. */
export type KeysByNode = ReadonlyMap<NodeId, ReadonlyMap<number, number>>

/** A slot that an interrupted job of this machine opened. */
export interface JobSlot {
  readonly job: string
  readonly from: NodeId
  readonly to: NodeId
}

export interface OpenFlag {
  readonly node: NodeId
  /** Where the slot goes to, or comes from. */
  readonly peer: NodeId
}

export interface SlotFacts {
  readonly slot: number
  /** Primaries that say they own it; one is as it should be. */
  readonly claims: readonly NodeId[]
  /** The owner by hearsay, if it does not answer. */
  readonly silentOwner: NodeId | undefined
  readonly migrating: readonly OpenFlag[]
  readonly importing: readonly OpenFlag[]
  /** Primaries with keys in the slot -> how many, > 0. */
  readonly keys: ReadonlyMap<NodeId, number>
  readonly job: JobSlot | undefined
}

/**
 * Gathers the facts about every slot.
 *
 * @returns only slots that are not as they should be: one owner, nothing open, no keys elsewhere; ascending
 */
export function slotFacts(view: ClusterView, keys: KeysByNode, jobs: ReadonlyMap<number, JobSlot>): SlotFacts[] {
  const owners: (NodeId | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  const wrong = new Map<number, Draft>()
  const at = (slot: number): Draft => {
    const draft = wrong.get(slot) ?? {others: [], migrating: [], importing: []}
    wrong.set(slot, draft)
    return draft
  }
  for (const {node, own} of primariesOf(view)) {
    for (const slot of slotsOf(own.slots)) {
      if (owners[slot] === undefined) owners[slot] = node.id
      else at(slot).others.push(node.id)
    }
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (owners[slot] === undefined) at(slot)
  for (const {node, peer, slot, state} of openSlotsOf(view)) at(slot)[state].push({node: node.id, peer})
  for (const [id, counts] of keys) for (const [slot, count] of counts) if (count > 0 && owners[slot] !== id) at(slot)
  const silent = hearsayOwners(view)
  return [...wrong]
    .sort(([a], [b]) => a - b)
    .map(([slot, {importing, migrating, others}]) => ({
      slot,
      claims: [...(owners[slot] === undefined ? [] : [owners[slot]]), ...others],
      silentOwner: silent[slot],
      migrating,
      importing,
      keys: new Map([...keys].flatMap(([id, counts]) => (counts.get(slot) ? [[id, counts.get(slot) as number]] : []))),
      job: jobs.get(slot),
    }))
}

interface Draft {
  /** Who claims it beside the first. */
  readonly others: NodeId[]
  readonly migrating: OpenFlag[]
  readonly importing: OpenFlag[]
}

/** Slots of primaries that did not answer, by the newest record anybody holds of them. */
function hearsayOwners(view: ClusterView): (NodeId | undefined)[] {
  const answered = new Set(view.nodes.map(({id}) => id))
  const owners: (NodeId | undefined)[] = new Array(SLOT_COUNT).fill(undefined)
  const epochs = new Float64Array(SLOT_COUNT).fill(-1)
  for (const {records} of view.nodes) {
    for (const {configEpoch, id, slots} of records) {
      if (answered.has(id)) continue
      for (const {first, last} of slots) {
        for (let slot = first; slot <= last; slot++) {
          if (configEpoch <= (epochs[slot] as number)) continue
          epochs[slot] = configEpoch
          owners[slot] = id
        }
      }
    }
  }
  return owners
}
