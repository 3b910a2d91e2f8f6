import {isUtf8} from 'node:buffer'
import type {NodeConnection} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {NodeRecord} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import type {ObservedCluster} from './observe.js'

/** A reply as data: bulk strings that are no UTF-8 stand as base64. */
export type CallReply = string | number | null | {readonly base64: string} | CallReply[]

/** What came of a command at one node: a reply, or an error. */
export interface CallOutcome {
  readonly address: string
  /** Missing for a node that did not answer and is known by address alone. */
  readonly id?: NodeId
  readonly role?: NodeRecord['role']
  readonly reply?: CallReply
  readonly error?: {readonly code: string; readonly message: string}
}

/**
 * Sends one command to every node, all in parallel.
 *
 * @param role - only nodes of this role, by their own word
 * @returns one outcome per node, in the order of the view; nodes that do not answer come last, unless a role is asked for
 */
export async function callNodes(
  cluster: ObservedCluster,
  command: readonly [name: string, ...args: string[]],
  role: NodeRecord['role'] | undefined,
): Promise<CallOutcome[]> {
  const {nodes, unreachable} = cluster.view
  const chosen = nodes.flatMap((node) => {
    const own = ownRecord(node)
    return own && (role === undefined || own.role === role) ? [{node, own}] : []
  })
  const answers = chosen.map(async ({node, own}): Promise<CallOutcome> => {
    const answer = await callOne(cluster.connectionTo(node.id), command)
    return {address: renderAddress(node.address), id: node.id, role: own.role, ...answer}
  })
  const silent = unreachable.map(
    ({address, id, reason}): CallOutcome => ({
      address: renderAddress(address),
      ...(id !== undefined && {id}),
      error: {code: 'UNREACHABLE', message: reason},
    }),
  )
  return [...(await Promise.all(answers)), ...(role === undefined ? silent : [])]
}

async function callOne(
  connection: NodeConnection,
  [name, ...args]: readonly [name: string, ...args: string[]],
): Promise<Pick<CallOutcome, 'reply' | 'error'>> {
  try {
    return {reply: asData(await connection.callBuffer(name, ...args))}
  } catch (error) {
    if (error instanceof NodeReplyError) return {error: {code: error.code, message: error.message}}
    if (error instanceof CliError) return {error: {code: error.code, message: messageOf(error)}}
    throw error
  }
}

function asData(reply: unknown): CallReply {
  if (Array.isArray(reply)) return reply.map(asData)
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : {base64: reply.toString('base64')}
  if (reply === null || typeof reply === 'number' || typeof reply === 'string') return reply
  return String(reply)
}
