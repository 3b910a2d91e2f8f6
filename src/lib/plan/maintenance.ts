import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {findNode, nameNode, ownersOf, ownRecord, primariesOf, replicasOf} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import {type NodeId, shortId} from '../model/node-id.js'
import {countSlots, parseRanges, rangesOf, renderRanges, slotsOf} from '../model/slot-set.js'
import {drainMoves} from './del-node.js'
import {namesOf, requireNode} from './find-node.js'
import type {Move} from './moves/reshard-document.js'

/** How a node comes to serve no slot: it serves none anyway, a replica takes over, or its slots move away. */
export type MaintenanceWay = 'nothing' | 'failover' | 'drain'

/** What is written down of a node before it is emptied, to bring everything back. */
export interface MaintenanceNote {
  readonly version: 1
  readonly node: NodeId
  readonly address: string
  /** ISO 8601. */
  readonly at: string
  /** Names of other nodes, to find the cluster by. */
  readonly members: readonly string[]
  readonly way: MaintenanceWay
  /** `0-5460`: what it served. */
  readonly slots: string
}

export interface MaintenancePlan {
  readonly node: NodeId
  readonly address: string
  readonly role: 'primary' | 'replica'
  readonly way: MaintenanceWay
  readonly slots: string
  /** The replica that takes over. */
  readonly successor?: NodeId
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
}

/**
 * Decides how a node is relieved of its slots.
 *
 * @param name - full id or HOST:PORT
 * @throws {CliError} UNKNOWN_NODE; CLUSTER_UNHEALTHY if it has the only copy of its slots and may not be drained, or nobody
 *   could take them
 */
export function planMaintenance(view: ClusterView, name: string, drain: boolean): MaintenancePlan {
  const node = requireNode(view, name)
  const own = ownRecord(node)
  const role = own?.role ?? 'primary'
  const slots = own?.slots ?? []
  const common = {node: node.id, address: renderAddress(node.address), role, slots: renderRanges(slots)}
  if (role === 'replica' || slots.length === 0) {
    return {
      ...common,
      slots: '',
      way: 'nothing',
      warnings: own?.primaryId ? lastCopy(view, own.primaryId, node.id) : [],
    }
  }
  if (drain) {
    drainMoves(view, node.id)
    return {...common, way: 'drain', warnings: []}
  }
  const successor = bestReplica(view, node)
  if (!successor) throw noReplica(view, node)
  const warnings = lastCopy(view, node.id, successor.id, [nameNode(successor), renderRanges(slots)])
  return {...common, way: 'failover', successor: successor.id, warnings}
}

/** The replica in sync that is furthest; of those one on another host. */
function bestReplica(view: ClusterView, node: NodeView): NodeView | undefined {
  const rank = ({address, info}: NodeView) => [
    address.host === node.address.host ? 1 : 0,
    -Number(info.get('slave_repl_offset') ?? 0),
  ]
  const ready = replicasOf(view).filter(
    (each) => each.own.primaryId === node.id && each.node.info.get('master_link_status') === 'up',
  )
  const [best] = ready.sort((a, b) => {
    const [x, y] = [rank(a.node), rank(b.node)] as [[number, number], [number, number]]
    return x[0] - y[0] || x[1] - y[1]
  })
  return best?.node
}

/** Whether a shard has one copy left without the node; `except` is not counted as a replica of it. */
function lastCopy(view: ClusterView, primary: NodeId, except: NodeId, then?: [name: string, slots: string]): string[] {
  const left = replicasOf(view).filter(({node, own}) => own.primaryId === primary && node.id !== except)
  if (left.length > 0) return []
  const node = findNode(view, primary)
  const [name, slots] = then ?? [node ? nameNode(node) : shortId(primary), 'its slots']
  return [`while the node is away ${name} has the only copy of ${slots === 'its slots' ? slots : `slots ${slots}`}`]
}

function noReplica(view: ClusterView, node: NodeView): CliError {
  const behind = replicasOf(view).filter(({own}) => own.primaryId === node.id)
  const silent = new Map(
    view.nodes
      .flatMap(({records}) => records)
      .filter(({id, primaryId}) => primaryId === node.id && !findNode(view, id))
      .map((record) => [record.id, record]),
  )
  const names = [
    ...behind.map((each) => nameNode(each.node)),
    ...[...silent.values()].map((record) => `${nameNode(record)}, which does not answer`),
  ]
  const why = names.length === 0 ? 'has no replica' : `has no replica in sync (${names.join(', ')})`
  const address = renderAddress(node.address)
  return new CliError('CLUSTER_UNHEALTHY', `${nameNode(node)} ${why}: it holds the only copy of its slots`, {
    details: {nodeId: node.id, replicas: [...behind.map((each) => each.node.id), ...silent.keys()]},
    suggestions: [`shoal maintenance on ${address} --drain (moves its slots to the other primaries)`],
  })
}

