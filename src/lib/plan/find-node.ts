import {CliError} from '../kernel/errors.js'
import {renderAddress, tryParseAddress} from '../model/address.js'
import {nameNode, type ObservedNode, ownRecord, primariesOf} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord, NodeView} from '../model/cluster-view.js'
import {isNodeId, type NodeId} from '../model/node-id.js'

/** Which node an operator means: a full id (any case) or a HOST:PORT of the cluster. */

/** Short ids are refused, not guessed: in a large cluster the eight characters on the screen may fit two nodes. */
const SHORT_ID = /^[0-9a-f]{1,39}$/

/**
 * @param name - a 40-character id, or the address or announced address of a node
 * @throws {CliError} UNKNOWN_NODE; for a short id the suggestions hold the full ids that match
 */
export function requireNode(view: ClusterView, name: string): NodeView {
  const text = name.trim()
  const id = text.toLowerCase()
  if (isNodeId(id)) {
    const node = view.nodes.find((candidate) => candidate.id === id)
    if (node) return node
    throw unknownNode(view, `node ${id} is not part of this cluster, or did not answer`, {id})
  }
  const address = tryParseAddress(text)
  if (address) {
    const wanted = renderAddress(address)
    const node = view.nodes.find((candidate) => namesOf(candidate).includes(wanted))
    if (node) return node
    throw unknownNode(view, `no node of this cluster is at ${wanted}`, {address: wanted})
  }
  if (SHORT_ID.test(id)) throw shortIdRefused(view, id)
  throw unknownNode(view, `${JSON.stringify(text)} is neither a node id nor HOST:PORT`, {name: text})
}

/**
 * As `requireNode`, for a node that must own slots or may receive them.
 *
 * @throws {CliError} UNKNOWN_NODE, NOT_A_PRIMARY
 */
export function requirePrimary(view: ClusterView, name: string): ObservedNode {
  const node = requireNode(view, name)
  const own = ownRecord(node)
  if (own?.role === 'primary') return {node, own}
  const primaryId = own?.primaryId
  throw new CliError('NOT_A_PRIMARY', `${nameNode(node)} is a replica; only primaries own slots`, {
    details: {nodeId: node.id, ...(primaryId !== undefined && {primaryId})},
    ...(primaryId !== undefined && {suggestions: [`Its primary is ${primaryId}.`]}),
  })
}

/** What a node that answers may be called by: where it was reached, and as it is announced. None twice. */
export function namesOf(node: NodeView): string[] {
  const own = ownRecord(node)
  return [...new Set([renderAddress(node.address), ...(own ? announcedNames(own) : [])])]
}

/** An empty host is one that the node leaves to whoever reached it. */
function announcedNames({address, hostname}: NodeRecord): string[] {
  const hosts = [address.host, ...(hostname === undefined ? [] : [hostname])].filter((host) => host !== '')
  return hosts.map((host) => renderAddress({host, port: address.port}))
}

/**
 * Which node is called so, be it one that does not answer.
 *
 * @param name - HOST:PORT, reached or announced
 * @returns undefined if none is; a full id is none either
 */
export function idOfNamed(view: ClusterView, name: string): NodeId | undefined {
  const address = tryParseAddress(name)
  if (!address) return undefined
  const wanted = renderAddress(address)
  const node = view.nodes.find((candidate) => namesOf(candidate).includes(wanted))
  if (node) return node.id
  const records = view.nodes.flatMap((each) => each.records)
  return records.find((record) => announcedNames(record).includes(wanted))?.id
}

function shortIdRefused(view: ClusterView, text: string): CliError {
  const matches = view.nodes.filter(({id}) => id.startsWith(text))
  if (matches.length === 0) return unknownNode(view, `no node id of this cluster starts with ${text}`, {id: text})
  return new CliError('UNKNOWN_NODE', `${text} is a shortened node id; the full one is needed`, {
    details: {id: text, matches: matches.map(({id}) => id)},
    suggestions: matches.map((node) => `${node.id} is ${renderAddress(node.address)}`),
  })
}

function unknownNode(view: ClusterView, message: string, details: Record<string, unknown>): CliError {
  return new CliError('UNKNOWN_NODE', message, {
    details,
    suggestions: primariesOf(view).map(({node}) => `${node.id} is ${renderAddress(node.address)}`),
  })
}
