import {CliError} from '../kernel/errors.js'
import {keyCountInAll, nameNode, type ObservedNode, ownRecord, primariesOf, replicasOf} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {countSlots, renderRanges} from '../model/slot-set.js'
import {requirePrimary} from './reshard-nodes.js'

export interface AddNodeRequest {
  /** Join as a replica; else as a primary without slots. */
  readonly replica: boolean
  /** Full id or HOST:PORT of the primary to replicate; undefined: the one that needs it most. */
  readonly primary?: string | undefined
}

export interface AddNodePlan {
  readonly node: NodeId
  readonly role: 'primary' | 'replica'
  /** Of a replica. */
  readonly primary?: NodeId
  /** What is left to do; empty if the node is what was asked for already. */
  readonly steps: readonly ('meet' | 'functions' | 'replicate')[]
}

/**
 * Decides how a node joins. A run that was cut short is continued by the same request.
 *
 * @param view - the cluster; may hold the node already
 * @param node - the newcomer's own view
 * @throws {CliError} NODE_NOT_EMPTY if it has slots, keys or another cluster; UNKNOWN_NODE, NOT_A_PRIMARY
 */
export function planAddNode(view: ClusterView, node: NodeView, request: AddNodeRequest): AddNodePlan {
  const own = ownRecord(node)
  const isMember = view.nodes.some(({id}) => id === node.id)
  const isReplica = own?.role === 'replica'
  if (!isMember) requireEmpty(view, node)
  else if (!request.replica && isReplica) {
    throw notEmpty(node, 'is a member of this cluster already, as a replica')
  }
  const meet = isMember ? [] : (['meet'] as const)
  if (!request.replica)
    return {node: node.id, role: 'primary', steps: [...meet, ...(isMember ? [] : (['functions'] as const))]}
  if (own && own.slots.length > 0) throw notEmpty(node, `owns slots: ${renderRanges(own.slots)}`)
  const primary =
    request.primary === undefined && isReplica && own.primaryId !== undefined
      ? own.primaryId
      : choosePrimary(view, node, request.primary)
  const steps = own?.primaryId === primary ? [] : (['replicate'] as const)
  return {node: node.id, role: 'replica', primary, steps: [...meet, ...steps]}
}

function requireEmpty(view: ClusterView, node: NodeView): void {
  const own = ownRecord(node)
  const members = new Set(view.nodes.flatMap(({records}) => records.map(({id}) => id)))
  const strangers = node.records.filter(({handshake, id}) => id !== node.id && !handshake && !members.has(id))
  if (strangers.length > 0) {
    throw notEmpty(node, `belongs to another cluster: it knows ${strangers.slice(0, 3).map(nameNode).join(', ')}`)
  }
  if (own && own.slots.length > 0) throw notEmpty(node, `owns slots: ${renderRanges(own.slots)}`)
  if (own?.role === 'replica') throw notEmpty(node, 'is a replica')
  const keys = keyCountInAll(node)
  if (keys > 0) throw notEmpty(node, `holds ${keys} ${keys === 1 ? 'key' : 'keys'}`)
}

function notEmpty(node: NodeView, what: string): CliError {
  return new CliError('NODE_NOT_EMPTY', `${nameNode(node)} ${what}; nothing was changed`, {
    details: {nodeId: node.id},
    suggestions: ['If nothing on it is needed, empty it with FLUSHALL and CLUSTER RESET HARD, then try again.'],
  })
}

/** The primary with the fewest replicas; among those one on another host and in another zone, then the one with most slots. */
function choosePrimary(view: ClusterView, newcomer: NodeView, name: string | undefined): NodeId {
  if (name !== undefined) return requirePrimary(view, name).node.id
  const candidates = primariesOf(view).filter(({node, own}) => own.slots.length > 0 && node.id !== newcomer.id)
  const [best] = candidates
    .map((candidate) => ({candidate, rank: rankOf(view, candidate, newcomer)}))
    .sort((a, b) => compareRanks(a.rank, b.rank))
  if (best) return best.candidate.node.id
  throw new CliError('NOT_A_PRIMARY', 'no primary of this cluster has slots, so there is nothing to replicate')
}

/** Lower is better, from left to right. */
function rankOf(view: ClusterView, {node, own}: ObservedNode, newcomer: NodeView): number[] {
  const members = [
    node,
    ...replicasOf(view)
      .filter(({own: each}) => each.primaryId === node.id)
      .map((each) => each.node),
  ]
  const zone = zoneOf(newcomer)
  const beside = members.filter((member) => member.address.host === newcomer.address.host).length
  const sameZone = zone === undefined ? 0 : members.filter((member) => zoneOf(member) === zone).length
  return [members.length, sameZone, beside, -countSlots(own.slots)]
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const difference = rank - (b[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function zoneOf({info}: NodeView): string | undefined {
  return info.get('availability_zone') || undefined
}
