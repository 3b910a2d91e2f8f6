import {type BusBody, type BusHeader, type BusMessage, MESSAGE_TYPES, NODE_FLAG} from '../../protocol/bus/message.js'
import {applyClaim, correctStaleClaim} from './claims.js'
import {countVote} from './election.js'
import {resolveCollision} from './epochs.js'
import {clearFailIfAllowed, markFailed} from './failure.js'
import {processExtensions, processGossip} from './gossip.js'
import {deleteNode, finishHandshake, loseAddress, startHandshake, updateAddress} from './handshake.js'
import {bindInbound} from './links.js'
import {onPauseRequest, onPrimaryHeader} from './manual-failover.js'
import {sendPing} from './messages.js'
import type {ClusterLink, ClusterNode} from './node.js'
import {attach, followGrandPrimary, markPrimary, markReplica} from './roles.js'
import {unbindAllSlotsOf} from './slots.js'
import type {ClusterState} from './state.js'
import {voteIfAllowed} from './voting.js'

/** What a packet changes (wire.md 1.7-1.10). Packets of unknown senders change nothing, a MEET excepted. */

type PingBody = Extract<BusBody, {type: 'ping' | 'pong' | 'meet'}>

export function onPacket(state: ClusterState, linkId: number, {body, header}: BusMessage): void {
  const link = state.links.get(linkId)
  if (!link) return
  state.countReceived(body.type)
  const filter = state.dropPacketFilter
  if (filter === -2 || filter === MESSAGE_TYPES[body.type]) return
  const sender = senderOf(state, link, header)
  if (sender === state.myself) {
    onOwnPacket(state, link, body.type)
    return
  }
  if (sender) hearFrom(state, sender, header)
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      onPing(state, link, sender, header, body)
      return
    case 'fail':
      if (sender) onFail(state, sender, body.failed)
      return
    case 'publish':
    case 'publishshard':
      if (!sender) return
      state.emit({
        kind: 'deliver-publish',
        channel: body.channel,
        message: body.message,
        sharded: body.type === 'publishshard',
      })
      return
    case 'auth-request':
      if (sender) voteIfAllowed(state, sender, header)
      return
    case 'update':
      if (sender) onUpdate(state, body.id, body.configEpoch, body.slots)
      return
    case 'auth-ack':
      if (sender) countVote(state, sender, header.currentEpoch)
      return
    case 'mfstart':
      if (sender) onPauseRequest(state, sender, link)
      return
    default:
      // Messages of modules: we run none.
      return
  }
}

/** We were told to MEET ourselves: answer, and drop the temporary node. */
function onOwnPacket(state: ClusterState, link: ClusterLink, type: BusBody['type']): void {
  if (type === 'ping' || type === 'meet') sendPing(state, link, 'pong')
  if (link.id > 0 && link.node?.inHandshake) deleteNode(state, link.node)
}

/**
 * Whom the header names. A link we dialled is heard only if the node we meant answers: Redis 7.0 takes the header for that
 * node's all the same, and after two nodes have swapped addresses keeps a wrong config epoch for ever (`checkIdentity`
 * ends the link).
 */
function senderOf(state: ClusterState, link: ClusterLink, header: BusHeader): ClusterNode | undefined {
  const bound = link.node
  if (bound?.id === header.sender) return bound
  if (bound && !bound.inHandshake && link.id > 0) return undefined
  const sender = state.nodes.get(header.sender)
  if (sender && link.id < 0 && sender !== state.myself) bindInbound(state, link, sender)
  return sender
}

function hearFrom(state: ClusterState, sender: ClusterNode, header: BusHeader): void {
  sender.dataReceivedMs = state.nowMs
  if (sender.inHandshake) return
  if (header.currentEpoch > state.currentEpoch) state.currentEpoch = header.currentEpoch
  if (header.configEpoch > sender.configEpoch) {
    sender.configEpoch = header.configEpoch
    // A config epoch above the sender's own current epoch is a lie or a bug; ours must stay the greater all the same.
    if (header.configEpoch > state.currentEpoch) state.currentEpoch = header.configEpoch
    state.save(true)
  }
  sender.replOffset = header.offset
  onPrimaryHeader(state, sender, header)
}

