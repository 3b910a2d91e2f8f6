import {type BusExtension, type GossipEntry, NODE_FLAG} from '../../protocol/bus/message.js'
import {addFailureReport, countFailureReports, markFailedIfAgreed} from './failure.js'
import {deleteNode, setAddress} from './handshake.js'
import {ClusterNode, withOneRole} from './node.js'
import {BLACKLIST_TTL_MS, type ClusterState} from './state.js'

/** What others say about others (wire.md 1.7, 1.8). */

/** Of the flags a peer gives us for an unknown node, those that can be true of it here. */
const INHERITED_FLAGS =
  NODE_FLAG.primary | NODE_FLAG.replica | NODE_FLAG.pfail | NODE_FLAG.fail | NODE_FLAG.migrateTo | NODE_FLAG.nofailover
const FAILING = NODE_FLAG.pfail | NODE_FLAG.fail
/** Clocks of two nodes may differ by that much before a pong time is not believed. */
const CLOCK_SKEW_MS = 500

/** @param sender - undefined for a MEET from a stranger: trusted about who exists, but its reports do not count */
export function processGossip(
  state: ClusterState,
  sender: ClusterNode | undefined,
  gossip: readonly GossipEntry[],
): void {
  for (const entry of gossip) {
    const node = state.nodes.get(entry.id)
    if (node) hearAbout(state, sender, node, entry)
    else addFromGossip(state, entry)
  }
}

function hearAbout(state: ClusterState, sender: ClusterNode | undefined, node: ClusterNode, entry: GossipEntry): void {
  if (node.isMyself) return
  if (sender?.isPrimary && sender !== node) takeReport(state, sender, node, (entry.flags & FAILING) !== 0)
  const healthy = (entry.flags & FAILING) === 0
  const pongMs = entry.pongReceivedSec * 1000
  if (
    healthy &&
    node.pingSentMs === 0 &&
    pongMs > node.pongReceivedMs &&
    pongMs <= state.nowMs + CLOCK_SKEW_MS &&
    countFailureReports(state, node) === 0
  ) {
    node.pongReceivedMs = pongMs
  }
  const moved = node.ip !== entry.ip || node.port !== entry.port || node.busPort !== entry.busPort
  // Redis 7.0 leaves NOADDR out, and two nodes that swapped their addresses never find each other again.
  const lost = node.has(FAILING | NODE_FLAG.noaddr)
  if (healthy && lost && !(entry.flags & NODE_FLAG.noaddr) && moved && entry.ip !== '') {
    setAddress(state, node, entry)
    state.save()
  }
}

function takeReport(state: ClusterState, sender: ClusterNode, node: ClusterNode, failing: boolean): void {
  if (failing) {
    if (addFailureReport(state, node, sender)) {
      state.log('verbose', `Node ${sender.id} reported node ${node.id} as not reachable.`)
    }
    markFailedIfAgreed(state, node)
  } else if (node.failureReports.delete(sender)) {
    state.log('verbose', `Node ${sender.id} reported node ${node.id} is back online.`)
  }
}

function addFromGossip(state: ClusterState, entry: GossipEntry): void {
  if (entry.flags & (NODE_FLAG.noaddr | NODE_FLAG.handshake) || entry.ip === '') return
  if (entry.id === state.myself.id || state.isBlacklisted(entry.id)) return
  const node = new ClusterNode(entry.id, withOneRole(entry.flags & INHERITED_FLAGS), state.nowMs)
  node.ip = entry.ip
  node.port = entry.port
  node.busPort = entry.busPort
  node.plainPort = entry.plainPort
  if (node.failed) node.failTimeMs = state.nowMs
  if (state.addNode(node)) state.save()
}

/** A sender without a hostname extension has no hostname (any more). */
export function processExtensions(state: ClusterState, sender: ClusterNode, extensions: readonly BusExtension[]): void {
  let hostname = ''
  let unknown = 0
  for (const extension of extensions) {
    if (extension.kind === 'hostname') hostname = extension.hostname
    else if (extension.kind === 'forgotten-node') forgetOnRequest(state, sender, extension.id, extension.ttlSec)
    else if (extension.kind === 'unknown') unknown++
  }
  if (unknown > 0) state.log('debug', `Received ${unknown} unknown ping extensions from ${sender.id}, ignored.`)
  if (sender.hostname === hostname) return
  sender.hostname = hostname
  state.save()
}

/** 7.2 and later pass CLUSTER FORGET on. Nobody can make us forget ourselves, our primary, or the one who asks. */
function forgetOnRequest(state: ClusterState, sender: ClusterNode, id: string, ttlSec: number): void {
  const node = state.nodes.get(id)
  if (!node || node === sender || node.isMyself || node === state.myself.primary) return
  state.blacklistNode(id, Math.min(ttlSec * 1000, BLACKLIST_TTL_MS))
  deleteNode(state, node)
  state.log('notice', `Forgot node ${id} as ${sender.id} asked.`)
  state.save()
}
