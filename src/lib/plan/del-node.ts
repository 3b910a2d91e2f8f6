import {CliError} from '../kernel/errors.js'
import {type Address, renderAddress} from '../model/address.js'
import {findNode, keyCountInAll, nameNode, openSlotsOf, ownRecord, primariesOf} from '../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../model/cluster-view.js'
import {isNodeId, type NodeId} from '../model/node-id.js'
import {countSlots, rangesOf, renderRanges} from '../model/slot-set.js'
import {requireNode} from './find-node.js'
import {plural} from './finding.js'
import {planRebalance} from './moves/rebalance.js'
import type {Move} from './moves/reshard-document.js'
import {type Rehoming, rehomeReplicas} from './replica-home.js'

export interface DelNodePlan {
  readonly node: NodeId
  /** HOST:PORT, or the id where nobody knows an address. */
  readonly address: string
  readonly role: NodeRecord['role']
  /** Whether it answers; one that does not is forgotten all the same. */
  readonly answers: boolean
  /** Slots that go to the other primaries first. */
  readonly slotCount: number
  /** Its replicas, and whom they follow then. */
  readonly rehome: readonly Rehoming[]
}

/** A node of the cluster that may not answer. */
interface Member {
  readonly id: NodeId
  readonly address: Address
  readonly record: NodeRecord
}

/**
 * Decides what it takes to remove a node.
 *
 * @param name - full id or HOST:PORT; the node need not answer
 * @throws {CliError} UNKNOWN_NODE; NODE_NOT_EMPTY if it owns slots and may not be drained, or holds keys beside them;
 *   CLUSTER_UNHEALTHY if it owns slots and does not answer, or is the last with slots, or slots move to or from it
 */
export function planDelNode(view: ClusterView, name: string, drain: boolean): DelNodePlan {
  const {address, id, record} = requireMember(view, name)
  const node = findNode(view, id)
  const slotCount = countSlots(record.slots)
  const title = nameNode({address, id})
  if (slotCount > 0 && !node) throw deadOwner(title, id, record, view)
  if (slotCount > 0 && !drain) {
    throw new CliError('NODE_NOT_EMPTY', `${title} owns ${slotCount} slots: ${renderRanges(record.slots)}`, {
      details: {nodeId: id, slotCount},
      suggestions: ['Pass --drain to move them to the other primaries first.'],
    })
  }
  if (slotCount > 0) drainMoves(view, id)
  requireNoMoves(view, id, title)
  const keys = node && record.role === 'primary' && slotCount === 0 ? keyCountInAll(node) : 0
  if (keys > 0) {
    throw new CliError('NODE_NOT_EMPTY', `${title} holds ${plural(keys, 'key')} of slots it does not own`, {
      suggestions: [
        `shoal fix ${renderAddress(view.seed)} (brings them to their owners)`,
        'FLUSHALL on it, if they are not needed.',
      ],
    })
  }
  return {
    node: id,
    // One that came back as another node has none any more.
    address: address.host === '' ? id : renderAddress(address),
    role: record.role,
    answers: node !== undefined,
    slotCount,
    rehome: rehomeReplicas(view, id),
  }
}

/**
 * The moves that take all slots off a primary, so that the others are as even as they can be by that alone.
 *
 * @throws {CliError} CLUSTER_UNHEALTHY if nobody else has slots
 */
export function drainMoves(view: ClusterView, id: NodeId): Move[] {
  const others = view.nodes.filter((node) => node.id !== id && (ownRecord(node)?.slots.length ?? 0) > 0)
  if (others.length === 0) throw noTaker(view, id)
  const {moves} = planRebalance(view, {weights: new Map([[id, 0]]), useEmptyPrimaries: false, thresholdPercent: 0})
  return moves.filter(({from}) => from === id)
}

/** Whoever has a slot open to the node forgets that with it, and hides the keys that went. */
function requireNoMoves(view: ClusterView, id: NodeId, title: string): void {
  const open = openSlotsOf(view)
    .filter(({node}) => ownRecord(node)?.role === 'primary')
    .filter(({node, peer}) => node.id === id || peer === id)
  if (open.length === 0) return
  const slots = renderRanges(rangesOf(new Set(open.map(({slot}) => slot))))
  throw new CliError('CLUSTER_UNHEALTHY', `slots ${slots} are on their way to or from ${title}`, {
    details: {nodeId: id, slots},
    suggestions: [
      'shoal jobs (an interrupted job of yours: shoal resume ID)',
      `shoal fix ${renderAddress(view.seed)} (if nobody is moving them)`,
    ],
  })
}

function noTaker(view: ClusterView, id: NodeId): CliError {
  const seed = renderAddress(view.seed)
  const isEmptyThere = primariesOf(view).some(({node}) => node.id !== id)
  return new CliError('CLUSTER_UNHEALTHY', 'no other primary has slots, so nobody can take them', {
    details: {nodeId: id},
    suggestions: isEmptyThere
      ? [`shoal rebalance ${seed} --weight ${id}=0 --use-empty-primaries (moves them to a primary without slots)`]
      : [`shoal add-node HOST:PORT ${seed} (adds a primary that can)`],
  })
}

function requireMember(view: ClusterView, name: string): Member {
  const text = name.trim()
  const id = text.toLowerCase()
  const absent = view.nodes
    .flatMap(({records}) => records)
    .filter((record) => !findNode(view, record.id) && !record.handshake)
    .find((record) => (isNodeId(id) ? record.id === id : renderAddress(record.address) === text))
  if (absent) return {id: absent.id, address: absent.address, record: newestRecord(view, absent.id) ?? absent}
  const node = requireNode(view, name)
  return {id: node.id, address: node.address, record: ownRecord(node) as NodeRecord}
}

/** What is known of a node that does not answer, by whoever knows its newest epoch; slots are told by that alone. */
function newestRecord(view: ClusterView, id: NodeId): NodeRecord | undefined {
  const records = view.nodes.flatMap((node) => node.records.filter((record) => record.id === id))
  return records.sort((a, b) => b.configEpoch - a.configEpoch)[0]
}

function deadOwner(title: string, id: NodeId, {slots}: NodeRecord, view: ClusterView): CliError {
  const replicas = view.nodes.filter((node) => ownRecord(node)?.primaryId === id)
  return new CliError('CLUSTER_UNHEALTHY', `${title} does not answer and owns slots ${renderRanges(slots)}`, {
    details: {nodeId: id, replicas: replicas.map((node) => node.id)},
    suggestions:
      replicas.length > 0
        ? replicas.map(({address}) => `shoal failover ${renderAddress(address)} --force`)
        : [
            'Bring it back: it has no replica that could take its slots over.',
            `shoal fix ${renderAddress(view.seed)} --fix-with-unreachable-primaries (gives up the keys that it alone has)`,
          ],
  })
}