/** What is left to do to bring a node back. */
export type ReturnPlan =
  | {readonly kind: 'nothing'; readonly warnings: readonly string[]}
  /** It takes over from the primary it follows, once it is in sync. */
  | {readonly kind: 'failover'; readonly primary: NodeId; readonly warnings: readonly string[]}
  | {readonly kind: 'moves'; readonly moves: readonly Move[]; readonly warnings: readonly string[]}

/**
 * Decides how a node gets back what it served, wherever that is by now.
 *
 * @throws {CliError} UNREACHABLE if the node does not answer; PREFLIGHT_FAILED if it has lost its place in the cluster
 */
export function planReturn(view: ClusterView, note: MaintenanceNote): ReturnPlan {
  const node = findNode(view, note.node)
  const own = node && ownRecord(node)
  if (!node || !own) throw notThere(view, note)
  const served = slotsOf(parseRanges(note.slots) ?? [])
  const owners = ownersOf(view)
  const away = served.filter((slot) => owners[slot] !== note.node)
  if (note.way === 'nothing' || away.length === 0) return {kind: 'nothing', warnings: []}
  if (note.way === 'drain') return {kind: 'moves', moves: movesBack(view, note, away), warnings: []}
  if (own.role === 'primary') {
    // It was promoted already; what moved on since went for a reason.
    if (own.slots.length > 0) return {kind: 'nothing', warnings: wentOn(away)}
    throw lostPlace(note, `${nameNode(node)} is a primary without slots, and follows nobody`, owners[away[0] as number])
  }
  const primary = own.primaryId as NodeId
  const elsewhere = away.filter((slot) => owners[slot] !== primary)
  if (elsewhere.length === away.length) {
    throw lostPlace(
      note,
      `${nameNode(node)} follows ${shortId(primary)}, which has none of its slots`,
      owners[away[0] as number],
    )
  }
  return {kind: 'failover', primary, warnings: elsewhere.length > 0 ? wentOn(elsewhere) : []}
}

function movesBack(view: ClusterView, note: MaintenanceNote, away: readonly number[]): Move[] {
  const owners = ownersOf(view)
  const primaries = new Set(primariesOf(view).map(({node}) => node.id))
  const bySource = new Map<NodeId, number[]>()
  for (const slot of away) {
    const owner = owners[slot]
    if (owner !== undefined && primaries.has(owner)) bySource.set(owner, [...(bySource.get(owner) ?? []), slot])
  }
  return [...bySource].map(([from, slots]) => ({from, to: note.node, slots: rangesOf(slots)}))
}

function wentOn(slots: readonly number[]): string[] {
  const ranges = rangesOf(slots)
  return [`slots ${renderRanges(ranges)} (${countSlots(ranges)}) went to other primaries meanwhile and stay there`]
}

function notThere(view: ClusterView, {address, node}: MaintenanceNote): CliError {
  const other = view.nodes.find((each) => namesOf(each).includes(address))
  if (!other) {
    return new CliError('UNREACHABLE', `${address} (${shortId(node)}) does not answer; start it first`, {
      details: {nodeId: node},
      suggestions: [`shoal maintenance off ${node} --seed ${renderAddress(view.seed)}`],
    })
  }
  return new CliError(
    'PREFLIGHT_FAILED',
    `${address} was ${shortId(node)} when it went into maintenance and is ${shortId(other.id)} now: another node took its place`,
    {details: {nodeId: node, present: other.id}, suggestions: [`shoal maintenance off ${node} --discard`]},
  )
}

function lostPlace({address, node}: MaintenanceNote, what: string, owner: NodeId | undefined): CliError {
  return new CliError('PREFLIGHT_FAILED', `${what}: it cannot take over`, {
    details: {nodeId: node, ...(owner !== undefined && {owner})},
    suggestions: [
      ...(owner === undefined
        ? []
        : [`redis-cli -u redis://${address} cluster replicate ${owner}, then this command again`]),
      `shoal maintenance off ${node} --discard (leaves all as it is)`,
    ],
  })
}
