import {SLOT_COUNT} from '../../model/slot-set.js'
import {NODE_FLAG} from '../../protocol/bus/message.js'
import {ClusterNode} from './node.js'
import {type NodesConfNode, parseNodesConf} from './nodes-conf.js'
import {attach} from './roles.js'
import {bindSlot, setImporting} from './slots.js'
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

/**
 * A primary that loaded keys of slots that are not its own: it takes those that nobody has, and opens the others for import,
 * so that their keys can be moved to where they belong.
 *
 * @param isHidden - whose keys are being seen to otherwise
 */
export function claimSlotsWithKeys(state: ClusterState, isHidden: (slot: number) => boolean): void {
  const {myself} = state
  if (!myself.isPrimary) return
  let isChanged = false
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = state.owners[slot]
    if (owner === myself || state.importing.has(slot) || state.ports.countKeysInSlot(slot) === 0) continue
    if (isHidden(slot)) continue
    isChanged = true
    if (owner === undefined) {
      state.log('warning', `I have keys for unassigned slot ${slot}. Taking responsibility for it.`)
      bindSlot(state, slot, myself)
    } else {
      const text = `I have keys for slot ${slot}, but the slot is assigned to another node. Setting it to importing state.`
      state.log('warning', text)
      setImporting(state, slot, owner)
    }
  }
  if (isChanged) state.save(true)
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
