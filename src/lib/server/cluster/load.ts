import {NODE_FLAG} from '../../protocol/bus/message.js'
import {ClusterNode} from './node.js'
import {type NodesConfNode, parseNodesConf} from './nodes-conf.js'
import {attach} from './roles.js'
import {bindSlot} from './slots.js'
import type {ClusterState} from './state.js'

/**
 * Fills a fresh state from nodes.conf. Link times are not taken over: a node that was pinged before counts as pinged now.
 *
 * @throws {NodesConfError} if the text is damaged
 */
export function loadNodesConf(state: ClusterState, text: string): void {
  const conf = parseNodesConf(text)
  state.rejoinedMs = state.nowMs
  for (const line of conf.nodes) {
    const node = nodeOf(state, line)
    if (node.isMyself) state.myself = node
    state.addNode(node)
  }
  for (const line of conf.nodes) {
    const node = state.nodes.get(line.id) as ClusterNode
    if (line.primary !== '') attach(state, node, known(state, line.primary))
    for (const slot of line.slots) bindSlot(state, slot, node)
    if (!node.isMyself) continue
    for (const [slot, id] of line.migrating) state.migrating.set(slot, known(state, id))
    for (const [slot, id] of line.importing) state.importing.set(slot, known(state, id))
  }
  state.currentEpoch = conf.currentEpoch
  state.lastVoteEpoch = conf.lastVoteEpoch
  for (const warning of conf.warnings) state.log('warning', warning)
}

function nodeOf(state: ClusterState, line: NodesConfNode): ClusterNode {
  const node = new ClusterNode(line.id, line.flags, state.nowMs)
  node.ip = line.ip
  node.port = line.port
  node.busPort = line.busPort
  node.hostname = line.hostname
  node.aux = line.aux
  node.configEpoch = line.configEpoch
  if (line.hasPing) node.pingSentMs = state.nowMs
  if (line.hasPong) node.pongReceivedMs = state.nowMs
  if (node.failed) node.failTimeMs = state.nowMs
  return node
}

/** A node that only another's line names: known by id, reachable nowhere until gossip tells more. */
function known(state: ClusterState, id: string): ClusterNode {
  const node = state.nodes.get(id)
  if (node) return node
  const placeholder = new ClusterNode(id, NODE_FLAG.noaddr, state.nowMs)
  state.addNode(placeholder)
  return placeholder
}
