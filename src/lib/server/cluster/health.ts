import {SLOT_COUNT} from '../../model/slot-set.js'
import {NODE_FLAG} from '../../protocol/bus/message.js'
import type {ClusterState} from './state.js'

/**
 * A primary that comes back stays in `fail` that long: it may have been replaced and not know it yet. Redis lets new nodes
 * wait too, which know of nothing that could be out of date.
 */
const WRITABLE_DELAY_MS = 2000
const REJOIN_DELAY_MS_MIN = 500
const REJOIN_DELAY_MS_MAX = 5000

/** Decides ok or fail (wire.md 1.13). Cheap if nothing that matters changed; safe to call at any time. */
export function updateState(state: ClusterState): void {
  const isPrimary = state.myself.isPrimary
  if (isPrimary && !state.stateOk && state.nowMs - state.rejoinedMs < WRITABLE_DELAY_MS) {
    state.size = countPrimaries(state).size
    return // stateDirty stays: asked again by the next tick
  }
  state.stateDirty = false
  const {size, reachable} = countPrimaries(state)
  state.size = size
  let ok = !state.config.requireFullCoverage || isCovered(state)
  if (reachable < quorum(size)) {
    ok = false
    // Where nobody owns anything yet there is no majority to come back to.
    if (size > 0) state.minorityMs = state.nowMs
  }
  if (ok === state.stateOk) return
  const rejoinDelayMs = Math.max(REJOIN_DELAY_MS_MIN, Math.min(REJOIN_DELAY_MS_MAX, state.config.nodeTimeoutMs))
  if (ok && isPrimary && state.nowMs - state.minorityMs < rejoinDelayMs) {
    state.stateDirty = true
    return
  }
  setOk(state, ok)
}

/**
 * A primary that did not run for longer than the node timeout may have been replaced, and hears of it only after what clients
 * have sent it meanwhile. It is treated as one that comes back from a minority: it serves nobody until it has had time to
 * hear. Redis answers at once, and loses what it acknowledges. Without replicas there is nobody who could have taken over.
 */
export function onWoke(state: ClusterState): void {
  const {myself} = state
  if (!myself.isPrimary || myself.slots.count === 0 || state.replicasOf(myself).length === 0) return
  state.minorityMs = state.nowMs
  state.stateDirty = true
  if (state.stateOk) setOk(state, false)
}

function setOk(state: ClusterState, ok: boolean): void {
  state.stateOk = ok
  state.refreshAllServes()
  state.log('warning', `Cluster state changed: ${ok ? 'ok' : 'fail'}`)
  state.emit({kind: 'state-changed', ok})
}

/** @param size - primaries with at least one slot */
export function quorum(size: number): number {
  return Math.floor(size / 2) + 1
}

function countPrimaries(state: ClusterState): {size: number; reachable: number} {
  let size = 0
  let reachable = 0
  for (const node of state.list()) {
    if (!node.isPrimary || node.slots.count === 0) continue
    size++
    if (!node.has(NODE_FLAG.fail | NODE_FLAG.pfail)) reachable++
  }
  return {size, reachable}
}

/** Every slot has an owner that is not FAIL. Each slot has at most one owner, so counting is enough. */
function isCovered(state: ClusterState): boolean {
  let covered = 0
  for (const node of state.list()) if (!node.failed) covered += node.slots.count
  return covered === SLOT_COUNT
}
