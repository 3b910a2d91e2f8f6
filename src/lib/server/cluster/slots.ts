import {NODE_FLAG} from '../../protocol/bus/message.js'
import type {ClusterNode} from './node.js'
import {slotsInBitmap} from './slot-bitmap.js'
import type {ClusterState} from './state.js'

/** Who owns which slot, and which slots are open. What other nodes claim stands in claims.ts. */

/** Binds a slot that nobody owns. */
export function bindSlot(state: ClusterState, slot: number, node: ClusterNode): void {
  node.slots.add(slot)
  state.owners[slot] = node
  state.unclaimed[slot] = 0
  // A primary that gets its first slot in a cluster with replicas ought to have some too.
  if (node.slots.count === 1 && state.list().some((other) => other.primary !== undefined)) {
    node.set(NODE_FLAG.migrateTo)
  }
  state.refreshServes(slot)
  state.stateDirty = true
}

/** Leaves a slot without owner. */
export function unbindSlot(state: ClusterState, slot: number): void {
  const owner = state.owners[slot]
  if (!owner) return
  owner.slots.delete(slot)
  state.owners[slot] = undefined
  state.unclaimed[slot] = 0
  if (owner === state.primaryOf(state.myself)) state.lostSlots.push(slot)
  state.refreshServes(slot)
  state.stateDirty = true
}

export function unbindAllSlotsOf(state: ClusterState, node: ClusterNode): number {
  const slots = slotsInBitmap(node.slots.snapshot())
  for (const slot of slots) unbindSlot(state, slot)
  return slots.length
}

export function setMigrating(state: ClusterState, slot: number, to: ClusterNode | undefined): void {
  if (to) state.migrating.set(slot, to)
  else state.migrating.delete(slot)
  state.refreshServes(slot)
}

export function setImporting(state: ClusterState, slot: number, from: ClusterNode | undefined): void {
  if (from) state.importing.set(slot, from)
  else state.importing.delete(slot)
  state.refreshServes(slot)
}

export function closeAllSlots(state: ClusterState): void {
  const open = [...state.migrating.keys(), ...state.importing.keys()]
  state.migrating.clear()
  state.importing.clear()
  for (const slot of open) state.refreshServes(slot)
}
