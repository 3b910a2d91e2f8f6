import {greet} from './messages.js'
import type {ClusterLink, ClusterNode} from './node.js'
import type {ClusterState} from './state.js'

/** Connections (wire.md 1.1): one we dial to every node, one every node dials to us. */

/** Accepted links whose sender has not said who it is; the oldest goes first beyond that. */
const STRANGERS_MAX = 256

export function dial(state: ClusterState, node: ClusterNode): void {
  if (node.ip === '' || node.busPort === 0) {
    // Cannot be dialled. Failure detection needs a ping in flight, so claim one.
    if (node.pingSentMs === 0) node.pingSentMs = state.nowMs
    return
  }
  const link = newLink(state, state.newLinkId(), node)
  node.link = link
  state.emit({kind: 'dial', link: link.id, host: node.ip, port: node.busPort})
}

export function onLinkOpened(state: ClusterState, id: number, localIp: string, peerIp: string): void {
  const link = state.links.get(id)
  if (!link?.node) return
  link.open = true
  link.localIp = localIp
  link.peerIp = peerIp
  greet(state, link)
}

export function onLinkAccepted(state: ClusterState, id: number, localIp: string, peerIp: string): void {
  const strangers = [...state.links.values()].filter((link) => link.id < 0 && !link.node)
  if (strangers.length >= STRANGERS_MAX) closeLink(state, strangers[0] as ClusterLink)
  const link = newLink(state, id, undefined)
  link.open = true
  link.localIp = localIp
  link.peerIp = peerIp
}

export function onLinkClosed(state: ClusterState, id: number): void {
  const link = state.links.get(id)
  if (!link) return
  // A dial that failed: without a ping in flight the node would never be suspected.
  if (!link.open && link.node && link.node.pingSentMs === 0) link.node.pingSentMs = state.nowMs
  detach(state, link)
}

/** The link is gone at once; the driver reports nothing about it any more. */
export function closeLink(state: ClusterState, link: ClusterLink | undefined): void {
  if (!link || !state.links.has(link.id)) return
  detach(state, link)
  state.emit({kind: 'close-link', link: link.id})
}

/** Remembers who is at the other end of an accepted link; a newer link replaces an older one of the same node. */
export function bindInbound(state: ClusterState, link: ClusterLink, node: ClusterNode): void {
  if (node.inboundLink === link) return
  closeLink(state, node.inboundLink)
  // CLUSTER RESET HARD gives the node at the other end a new id.
  if (link.node?.inboundLink === link) link.node.inboundLink = undefined
  node.inboundLink = link
  link.node = node
}

/** Closes every link whose send buffer is over `cluster-link-sendbuf-limit`. */
export function closeLinksOverLimit(state: ClusterState): void {
  const limit = state.config.linkSendbufLimitBytes
  if (limit === 0) return
  for (const link of [...state.links.values()]) {
    if (link.queuedBytes <= limit) continue
    const direction = link.id > 0 ? 'to' : 'from'
    state.log(
      'warning',
      `Freeing outbound cluster link ${direction} node ${link.node?.id ?? '(unknown)'} after exceeding send buffer ` +
        `memory limit. Used memory: ${link.queuedBytes}`,
    )
    state.linksOverLimit++
    closeLink(state, link)
  }
}

function newLink(state: ClusterState, id: number, node: ClusterNode | undefined): ClusterLink {
  const link: ClusterLink = {
    id,
    node,
    createdMs: state.nowMs,
    open: false,
    localIp: '',
    peerIp: '',
    queuedBytes: 0,
    pending: [],
  }
  state.links.set(id, link)
  return link
}

function detach(state: ClusterState, link: ClusterLink): void {
  state.links.delete(link.id)
  if (link.node?.link === link) link.node.link = undefined
  if (link.node?.inboundLink === link) link.node.inboundLink = undefined
}
