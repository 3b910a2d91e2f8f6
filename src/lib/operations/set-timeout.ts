import {NODE_TIMEOUT, nodeTimeoutIn} from '../client/node-timeout.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {nameNode} from '../model/cluster-map.js'
import type {NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {neededForTimeout} from '../plan/permissions/change-permissions.js'
import type {ObservedCluster} from './observe.js'
import {requireNeeds} from './permissions.js'

/** Below this, a node that is merely busy is taken for dead. Milliseconds. */
export const NODE_TIMEOUT_MS_MIN = 100

/** What a node has, and what it was given. Milliseconds. */
export interface NodeTimeout {
  readonly id: NodeId
  readonly address: string
  readonly before: number
  readonly after: number
  /** Whether a restart keeps it. */
  readonly persisted: boolean
}

export interface TimeoutChange {
  readonly nodes: readonly NodeTimeout[]
  readonly warnings: readonly string[]
}

/**
 * Looks whether the user may read and set the node timeout everywhere, and have it kept.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requireSettable(cluster: ObservedCluster): Promise<void> {
  return requireNeeds(cluster, neededForTimeout(cluster.view.nodes.map(({id}) => id)))
}

/**
 * What each node's timeout is now.
 *
 * @throws {CliError} PREFLIGHT_FAILED if a node does not tell
 */
export async function readTimeouts(cluster: ObservedCluster): Promise<ReadonlyMap<NodeId, number>> {
  const timeouts = await Promise.all(
    cluster.view.nodes.map(async (node) => {
      const reply = await cluster.connectionTo(node.id).call('CONFIG', 'GET', NODE_TIMEOUT).catch(asReplyError)
      const timeout = nodeTimeoutIn(reply)
      if (timeout !== undefined) return [node.id, timeout] as const
      throw new CliError('PREFLIGHT_FAILED', `${nameNode(node)} does not tell its ${NODE_TIMEOUT}: ${messageOf(reply)}`)
    }),
  )
  return new Map(timeouts)
}

/**
 * Sets the node timeout everywhere, or nowhere: nodes with different timeouts do not agree on who is dead.
 *
 * @param before - from `readTimeouts`
 * @param timeoutMs - at least `NODE_TIMEOUT_MS_MIN`
 * @throws {CliError} PREFLIGHT_FAILED if a node refused and the others have their old value back; PLAN_PARTIAL if they
 *   do not
 */
export async function setTimeouts(
  cluster: ObservedCluster,
  before: ReadonlyMap<NodeId, number>,
  timeoutMs: number,
): Promise<TimeoutChange> {
  const {nodes} = cluster.view
  const refusals = await setAll(cluster, nodes, () => timeoutMs)
  if (refusals.size > 0) throw await takeBack(cluster, before, refusals)
  const rewrites = await Promise.all(
    nodes.map((node) => cluster.connectionTo(node.id).call('CONFIG', 'REWRITE').catch(asError)),
  )
  return {
    nodes: nodes.map((node, index) => ({
      id: node.id,
      address: renderAddress(node.address),
      before: before.get(node.id) as number,
      after: timeoutMs,
      persisted: !(rewrites[index] instanceof Error),
    })),
    warnings: nodes.flatMap((node, index) => {
      const reply = rewrites[index]
      if (!(reply instanceof Error)) return []
      return [`${nameNode(node)} forgets it at a restart, CONFIG REWRITE failed: ${reply.message}`]
    }),
  }
}

/** @returns who refused, and why */
async function setAll(
  cluster: ObservedCluster,
  nodes: readonly NodeView[],
  timeoutOf: (id: NodeId) => number,
): Promise<Map<NodeView, Error>> {
  const replies = await Promise.all(
    nodes.map((node) =>
      cluster.connectionTo(node.id).call('CONFIG', 'SET', NODE_TIMEOUT, timeoutOf(node.id)).catch(asError),
    ),
  )
  return new Map(
    nodes.flatMap((node, index) => (replies[index] instanceof Error ? [[node, replies[index]] as const] : [])),
  )
}

async function takeBack(
  cluster: ObservedCluster,
  before: ReadonlyMap<NodeId, number>,
  refusals: ReadonlyMap<NodeView, Error>,
): Promise<CliError> {
  const why = [...refusals].map(([node, error]) => `${nameNode(node)}: ${error.message}`).join('; ')
  const set = cluster.view.nodes.filter((node) => !refusals.has(node))
  const stuck = [...(await setAll(cluster, set, (id) => before.get(id) as number)).keys()].map(nameNode)
  if (stuck.length === 0) {
    return new CliError('PREFLIGHT_FAILED', `the node timeout was not taken everywhere, so nothing was changed: ${why}`)
  }
  return new CliError('PLAN_PARTIAL', `the node timeouts differ now, ${stuck.join(', ')} kept the new one: ${why}`, {
    details: {changed: stuck},
    suggestions: ['Solve the problem, then run the same command again.'],
  })
}

/** Whatever a node answers or fails to answer, as a value. */
function asError(error: unknown): Error {
  if (error instanceof NodeReplyError || error instanceof CliError) return error
  throw error
}

function asReplyError(error: unknown): NodeReplyError {
  if (error instanceof NodeReplyError) return error
  throw error
}
