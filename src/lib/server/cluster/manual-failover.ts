import type {BusHeader} from '../../protocol/bus/message.js'
import {MESSAGE_FLAG} from '../../protocol/bus/message.js'
import {runElection} from './election.js'
import {bumpEpochWithoutConsensus} from './epochs.js'
import {dropManualFailover, endManualFailover, type ManualFailover} from './failover-state.js'
import {requestPause, sendPing} from './messages.js'
import type {ClusterLink, ClusterNode} from './node.js'
import {takePrimarysPlace} from './promotion.js'
import type {ClusterState} from './state.js'
import {ClusterRefusal} from './types.js'

/**
 * CLUSTER FAILOVER (wire.md 1.11): a replica takes over a primary that is up, without losing a write.
 *
 *   replica                          primary
 *     |------------ MFSTART ----------->|  pauses writes for 10 s
 *     |<----- PING, PAUSED + offset ----|  at once, then every 100 ms
 *     |  has processed that offset      |
 *     |------------ AUTH_REQUEST, FORCEACK, to all
 *     |------------ PONG with its slots, to all: the primary becomes its replica
 *
 * Each side forgets about it after 5 s. Where we differ from Redis: the primary's pause runs its 10 s all the same, as the
 * replica may be promoted in its last moment, or have been asked again and rely on the same pause.
 */

export type FailoverMode = 'force' | 'plain' | 'takeover'

const TIMEOUT_MS = 5000
const PAUSE_MS = 10_000

const REQUEST_TEXTS: Readonly<Record<FailoverMode, string>> = {
  force: 'Forced failover user request accepted.',
  plain: 'Manual failover user request accepted.',
  takeover: 'Taking over the master (user request).',
}

/** @throws {ClusterRefusal} if this node is no replica, has no copy of the data, or its primary does not answer (plain) */
export function requestFailover(state: ClusterState, mode: FailoverMode): void {
  const {myself, ports} = state
  const {primary} = myself
  if (myself.isPrimary) throw new ClusterRefusal('ERR You should send CLUSTER FAILOVER to a replica')
  if (!primary) throw new ClusterRefusal("ERR I'm a replica but my master is unknown to me")
  if (mode === 'plain' && (primary.failed || !primary.link)) {
    throw new ClusterRefusal('ERR Master is down or failed, please use CLUSTER FAILOVER FORCE')
  }
  // Redis would promote it, and all keys of the shard would be gone.
  if (ports.primaryDataAgeMs() === Number.POSITIVE_INFINITY) {
    throw new ClusterRefusal("ERR This replica has no copy of its master's data and cannot take over")
  }
  endManualFailover(state)
  state.log('warning', REQUEST_TEXTS[mode])
  if (mode === 'takeover') {
    bumpEpochWithoutConsensus(state)
    takePrimarysPlace(state)
    return
  }
  state.manual = {
    canStart: false,
    endMs: state.nowMs + TIMEOUT_MS,
    primaryOffset: undefined,
    replica: undefined,
  }
  if (mode === 'force') start(state, state.manual)
  else requestPause(state, primary)
}

/** One of our replicas wants to take over: no write from here on, so that it can catch up. */
export function onPauseRequest(state: ClusterState, sender: ClusterNode, link: ClusterLink): void {
  if (!state.myself.isPrimary || sender.primary !== state.myself) return
  if (state.isHandingOver) {
    // Two nodes would claim them at a time.
    state.log('warning', `Manual failover of ${sender.id} put off: slots are being handed over.`)
    return
  }
  // An earlier pause goes on without a gap: a write in it would not be in the offset that we tell now.
  dropManualFailover(state)
  state.manual = {
    canStart: false,
    endMs: state.nowMs + TIMEOUT_MS,
    primaryOffset: undefined,
    replica: sender,
  }
  state.log('warning', `Manual failover requested by replica ${sender.id}.`)
  state.pausedUntilMs = state.nowMs + PAUSE_MS
  state.emit({kind: 'pause-writes', untilMs: state.pausedUntilMs})
  sendPing(state, link, 'ping')
}

/** The header of our primary: once it is paused, its offset is the one to reach. */
export function onPrimaryHeader(state: ClusterState, sender: ClusterNode, header: BusHeader): void {
  const {manual, myself} = state
  if (!manual || manual.canStart || myself.primary !== sender || !(header.messageFlags & MESSAGE_FLAG.paused)) return
  if (manual.primaryOffset === undefined) {
    manual.primaryOffset = header.offset
    const what = 'Received replication offset for paused master manual failover'
    state.log('warning', `${what}: ${header.offset}`)
  }
  startIfCaughtUp(state, manual)
}

/** Every tick, and whenever more of the primary's stream was applied. */
export function watchManualFailover(state: ClusterState): void {
  const {manual} = state
  if (!manual) return
  if (manual.endMs < state.nowMs) {
    state.log('warning', 'Manual failover timed out.')
    // The replica may have won in its last moment, or may have been asked again: writes wait for the rest of the pause.
    dropManualFailover(state)
  } else if (!manual.canStart && manual.primaryOffset !== undefined) startIfCaughtUp(state, manual)
}

function startIfCaughtUp(state: ClusterState, manual: ManualFailover): void {
  if (state.ports.replicationOffset() !== manual.primaryOffset) return
  state.log('warning', 'All master replication stream processed, manual failover can start.')
  start(state, manual)
}

function start(state: ClusterState, manual: ManualFailover): void {
  manual.canStart = true
  state.election = undefined
  runElection(state)
}