function onPing(
  state: ClusterState,
  link: ClusterLink,
  sender: ClusterNode | undefined,
  header: BusHeader,
  body: PingBody,
): void {
  if (body.type !== 'pong') {
    learnOwnAddress(state, link, body.type)
    if (!sender && body.type === 'meet') {
      startHandshake(state, {...header, ip: header.ip || link.peerIp}, 0)
      processGossip(state, undefined, body.gossip)
    }
    sendPing(state, link, 'pong')
  }
  if (link.id > 0 && !checkIdentity(state, link, sender, header)) return
  if (!sender || sender.inHandshake) {
    if (body.type === 'pong') onPong(state, link)
    // Nobody is believed before the handshake: what it has to say of its role and slots is asked for again, at once.
    if (link.id > 0 && link.node?.inHandshake === false) sendPing(state, link, 'ping')
    return
  }
  setFlag(sender, NODE_FLAG.nofailover, (header.flags & NODE_FLAG.nofailover) !== 0)
  if (link.id < 0 && body.type === 'ping' && updateAddress(state, sender, link, header)) {
    state.save()
    state.stateDirty = true
  }
  if (body.type === 'pong') onPong(state, link)
  learnRole(state, sender, header)
  learnSlots(state, sender, header)
  followGrandPrimary(state)
  resolveCollision(state, sender)
  processGossip(state, sender, body.gossip)
  processExtensions(state, sender, body.extensions)
}

/** Somebody reached us at this address; that is how a node learns its own. */
function learnOwnAddress(state: ClusterState, link: ClusterLink, type: 'ping' | 'meet'): void {
  const {config, myself} = state
  if (config.announceIp !== '' || link.localIp === '') return
  if (type !== 'meet' && myself.ip !== '') return
  if (myself.ip === link.localIp) return
  myself.ip = link.localIp
  state.log('warning', `IP address for this node updated to ${myself.ip}`)
  state.save()
}

/**
 * Is the node at the other end of a link we dialled who we think it is?
 *
 * @returns false if the packet is not to be looked at any further
 */
function checkIdentity(
  state: ClusterState,
  link: ClusterLink,
  sender: ClusterNode | undefined,
  header: BusHeader,
): boolean {
  const node = link.node as ClusterNode
  if (node.inHandshake) {
    if (!sender) {
      finishHandshake(state, node, header)
      return true
    }
    state.log('verbose', `Handshake: we already know node ${sender.id}, updating the address if needed.`)
    if (updateAddress(state, sender, link, header)) {
      state.save()
      state.stateDirty = true
    }
    deleteNode(state, node)
    return false
  }
  if (node.id === header.sender) return true
  state.log(
    'debug',
    `PONG contains mismatching sender ID. About node ${node.id} added ${state.nowMs - node.createdMs} ms ago`,
  )
  loseAddress(state, node)
  return false
}

function onPong(state: ClusterState, link: ClusterLink): void {
  const {node} = link
  if (link.id < 0 || !node) return
  node.pongReceivedMs = state.nowMs
  node.pingSentMs = 0
  if (node.suspected) {
    node.clear(NODE_FLAG.pfail)
    state.save()
    state.stateDirty = true
  } else if (node.failed) clearFailIfAllowed(state, node)
}

function learnRole(state: ClusterState, sender: ClusterNode, header: BusHeader): void {
  if (header.replicaOf === '') {
    markPrimary(state, sender)
    return
  }
  if (!sender.isReplica) {
    unbindAllSlotsOf(state, sender)
    markReplica(state, sender)
  }
  const primary = state.nodes.get(header.replicaOf)
  if (primary && primary !== sender && sender.primary !== primary) {
    attach(state, sender, primary)
    state.save()
  }
}

function learnSlots(state: ClusterState, sender: ClusterNode, header: BusHeader): void {
  const primary = state.primaryOf(sender)
  if (!primary || sameBytes(primary.slots.snapshot(), header.slots)) {
    if (primary === sender) reclaim(state, sender)
    return
  }
  if (sender.isPrimary) applyClaim(state, sender, header.configEpoch, header.slots)
  correctStaleClaim(state, sender, header.configEpoch, header.slots)
}

/** All that we hold bound to it is claimed: nothing of it is free to take. */
function reclaim(state: ClusterState, owner: ClusterNode): void {
  if (!state.hasUnclaimed) return
  for (const [slot, node] of state.owners.entries()) if (node === owner) state.unclaimed[slot] = 0
  state.hasUnclaimed = state.unclaimed.includes(1)
}

function onFail(state: ClusterState, sender: ClusterNode, id: string): void {
  const failed = state.nodes.get(id)
  if (!failed || failed.isMyself || failed.failed) return
  state.log('notice', `FAIL message received from ${sender.id} about ${failed.id}`)
  markFailed(state, failed)
}

function onUpdate(state: ClusterState, id: string, configEpoch: number, slots: Uint8Array): void {
  const node = state.nodes.get(id)
  if (!node || node.configEpoch >= configEpoch) return
  markPrimary(state, node)
  node.configEpoch = configEpoch
  if (configEpoch > state.currentEpoch) state.currentEpoch = configEpoch
  state.save(true)
  applyClaim(state, node, configEpoch, slots)
  followGrandPrimary(state)
}

function setFlag(node: ClusterNode, flag: number, on: boolean): void {
  if (on) node.set(flag)
  else node.clear(flag)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
