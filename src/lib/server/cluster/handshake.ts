import type {BusHeader} from '../../protocol/bus/message.js'
import {NODE_FLAG} from '../../protocol/bus/message.js'
import {endManualFailover} from './failover-state.js'
import {closeLink, dial} from './links.js'
import {type ClusterLink, ClusterNode, withOneRole} from './node.js'
import {announceRole} from './roles.js'
import {unbindAllSlotsOf} from './slots.js'
import type {ClusterState} from './state.js'

/**
 * How strangers become nodes (wire.md 1.7).
 *
 *   CLUSTER MEET, or a MEET packet from an unknown id
 *     -> node with a random id in HANDSHAKE --its PONG on our link--> renamed to its real id, known
 *                                            `--known already--> address updated, temporary node dropped
 */

/** Nodes in handshake at one time: MEET packets are not authenticated and must not cost memory. */
const HANDSHAKES_MAX = 512

/** @returns undefined if there is one with that address already, or too many */
export function startHandshake(
  state: ClusterState,
  address: {readonly ip: string; readonly port: number; readonly busPort: number; readonly plainPort: number},
  flags: number,
): ClusterNode | undefined {
  const {busPort, ip, plainPort, port} = address
  const pending = state.list().filter((node) => node.inHandshake)
  if (pending.length >= HANDSHAKES_MAX) return undefined
  if (pending.some((node) => node.ip === ip && node.port === port && node.busPort === busPort)) return undefined
  const node = new ClusterNode(state.rng.hex(40), NODE_FLAG.handshake | flags, state.nowMs)
  node.ip = ip
  node.port = port
  node.busPort = busPort
  node.plainPort = plainPort
  if (!state.addNode(node)) return undefined
  dial(state, node)
  return node
}

/** The peer answered under its real id. */
export function finishHandshake(state: ClusterState, node: ClusterNode, header: BusHeader): void {
  state.log('debug', `Handshake with node ${header.sender} completed.`)
  state.renameNode(node, header.sender)
  node.clear(NODE_FLAG.handshake | NODE_FLAG.meet)
  node.set(withOneRole(header.flags) & (NODE_FLAG.primary | NODE_FLAG.replica))
  state.save()
}

/** Forgets a node and all that hangs on it. */
export function deleteNode(state: ClusterState, node: ClusterNode): void {
  unbindAllSlotsOf(state, node)
  for (const table of [state.migrating, state.importing]) {
    for (const [slot, other] of [...table]) {
      if (other !== node) continue
      table.delete(slot)
      state.refreshServes(slot)
    }
  }
  for (const other of state.list()) {
    other.failureReports.delete(node)
    if (other.primary === node) other.primary = undefined
  }
  state.removeNode(node)
  state.election?.voters.delete(node)
  if (state.manual?.replica === node) endManualFailover(state)
  const {primary} = node
  node.primary = undefined
  if (primary && state.replicasOf(primary).length === 0) primary.clear(NODE_FLAG.migrateTo)
  closeLink(state, node.link)
  closeLink(state, node.inboundLink)
  state.stateDirty = true
}

/**
 * Takes the address that a packet on an accepted link shows; our own link is dialled anew if it changed.
 *
 * @returns true if it changed
 */
export function updateAddress(state: ClusterState, node: ClusterNode, link: ClusterLink, header: BusHeader): boolean {
  if (link === node.link) return false
  const ip = header.ip || link.peerIp
  const {busPort, plainPort, port} = header
  if (ip === '') return false
  if (node.ip === ip && node.port === port && node.busPort === busPort && node.plainPort === plainPort) return false
  setAddress(state, node, {ip, port, busPort, plainPort})
  state.log('warning', `Address updated for node ${node.id}, now ${ip}:${port}`)
  return true
}

export function setAddress(
  state: ClusterState,
  node: ClusterNode,
  address: {readonly ip: string; readonly port: number; readonly busPort: number; readonly plainPort: number},
): void {
  node.ip = address.ip
  node.port = address.port
  node.busPort = address.busPort
  node.plainPort = address.plainPort
  node.clear(NODE_FLAG.noaddr)
  closeLink(state, node.link)
  // However we learnt it: Redis re-points replication for the word of the node itself alone.
  if (state.myself.primary === node) announceRole(state)
}

/** Another node answers at this address: it has none that we know of. */
export function loseAddress(state: ClusterState, node: ClusterNode): void {
  node.set(NODE_FLAG.noaddr)
  node.ip = ''
  node.port = 0
  node.busPort = 0
  node.plainPort = 0
  closeLink(state, node.link)
  state.save()
}
