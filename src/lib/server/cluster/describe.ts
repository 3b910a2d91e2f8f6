import {MESSAGE_TYPES} from '../../protocol/bus/message.js'
import {announcedBusPort, announcedPort} from './messages.js'
import type {ClusterNode} from './node.js'
import {renderFlags} from './nodes-conf.js'
import type {ClusterState} from './state.js'

/** The cluster as text: CLUSTER NODES, CLUSTER INFO, nodes.conf (wire.md 1.14, 1.15). */

/** One line of CLUSTER NODES, without the newline. */
export function renderNode(state: ClusterState, node: ClusterNode, withAux = false): string {
  const {isMyself} = node
  const port = isMyself ? announcedPort(state) : node.port
  const busPort = isMyself ? announcedBusPort(state) : node.busPort
  const suffix = [node.hostname, ...(withAux ? node.aux : [])]
  const names = suffix.some((text) => text !== '') ? `,${suffix.join(',')}` : ''
  const epoch = (node.isReplica ? node.primary?.configEpoch : undefined) ?? node.configEpoch
  const fields = [
    node.id,
    `${node.ip}:${port}@${busPort}${names}`,
    renderFlags(node.flags),
    node.primary?.id ?? '-',
    Math.floor(node.pingSentMs),
    Math.floor(node.pongReceivedMs),
    epoch,
    isMyself || node.link?.open ? 'connected' : 'disconnected',
  ]
  for (const {first, last} of node.slots.ranges()) {
    fields.push(first === last ? first : `${first}-${last}`)
  }
  if (isMyself) {
    for (const [slot, to] of sorted(state.migrating)) fields.push(`[${slot}->-${to.id}]`)
    for (const [slot, from] of sorted(state.importing)) fields.push(`[${slot}-<-${from.id}]`)
  }
  return fields.join(' ')
}

function sorted(open: ReadonlyMap<number, ClusterNode>): [number, ClusterNode][] {
  return [...open].sort(([a], [b]) => a - b)
}

/** CLUSTER NODES; every line ends in a newline. */
export function renderNodes(state: ClusterState): string {
  return state
    .list()
    .map((node) => `${renderNode(state, node)}\n`)
    .join('')
}

/** The whole file. Nodes in handshake have no name of their own yet and are left out. */
export function renderNodesConf(state: ClusterState): string {
  const lines = state.list().filter((node) => !node.inHandshake)
  const text = lines.map((node) => `${renderNode(state, node, true)}\n`).join('')
  return `${text}vars currentEpoch ${state.currentEpoch} lastVoteEpoch ${state.lastVoteEpoch}\n`
}

/** CLUSTER INFO: CRLF lines; message counts only if not zero. */
export function renderInfo(state: ClusterState): string {
  let assigned = 0
  let failing = 0
  let suspected = 0
  for (const {failed, slots, suspected: isSuspected} of state.list()) {
    assigned += slots.count
    if (failed) failing += slots.count
    else if (isSuspected) suspected += slots.count
  }
  const {myself} = state
  const lines: [string, string | number][] = [
    ['cluster_state', state.stateOk ? 'ok' : 'fail'],
    ['cluster_slots_assigned', assigned],
    ['cluster_slots_ok', assigned - failing - suspected],
    ['cluster_slots_pfail', suspected],
    ['cluster_slots_fail', failing],
    ['cluster_known_nodes', state.nodes.size],
    ['cluster_size', state.size],
    ['cluster_current_epoch', state.currentEpoch],
    ['cluster_my_epoch', (state.primaryOf(myself) ?? myself).configEpoch],
    ...messageCounts(state.sent, 'sent'),
    ...messageCounts(state.received, 'received'),
    ['total_cluster_links_buffer_limit_exceeded', state.linksOverLimit],
  ]
  return lines.map(([name, value]) => `${name}:${value}\r\n`).join('')
}

function messageCounts(counts: readonly number[], direction: 'sent' | 'received'): [string, number][] {
  // As Redis abbreviates.
  const types = Object.keys(MESSAGE_TYPES).map((type) => (type === 'auth-request' ? 'auth-req' : type))
  const lines = counts.flatMap((count, type): [string, number][] =>
    count === 0 ? [] : [[`cluster_stats_messages_${types[type]}_${direction}`, count]],
  )
  return [...lines, [`cluster_stats_messages_${direction}`, counts.reduce((sum, count) => sum + count, 0)]]
}
