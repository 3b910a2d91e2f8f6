import {NODE_FLAG} from '../../protocol/bus/message.js'
import {runElection} from './election.js'
import {suspect} from './failure.js'
import {deleteNode} from './handshake.js'
import {updateState} from './health.js'
import {closeLink, closeLinksOverLimit, dial} from './links.js'
import {watchManualFailover} from './manual-failover.js'
import {sendPing} from './messages.js'
import {migrateIfNeeded} from './migration.js'
import type {ClusterNode} from './node.js'
import type {ClusterState} from './state.js'

/** What happens every 100 ms (wire.md 1.6). */

const SAMPLE_EVERY = 10
const SAMPLE_SIZE = 5
const HANDSHAKE_TIMEOUT_MS_MIN = 1000

export function cron(state: ClusterState): void {
  closeLinksOverLimit(state)
  const handshakeTimeoutMs = Math.max(state.config.nodeTimeoutMs, HANDSHAKE_TIMEOUT_MS_MIN)
  for (const node of state.list()) {
    if (node.has(NODE_FLAG.myself | NODE_FLAG.noaddr)) continue
    if (node.inHandshake && state.nowMs - node.createdMs > handshakeTimeoutMs) deleteNode(state, node)
    else if (!node.link) dial(state, node)
  }
  if (state.cronCount++ % SAMPLE_EVERY === 0) pingOldestOfSample(state)
  for (const node of state.list()) {
    if (!node.has(NODE_FLAG.myself | NODE_FLAG.noaddr | NODE_FLAG.handshake)) watch(state, node)
  }
  watchManualFailover(state)
  if (state.myself.isReplica) {
    runElection(state)
    migrateIfNeeded(state)
  }
  if (state.stateDirty || !state.stateOk) updateState(state)
}

/** One of five random nodes: the one that we have not heard a PONG from for the longest time. */
function pingOldestOfSample(state: ClusterState): void {
  const nodes = state.list()
  let oldest: ClusterNode | undefined
  for (let tries = 0; tries < SAMPLE_SIZE; tries++) {
    const node = nodes[state.rng.below(nodes.length)] as ClusterNode
    if (!node.link?.open || node.pingSentMs > 0 || node.has(NODE_FLAG.myself | NODE_FLAG.handshake)) continue
    if (!oldest || node.pongReceivedMs < oldest.pongReceivedMs) oldest = node
  }
  if (oldest?.link) sendPing(state, oldest.link, 'ping')
}

function watch(state: ClusterState, node: ClusterNode): void {
  const {nowMs} = state
  const timeoutMs = state.config.nodeTimeoutMs
  const pingAgeMs = nowMs - node.pingSentMs
  const dataAgeMs = nowMs - node.dataReceivedMs
  const inFlight = node.pingSentMs > 0
  const isSilent = inFlight && pingAgeMs > timeoutMs / 2 && dataAgeMs > timeoutMs / 2
  // Maybe only the connection is broken, or hangs half open while the peer's own works: the next cron dials afresh.
  if (node.link && nowMs - node.link.createdMs > timeoutMs && (isSilent || !node.link.open)) closeLink(state, node.link)
  if (node.link && !inFlight && nowMs - node.pongReceivedMs > timeoutMs / 2) {
    sendPing(state, node.link, 'ping')
    return
  }
  if (node.link && state.manual?.replica === node) {
    // It waits for our offset.
    sendPing(state, node.link, 'ping')
    return
  }
  if (!inFlight || node.has(NODE_FLAG.pfail | NODE_FLAG.fail)) return
  if (Math.min(pingAgeMs, dataAgeMs) > timeoutMs) suspect(state, node)
}
