import type {BusBody, BusExtension, BusHeader, BusMessage, GossipEntry} from '../../protocol/bus/message.js'
import {MESSAGE_FLAG, NODE_FLAG} from '../../protocol/bus/message.js'
import type {ClusterLink, ClusterNode} from './node.js'
import {SlotBitmap} from './slot-bitmap.js'
import type {ClusterState} from './state.js'

/** What we say on the bus (wire.md 1.2, 1.6): our header, gossip about others, UPDATE, FAIL, PUBLISH. */

/** Messages kept for a link that is still being opened; its PING or MEET goes first. */
const PENDING_MAX = 256

type PingType = 'ping' | 'pong' | 'meet'

function header(state: ClusterState, messageFlags = 0): BusHeader {
  const {config, myself} = state
  const primary = state.primaryOf(myself) ?? myself
  return {
    sender: myself.id,
    port: announcedPort(state),
    plainPort: 0,
    busPort: announcedBusPort(state),
    currentEpoch: state.currentEpoch,
    configEpoch: primary.configEpoch,
    offset: state.ports.replicationOffset(),
    slots: primary.slots.snapshot(),
    replicaOf: myself.primary?.id ?? '',
    ip: config.announceIp,
    flags: myself.flags,
    stateOk: state.stateOk,
    messageFlags: state.manual?.replica ? messageFlags | MESSAGE_FLAG.paused : messageFlags,
  }
}

export function announcedPort({config}: ClusterState): number {
  return config.announcePort || config.port
}

export function announcedBusPort({config}: ClusterState): number {
  return config.announceBusPort || config.busPort
}

/** Sends now, or after the greeting if the link is still being opened. */
function send(state: ClusterState, link: ClusterLink, body: BusBody): void {
  sendMessage(state, link, {header: header(state), body})
}

function sendMessage(state: ClusterState, link: ClusterLink, message: BusMessage): void {
  if (link.open) {
    state.emit({kind: 'send', link: link.id, message})
    state.countSent(message.body.type)
  } else if (link.pending.length < PENDING_MAX) link.pending.push(message)
}

/** PING, PONG or MEET with gossip. A PING on a link we dialled counts as in flight from now. */
export function sendPing(state: ClusterState, link: ClusterLink, type: PingType): void {
  if (type === 'ping' && link.id > 0 && link.node) link.node.pingSentMs = state.nowMs
  // The greeting itself is sent once the link is open.
  if (!link.open) return
  send(state, link, {type, gossip: gossipSection(state, link.node), extensions: extensions(state)})
}

/** The first packet on a link we dialled, then what waited for it. */
export function greet(state: ClusterState, link: ClusterLink): void {
  const {node} = link
  if (!node) return
  const pingSentMs = node.pingSentMs
  sendPing(state, link, node.has(NODE_FLAG.meet) ? 'meet' : 'ping')
  // A re-dial does not make a silent node look alive.
  if (pingSentMs > 0) node.pingSentMs = pingSentMs
  node.clear(NODE_FLAG.meet)
  for (const message of link.pending.splice(0)) {
    state.emit({kind: 'send', link: link.id, message})
    state.countSent(message.body.type)
  }
}

function extensions({config}: ClusterState): BusExtension[] {
  return config.announceHostname === '' ? [] : [{kind: 'hostname', hostname: config.announceHostname}]
}

/**
 * A tenth of the nodes, at least 3, at random; then every PFAIL node, so that failure reports spread fast.
 *
 * @param peer - who gets it; told nothing about itself (Redis may, without effect)
 */
function gossipSection(state: ClusterState, peer: ClusterNode | undefined): GossipEntry[] {
  const nodes = state.list()
  // Two are never worth telling: ourselves and the receiver.
  let fresh = nodes.length - 2
  const wanted = Math.min(Math.max(3, Math.floor(nodes.length / 10)), Math.max(0, fresh))
  const chosen = new Set<ClusterNode>()
  for (let tries = wanted * 3; tries > 0 && fresh > 0 && chosen.size < wanted; tries--) {
    const node = nodes[state.rng.below(nodes.length)] as ClusterNode
    if (node === state.myself || node === peer || node.suspected || chosen.has(node)) continue
    fresh--
    if (node.inHandshake || !node.hasAddress || (!node.link?.open && node.slots.count === 0)) continue
    chosen.add(node)
  }
  for (const node of nodes) if (node.suspected && !node.inHandshake && node.hasAddress) chosen.add(node)
  return [...chosen].map(gossipEntry)
}

function gossipEntry(node: ClusterNode): GossipEntry {
  return {
    id: node.id,
    pingSentSec: Math.floor(node.pingSentMs / 1000),
    pongReceivedSec: Math.floor(node.pongReceivedMs / 1000),
    ip: node.ip,
    port: node.port,
    busPort: node.busPort,
    flags: node.flags,
    plainPort: node.plainPort,
  }
}

/** Every node we have a link to, handshakes excluded. */
function broadcast(state: ClusterState, body: BusBody, messageFlags = 0): void {
  // One message for all: a header copies the bitmap of slots.
  const message = {header: header(state, messageFlags), body}
  for (const node of state.list()) {
    if (node.link && !node.has(NODE_FLAG.myself | NODE_FLAG.handshake)) sendMessage(state, node.link, message)
  }
}

export function broadcastFail(state: ClusterState, failed: ClusterNode): void {
  broadcast(state, {type: 'fail', failed: failed.id})
}

/** Tells everybody at once what changed with us. */
export function broadcastPong(state: ClusterState, isMeant: (node: ClusterNode) => boolean = () => true): void {
  for (const node of state.list()) {
    if (node.link && !node.has(NODE_FLAG.myself | NODE_FLAG.handshake) && isMeant(node)) {
      sendPing(state, node.link, 'pong')
    }
  }
}

/** Asks everybody for a vote: those who have none do not answer. @param isForced - although the primary is up */
export function requestVotes(state: ClusterState, isForced: boolean): void {
  broadcast(state, {type: 'auth-request'}, isForced ? MESSAGE_FLAG.forceAck : 0)
}

/** Asks our primary to pause for a manual failover. */
export function requestPause(state: ClusterState, primary: ClusterNode): void {
  if (primary.link) send(state, primary.link, {type: 'mfstart'})
}

/** Tells `to` who really owns the slots of `owner`; slots that the owner itself does not claim are left out. */
export function sendUpdate(state: ClusterState, to: ClusterNode, owner: ClusterNode): void {
  if (!to.link) return
  const claimed = new SlotBitmap()
  for (const [slot, node] of state.owners.entries()) if (node === owner && !state.unclaimed[slot]) claimed.add(slot)
  send(state, to.link, {type: 'update', id: owner.id, configEpoch: owner.configEpoch, slots: claimed.snapshot()})
}

export function sendVote(state: ClusterState, to: ClusterNode): void {
  if (to.link) send(state, to.link, {type: 'auth-ack'})
}

/** To all nodes; a sharded one only to our primary and its replicas. */
export function publish(state: ClusterState, channel: string, message: string, sharded: boolean): void {
  if (!sharded) {
    broadcast(state, {type: 'publish', channel, message})
    return
  }
  const primary = state.primaryOf(state.myself)
  for (const node of state.list()) {
    if (node === state.myself || node.inHandshake || !node.link || state.primaryOf(node) !== primary) continue
    send(state, node.link, {type: 'publishshard', channel, message})
  }
}
