import {openSlotsOf, primariesOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {SLOT_COUNT} from '../model/slot-set.js'

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

interface Draft {
  readonly claims: NodeId[]
  silentOwner?: NodeId
  readonly migrating: OpenFlag[]
  readonly importing: OpenFlag[]
  readonly keys: Map<NodeId, number>
}

/**
 * Gathers the facts about every slot.
 *
 * @returns only slots that are not as they should be: one owner, nothing open, no keys elsewhere; ascending
 */
export function slotFacts(view: ClusterView, keys: KeysByNode, jobs: ReadonlyMap<number, JobSlot>): SlotFacts[] {
  const drafts = Array.from(
    {length: SLOT_COUNT},
    (): Draft => ({claims: [], migrating: [], importing: [], keys: new Map()}),
  )
  const at = (slot: number) => drafts[slot] as Draft
  for (const {node, own} of primariesOf(view)) {
    for (const {first, last} of own.slots) for (let slot = first; slot <= last; slot++) at(slot).claims.push(node.id)
  }
  hearsayOwners(view).forEach((owner, slot) => {
    if (owner !== undefined) at(slot).silentOwner = owner
  })
  for (const {node, peer, slot, state} of openSlotsOf(view)) at(slot)[state].push({node: node.id, peer})
  for (const [node, counts] of keys) for (const [slot, count] of counts) if (count > 0) at(slot).keys.set(node, count)
  return drafts.flatMap((draft, slot) => {
    if (isAsItShouldBe(draft)) return []
    return [{...draft, slot, silentOwner: draft.silentOwner, job: jobs.get(slot)}]
  })
}

function isAsItShouldBe({claims, importing, keys, migrating}: Draft): boolean {
  if (claims.length !== 1 || migrating.length > 0 || importing.length > 0) return false
  return [...keys.keys()].every((id) => id === claims[0])
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
