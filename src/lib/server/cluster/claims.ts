import {sendUpdate} from './messages.js'
import type {ClusterNode} from './node.js'
import {becomeReplicaOf} from './roles.js'
import {slotsInBitmap} from './slot-bitmap.js'
import {bindSlot, unbindSlot} from './slots.js'
import type {ClusterState} from './state.js'

/** What the slots that another node claims change here (wire.md 1.9). */

interface ClaimOutcome {
  /** Slots that went from my primary (or me) to the sender. */
  taken: number
  /** Slots of mine lost while they held keys. */
  readonly dirty: number[]
}

/**
 * Applies the claim of a primary, from its header or from an UPDATE.
 *
 * A slot changes hands if it is unowned, if its owner stopped claiming it, or if its owner's config epoch is lower. A slot
 * that we import only changes by SETSLOT.
 */
export function applyClaim(state: ClusterState, sender: ClusterNode, configEpoch: number, bitmap: Uint8Array): void {
  const {myself} = state
  if (sender === myself) return
  const myPrimary = state.primaryOf(myself)
  const outcome = takeSlots(state, sender, configEpoch, bitmap)
  const emptied = outcome.taken > 0 && myPrimary !== undefined && myPrimary.slots.count === 0
  if (emptied && (state.config.allowReplicaMigration || outcome.taken === slotsInBitmap(bitmap).length)) {
    const what = myPrimary === myself ? 'My last slots went' : 'The last slots of my master went'
    state.log('notice', `${what} to ${sender.id}. I become its replica.`)
    becomeReplicaOf(state, sender)
    state.save(true)
    return
  }
  if (outcome.dirty.length > 0) {
    state.log('warning', `Deleting keys of ${outcome.dirty.length} slots that ${sender.id} owns now.`)
    state.emit({kind: 'delete-slot-keys', slots: outcome.dirty})
  }
}

function takeSlots(state: ClusterState, sender: ClusterNode, configEpoch: number, bitmap: Uint8Array): ClaimOutcome {
  const outcome: ClaimOutcome = {taken: 0, dirty: []}
  const bound = sender.slots.snapshot()
  for (let index = 0; index < bitmap.length; index++) {
    const claims = bitmap[index] as number
    // Nearly all of a header says what is known already.
    if (claims === bound[index] && !state.hasUnclaimed) continue
    for (let bit = 0; bit < 8; bit++) {
      const slot = index * 8 + bit
      if (claims & (1 << bit)) takeSlot(state, sender, configEpoch, slot, outcome)
      else if (state.owners[slot] === sender) markUnclaimed(state, slot)
    }
  }
  return outcome
}

function takeSlot(
  state: ClusterState,
  sender: ClusterNode,
  configEpoch: number,
  slot: number,
  outcome: ClaimOutcome,
): void {
  const {myself} = state
  const owner = state.owners[slot]
  if (owner === sender) {
    state.unclaimed[slot] = 0
    return
  }
  if (state.importing.has(slot)) return
  if (owner && state.unclaimed[slot] === 0 && owner.configEpoch >= configEpoch) return
  if (owner === myself && state.ports.countKeysInSlot(slot) > 0) outcome.dirty.push(slot)
  if (owner && owner === state.primaryOf(myself)) outcome.taken++
  unbindSlot(state, slot)
  bindSlot(state, slot, sender)
  // Need not be durable: whoever forgot it in a crash is told again by the next header of the owner.
  state.save()
}

function markUnclaimed(state: ClusterState, slot: number): void {
  state.unclaimed[slot] = 1
  state.hasUnclaimed = true
}

/** If the sender claims a slot whose owner has a greater epoch, tells it so: one UPDATE, about the first such owner. */
export function correctStaleClaim(
  state: ClusterState,
  sender: ClusterNode,
  configEpoch: number,
  bitmap: Uint8Array,
): void {
  for (const slot of slotsInBitmap(bitmap)) {
    const owner = state.owners[slot]
    if (!owner || owner === sender || owner.configEpoch <= configEpoch) continue
    state.log('verbose', `Node ${sender.id} has old slots configuration, sending an UPDATE message about ${owner.id}`)
    sendUpdate(state, sender, owner)
    return
  }
}
