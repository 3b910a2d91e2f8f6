import {NodeReplyError} from '../client/reply-error.js'
import {messageOf} from '../kernel/errors.js'
import {nameNode, primariesOf} from '../model/cluster-map.js'
import type {NodeId} from '../model/node-id.js'
import {partial} from './create-join.js'
import type {ObservedCluster} from './observe.js'
import type {ProbedNode} from './preflight.js'

/** Functions live on every primary, so a newcomer gets those of the others; a replica gets its primary's by itself. */

const LIST = ['FUNCTION', 'LIST'] as const

export interface Donor {
  /** The primary whose functions a newcomer is to get; undefined if it has none, or does not tell. */
  readonly id?: NodeId
  readonly warnings: readonly string[]
}

/** Looks whether there are functions to bring along. Changes nothing. */
export async function findDonor(cluster: ObservedCluster): Promise<Donor> {
  const first = primariesOf(cluster.view).find(({own}) => own.slots.length > 0)
  if (!first) return {warnings: []}
  const [libraries] = await cluster.connectionTo(first.node.id).pipeline([LIST])
  if (Array.isArray(libraries)) return libraries.length > 0 ? {id: first.node.id, warnings: []} : {warnings: []}
  // Before 7.0 there are none.
  if (!(libraries instanceof NodeReplyError) || libraries.code !== 'NOPERM') return {warnings: []}
  return {
    warnings: [
      `the user may not see the functions of ${nameNode(first.node)} (+function|list), so none are brought along`,
    ],
  }
}

/**
 * Copies the functions of the cluster to a newcomer that has none.
 *
 * @returns whether it got any
 * @throws {CliError} PLAN_PARTIAL
 */
export async function bringFunctions(cluster: ObservedCluster, {connection}: ProbedNode): Promise<boolean> {
  const {id} = await findDonor(cluster)
  if (id === undefined) return false
  const [present] = await connection.pipeline([LIST])
  if (!Array.isArray(present) || present.length > 0) return false
  try {
    const dump = (await cluster.connectionTo(id).callBuffer('FUNCTION', 'DUMP')) as Buffer
    await connection.call('FUNCTION', 'RESTORE', dump)
    return true
  } catch (error) {
    throw partial(`the functions were not copied to ${connection.name}: ${messageOf(error)}`, error)
  }
}

/** Undoes `bringFunctions`. @returns whether the node has none again */
export async function dropFunctions({connection}: ProbedNode): Promise<boolean> {
  const [reply] = await connection.pipeline([['FUNCTION', 'FLUSH', 'SYNC']])
  return !(reply instanceof NodeReplyError)
}
