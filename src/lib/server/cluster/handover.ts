import {bumpEpochAbove, maxEpoch} from './epochs.js'
import {broadcastPong} from './messages.js'
import type {ClusterNode} from './node.js'
import {becomeReplicaOf} from './roles.js'
import {bindSlot, unbindSlot} from './slots.js'
import type {ClusterState} from './state.js'
import {ClusterRefusal} from './types.js'

/**
 * The moment at which slots that were copied beforehand change hands, all of them at once (slot-migration/ in this
 * folder's parent makes sure that it comes once, and at the right time):
 *
 *   source                                        target
 *     |  writes to the slots wait                    |
 *     |------- grant, with the source's epoch ------>|
 *     |                                              |  takeOverSlots: an epoch above all that either has heard of
 *     |<----- PONG to all, with its slots -----------|  durable before it leaves
 *     |  yieldSlots, by that claim or by its word    |
 *
 * From the grant on the source takes no new epoch (`isHandingOver`): its claim would be as good as the target's. A source
 * that is sure that the target does not serve the slots keeps them with an epoch above the one it granted: should the
 * target have taken them in its last moment, it loses them again.
 */

/**
 * The target takes the slots.
 *
 * @param from - id of the node that gives them
 * @param above - epoch that the source knows of
 * @returns the config epoch that they were claimed by
 * @throws {ClusterRefusal} if this node is no primary, or one of the slots is not the source's; nothing is changed then
 */
export function takeOverSlots(state: ClusterState, slots: readonly number[], from: string, above: number): number {
  const {myself} = state
  if (!myself.isPrimary) throw new ClusterRefusal('ERR Slots can only be taken over by primary nodes.')
  if (slots.some((slot) => state.owners[slot]?.id !== from)) {
    throw new ClusterRefusal('ERR Slots are no longer owned by the source node')
  }
  for (const slot of slots) rebind(state, slot, myself)
  bumpEpochAbove(state, Math.max(above, maxEpoch(state)))
  state.log('notice', `Took over ${slots.length} slots of ${from} with configEpoch ${myself.configEpoch}.`)
  broadcastPong(state)
  return myself.configEpoch
}

/**
 * The source learns from the target itself that it has taken the slots: what its claim will say too. Safe to call twice.
 *
 * @param epoch - what they were claimed by
 */
export function yieldSlots(state: ClusterState, slots: readonly number[], to: string, epoch: number): void {
  const target = state.nodes.get(to)
  const own = slots.filter((slot) => state.owners[slot] === state.myself)
  if (target === undefined || own.length === 0) return
  noteEpoch(state, target, epoch)
  for (const slot of own) rebind(state, slot, target)
  state.save(true)
  if (state.myself.slots.count > 0 || !state.config.allowReplicaMigration || !target.isPrimary) return
  state.log('notice', `My last slots went to ${to}. I become its replica.`)
  becomeReplicaOf(state, target)
}

/** A replica of the target is told by its primary's stream, so as to speak for the slots too should it be promoted. */
export function noteTakeover(state: ClusterState, slots: readonly number[], epoch: number): void {
  const {primary} = state.myself
  if (primary === undefined) return
  noteEpoch(state, primary, epoch)
  for (const slot of slots) if (state.owners[slot] !== primary) rebind(state, slot, primary)
  state.save()
}

/** The source keeps slots that it had granted. @param granted - the epoch of that time */
export function keepSlots(state: ClusterState, granted: number): void {
  // The target's claim would be one above it.
  bumpEpochAbove(state, Math.max(granted + 1, maxEpoch(state)))
  broadcastPong(state)
}

function noteEpoch(state: ClusterState, node: ClusterNode, epoch: number): void {
  node.configEpoch = Math.max(node.configEpoch, epoch)
  state.currentEpoch = Math.max(state.currentEpoch, epoch)
}

function rebind(state: ClusterState, slot: number, node: ClusterNode): void {
  unbindSlot(state, slot)
  bindSlot(state, slot, node)
}
