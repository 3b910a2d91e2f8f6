import {broadcastPong} from './messages.js'
import type {ClusterNode} from './node.js'
import type {ClusterState} from './state.js'

/** Config epochs (wire.md 1.9). Each change is durable before a packet reveals it. */

/** The greatest epoch that this node has heard of. */
export function maxEpoch(state: ClusterState): number {
  let max = state.currentEpoch
  for (const node of state.list()) max = Math.max(max, node.configEpoch)
  return max
}

/**
 * Takes a new config epoch without asking anybody, unless ours is the greatest already.
 *
 * @returns false if nothing changed
 */
export function bumpEpochWithoutConsensus(state: ClusterState): boolean {
  const max = maxEpoch(state)
  if (state.myself.configEpoch !== 0 && state.myself.configEpoch === max) return false
  takeNewEpoch(state, max)
  state.log('warning', `New configEpoch set to ${state.myself.configEpoch}`)
  return true
}

/** Two primaries with one config epoch: the one with the smaller id takes a new one. */
export function resolveCollision(state: ClusterState, sender: ClusterNode): void {
  const {myself} = state
  if (!myself.isPrimary || !sender.isPrimary || sender.configEpoch !== myself.configEpoch) return
  if (sender.id <= myself.id || state.isHandingOver) return
  takeNewEpoch(state, state.currentEpoch)
  const what = `configEpoch collision with node ${sender.id}`
  state.log('verbose', `WARNING: ${what}. configEpoch set to ${myself.configEpoch}`)
}

/** An importer that got its slot: a new epoch, so that its claim wins, and the news to all at once. */
export function claimImportedSlot(state: ClusterState): void {
  bumpEpochWithoutConsensus(state)
  broadcastPong(state)
}

/** A new epoch of our own, greater than `above` and all that we have heard of. */
export function bumpEpochAbove(state: ClusterState, above: number): void {
  takeNewEpoch(state, Math.max(above, state.currentEpoch))
}

function takeNewEpoch(state: ClusterState, above: number): void {
  state.currentEpoch = above + 1
  state.myself.configEpoch = state.currentEpoch
  state.save(true)
}
