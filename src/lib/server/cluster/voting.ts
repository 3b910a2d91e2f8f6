import {type BusHeader, MESSAGE_FLAG} from '../../protocol/bus/message.js'
import {sendVote} from './messages.js'
import type {ClusterNode} from './node.js'
import {slotsInBitmap} from './slot-bitmap.js'
import type {ClusterState} from './state.js'

/**
 * Answers a replica that asks to take over its failed primary (wire.md 1.10, "Voter").
 *
 * The vote leaves in the same step that raises `lastVoteEpoch`, after the fsynced save: never two votes in one epoch, also
 * across a crash.
 */
export function voteIfAllowed(state: ClusterState, requester: ClusterNode, request: BusHeader): void {
  const reason = whyNot(state, requester, request)
  if (reason !== undefined) {
    if (reason !== '') state.log('warning', `Failover auth denied to ${requester.id}: ${reason}`)
    return
  }
  const primary = requester.primary as ClusterNode
  primary.votedTimeMs = state.nowMs
  state.lastVoteEpoch = state.currentEpoch
  state.save(true)
  sendVote(state, requester)
  state.log('warning', `Failover auth granted to ${requester.id} for epoch ${state.currentEpoch}`)
}

/** @returns undefined: vote. Empty: we have no vote. Else the reason. */
function whyNot(state: ClusterState, requester: ClusterNode, request: BusHeader): string | undefined {
  const {myself} = state
  if (!myself.isPrimary || myself.slots.count === 0) return ''
  if (request.currentEpoch < state.currentEpoch) {
    return `reqEpoch (${request.currentEpoch}) < curEpoch(${state.currentEpoch})`
  }
  if (state.lastVoteEpoch === state.currentEpoch) return `already voted for epoch ${state.currentEpoch}`
  const primary = requester.primary
  const forced = (request.messageFlags & MESSAGE_FLAG.forceAck) !== 0
  if (requester.isPrimary) return 'it is a master node'
  if (!primary) return 'I do not know its master'
  if (!primary.failed && !forced) return 'its master is up'
  if (state.nowMs - primary.votedTimeMs < state.config.nodeTimeoutMs * 2) {
    return "can't vote about this master before twice the node timeout has passed"
  }
  for (const slot of slotsInBitmap(request.slots)) {
    const owner = state.owners[slot]
    if (owner && owner.configEpoch > request.configEpoch) {
      return `slot ${slot} epoch (${owner.configEpoch}) > reqEpoch (${request.configEpoch})`
    }
  }
  return undefined
}
