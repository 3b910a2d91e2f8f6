import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {findNode, keyCountInAll, nameNode, ownRecord} from '../model/cluster-map.js'
import type {ClusterView, NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {type DelNodePlan, drainMoves, planDelNode} from '../plan/del-node.js'
import {NEEDED} from '../plan/permissions/needed-commands.js'
import type {Rehoming} from '../plan/replica-home.js'
import {partial} from './create-join.js'
import {requireHealthy, settledView} from './fitness.js'
import {costOf, type PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'
import {requirePermissions} from './permissions.js'
import {settle} from './settle.js'

export interface PreparedDelNode {
  readonly plan: DelNodePlan
  /** The move that empties it; undefined if it has no slots. */
  readonly drain?: PreparedMoves
  readonly warnings: readonly string[]
}

export interface DelNodeOptions {
  /** Bound on each wait. Milliseconds. */
  readonly waitMs: number
  readonly signal: AbortSignal
  /** Told what is being done, one line at a time. */
  readonly onProgress: (text: string) => void
}

/**
 * Plans the removal of a node. Changes nothing.
 *
 * @throws {CliError} as `planDelNode`; BAD_FLAG if it is the seed; CLUSTER_UNHEALTHY, NODES_DISAGREE if slots must move
 */
export async function prepareDelNode(
  cluster: ObservedCluster,
  name: string,
  drain: boolean,
  signal: AbortSignal,
): Promise<PreparedDelNode> {
  const {node} = planDelNode(cluster.view, name, drain)
  const {seed} = cluster
  const victim = findNode(cluster.view, node)
  if (victim && victim.address.host === seed.host && victim.address.port === seed.port) {
    throw new CliError('BAD_FLAG', 'the node to remove is the seed; give another node of the cluster as the seed')
  }
  const view = await settledView(cluster, signal)
  const plan = planDelNode(view, node, drain)
  const silent = view.unreachable.filter(({id}) => id !== node)
  const warnings = silent.map(
    ({address}) =>
      `${renderAddress(address)} does not answer and cannot be told: if it comes back, it brings the node back`,
  )
  if (plan.slotCount === 0) return {plan, warnings}
  requireHealthy(view)
  return {plan, drain: await costOf(cluster, drainMoves(view, node)), warnings}
}

/**
 * Looks whether the user may do what the removal takes, before anything is moved for it.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requireRemovable({connections, options}: ObservedCluster, {node, rehome}: DelNodePlan): Promise<void> {
  const moving = new Set(rehome.map(({replica}) => replica))
  const needs = [...connections].map(([id, connection]) => {
    const needed = id === node ? [NEEDED.reset] : [NEEDED.forget, ...(moving.has(id) ? [NEEDED.replicate] : [])]
    return {id, connection, needed}
  })
  return requirePermissions(needs, options.username)
}

/**
 * Removes a node without slots: its replicas follow others, every node forgets it within the time they shut their ears to
 * gossip about it, and it forgets them. Each step is safe to repeat.
 *
 * @throws {CliError} PLAN_PARTIAL naming who did not; the same command continues. INTERRUPTED; as `planDelNode`
 */
export async function removeNode(
  cluster: ObservedCluster,
  id: NodeId,
  {onProgress, signal, waitMs}: DelNodeOptions,
): Promise<void> {
  const rehome = await requireEmptied(cluster, id, {signal, timeoutMs: waitMs})
  if (rehome.length > 0) {
    onProgress(`Giving ${rehome.length} replicas another primary`)
    await followOthers(cluster, rehome, {signal, timeoutMs: waitMs})
  }
  onProgress('Making all nodes forget it')
  const others = cluster.view.nodes.filter((node) => node.id !== id)
  const victim = findNode(cluster.view, id)
  const refusals = (await Promise.all(others.map((node) => forget(cluster, node, id)))).flat()
  if (refusals.length > 0) throw partial(`not every node forgot it: ${refusals.join('; ')}`)
  if (victim && victim.records.length > 1) {
    const [reply] = await cluster.connectionTo(id).pipeline([['CLUSTER', 'RESET', 'SOFT']])
    if (reply instanceof NodeReplyError) {
      throw partial(`${nameNode(victim)} was forgotten, but does not forget the others: ${reply.message}`)
    }
  }
  const look = () => cluster.observe(signal)
  const {problems} = await settle(look, (view) => judgeGone(view, id), {signal, timeoutMs: waitMs})
  if (problems.length > 0) throw partial(`the node is not gone after ${waitMs} ms: ${problems.join('; ')}`)
}

/**
 * Looks again: slots that somebody gave it since the plan was made would be lost with it. And a primary that gave its last
 * slot away may have become a replica, and its replicas those of another.
 *
 * @returns where its replicas go
 * @throws {CliError} as `planDelNode`
 */
async function requireEmptied(
  cluster: ObservedCluster,
  id: NodeId,
  options: {signal: AbortSignal; timeoutMs: number},
): Promise<readonly Rehoming[]> {
  // After an atomic migration the source drops the keys in the background.
  const judge = (view: ClusterView) => {
    const node = findNode(view, id)
    const own = node && ownRecord(node)
    const isDropping = own?.role === 'primary' && own.slots.length === 0 && keyCountInAll(node as NodeView) > 0
    return isDropping ? ['it still holds keys'] : []
  }
  const {state} = await settle(() => cluster.observe(options.signal), judge, options)
  return planDelNode(state, id, false).rehome
}

async function followOthers(
  cluster: ObservedCluster,
  rehome: readonly Rehoming[],
  options: {signal: AbortSignal; timeoutMs: number},
): Promise<void> {
  const refusals = await Promise.all(
    rehome.map(async ({replica, to}) => {
      const [reply] = await cluster.connectionTo(replica).pipeline([['CLUSTER', 'REPLICATE', to]])
      return reply instanceof NodeReplyError ? [`${replica}: ${reply.message}`] : []
    }),
  )
  if (refusals.flat().length > 0) throw partial(`replicas do not follow another primary: ${refusals.flat().join('; ')}`)
  const judge = (view: ClusterView) =>
    rehome.flatMap(({replica, to}) => {
      const node = findNode(view, replica)
      const synced = node && ownRecord(node)?.primaryId === to && node.info.get('master_link_status') === 'up'
      return synced ? [] : [`${node ? nameNode(node) : replica} is not in sync with its new primary`]
    })
  const {problems} = await settle(() => cluster.observe(options.signal), judge, options)
  if (problems.length > 0) throw partial(problems.join('; '))
}

/** @returns why not; empty if the node does not know it any more */
async function forget(cluster: ObservedCluster, node: NodeView, id: NodeId): Promise<string[]> {
  try {
    const [reply] = await cluster.connectionTo(node.id).pipeline([['CLUSTER', 'FORGET', id]])
    const isGone = !(reply instanceof NodeReplyError) || /unknown node/i.test(reply.message)
    return isGone ? [] : [`${nameNode(node)}: ${messageOf(reply)}`]
  } catch (error) {
    if (error instanceof CliError) return [messageOf(error)]
    throw error
  }
}

/** Gossip brings it back as long as one node knows it, or it knows one. */
function judgeGone(view: ClusterView, id: NodeId): string[] {
  const knowing = view.nodes.filter((node) => node.id !== id && node.records.some((record) => record.id === id))
  return knowing.map((node) => `${nameNode(node)} still knows it`)
}
