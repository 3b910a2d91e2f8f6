import {NODE_FLAG} from '../../protocol/bus/message.js'
import {quorum} from './health.js'
import {broadcastFail} from './messages.js'
import type {ClusterNode} from './node.js'
import type {ClusterState} from './state.js'

/**
 * Failure detection (wire.md 1.8).
 *
 *   ok --no answer for the node timeout--> pfail --a quorum of primaries agrees--> fail
 *    ^------------- PONG -------------------'                                       |
 *    '------------- PONG, see `clearFailIfAllowed` ---------------------------------'
 */
const REPORT_VALIDITY_TIMEOUTS = 2
const FAIL_UNDO_TIMEOUTS = 2

/** @returns true if it was not reported by `reporter` before */
export function addFailureReport(state: ClusterState, node: ClusterNode, reporter: ClusterNode): boolean {
  const isNew = !node.failureReports.has(reporter)
  node.failureReports.set(reporter, state.nowMs)
  return isNew
}

/** Valid reports by others. */
export function countFailureReports(state: ClusterState, node: ClusterNode): number {
  const oldestMs = state.nowMs - state.config.nodeTimeoutMs * REPORT_VALIDITY_TIMEOUTS
  for (const [reporter, atMs] of node.failureReports) if (atMs < oldestMs) node.failureReports.delete(reporter)
  return node.failureReports.size
}

/** Silence: we suspect it. */
export function suspect(state: ClusterState, node: ClusterNode): void {
  node.set(NODE_FLAG.pfail)
  state.log('debug', `*** NODE ${node.id} possibly failing`)
  state.stateDirty = true
}

/** PFAIL becomes FAIL once a quorum of primaries, ourselves counted if we are one, cannot reach it. Replicas do it too. */
export function markFailedIfAgreed(state: ClusterState, node: ClusterNode): void {
  if (!node.suspected || node.failed) return
  const votes = countFailureReports(state, node) + (state.myself.isPrimary ? 1 : 0)
  if (votes < quorum(state.size)) return
  state.log('notice', `Marking node ${node.id} as failing (quorum reached).`)
  markFailed(state, node)
  broadcastFail(state, node)
}

/** Also on the word of another node (FAIL message), whatever we hold true ourselves. */
export function markFailed(state: ClusterState, node: ClusterNode): void {
  node.set(NODE_FLAG.fail)
  node.clear(NODE_FLAG.pfail)
  node.failTimeMs = state.nowMs
  state.save()
  state.stateDirty = true
}

/**
 * A failed node answered. A replica or a primary without slots is reachable again at once; a primary that still owns slots
 * only after the time in which its replicas would have taken over.
 */
export function clearFailIfAllowed(state: ClusterState, node: ClusterNode): void {
  const undoneMs = state.nowMs - node.failTimeMs
  const ownsSlots = node.isPrimary && node.slots.count > 0
  if (ownsSlots && undoneMs <= state.config.nodeTimeoutMs * FAIL_UNDO_TIMEOUTS) return
  const why = ownsSlots ? 'is reachable again and nobody is serving its slots after some time' : 'is reachable again'
  state.log('notice', `Clear FAIL state for node ${node.id}: ${why}.`)
  node.clear(NODE_FLAG.fail)
  state.save()
  state.stateDirty = true
}
