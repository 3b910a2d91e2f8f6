import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {keyCountInAll, nameNode, ownRecord} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {renderRanges} from '../model/slot-set.js'
import {requirePrimary} from './find-node.js'
import {chooseHome} from './replica-home.js'

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
    throw memberAlready(view, node, 'is a member of this cluster already, as a replica', ['', ''])
  }
  const meet = isMember ? [] : (['meet'] as const)
  if (!request.replica)
    return {node: node.id, role: 'primary', steps: [...meet, ...(isMember ? [] : (['functions'] as const))]}
  if (own && own.slots.length > 0) {
    const what = `is a member of this cluster already, and owns slots: ${renderRanges(own.slots)}`
    throw memberAlready(view, node, what, [' --drain', ' --replica'])
  }
  const primary =
    request.primary === undefined && isReplica && own.primaryId !== undefined
      ? own.primaryId
      : primaryFor(view, node, request.primary)
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

/** It has what the cluster needs, so it must not be emptied by hand. */
function memberAlready(
  {seed}: ClusterView,
  node: NodeView,
  what: string,
  [leaving, coming]: [string, string],
): CliError {
  const [own, other] = [renderAddress(node.address), renderAddress(seed)]
  return new CliError('NODE_NOT_EMPTY', `${nameNode(node)} ${what}; nothing was changed`, {
    details: {nodeId: node.id},
    suggestions: [`shoal del-node ${other} ${own}${leaving}, then shoal add-node ${own} ${other}${coming}`],
  })
}

function primaryFor(view: ClusterView, newcomer: NodeView, name: string | undefined): NodeId {
  if (name !== undefined) return requirePrimary(view, name).node.id
  const home = chooseHome(view, newcomer)
  if (home !== undefined) return home
  throw new CliError('NOT_A_PRIMARY', 'no primary of this cluster has slots, so there is nothing to replicate')
}
