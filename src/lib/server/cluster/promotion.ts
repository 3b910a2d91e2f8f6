import {endManualFailover} from './failover-state.js'
import {updateState} from './health.js'
import {broadcastPong} from './messages.js'
import {announceRole, markPrimary} from './roles.js'
import {slotsInBitmap} from './slot-bitmap.js'
import {bindSlot, unbindSlot} from './slots.js'
import type {ClusterState} from './state.js'

/**
 * This replica becomes a primary with all slots of its own one, by the config epoch that it has been given already. All
 * others learn it at once, the former primary included, by a PONG that leaves after the save.
 */
export function takePrimarysPlace(state: ClusterState): void {
  const {myself} = state
  const former = myself.primary
  if (!former) return
  markPrimary(state, myself)
  for (const slot of slotsInBitmap(former.slots.snapshot())) {
    unbindSlot(state, slot)
    bindSlot(state, slot, myself)
  }
  state.election = undefined
  state.save(true)
  announceRole(state)
  endManualFailover(state)
  updateState(state)
  broadcastPong(state)
}
