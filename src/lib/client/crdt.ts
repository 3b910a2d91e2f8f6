import {CliError} from '../kernel/errors.js'
import type {CrdbConfig} from '../model/crdb.js'
import type {NodeConnection} from './node-connection.js'
import {NodeReplyError} from './reply-error.js'

/** Typed CRDT commands of Shoal's own node. */

/** What a node says of the database that it is a part of. */
export interface NodePart {
  /** Id of the instance. */
  readonly region: number
  readonly config: CrdbConfig
}

/** How a node stands to another region; the command prints more. */
export interface PeerReport {
  readonly region: number
  readonly status: 'down' | 'in-sync' | 'out-of-sync' | 'syncing'
  readonly lagMs: number | null
  /** Effects of this node that the region has not acknowledged; null: it has never asked for any. */
  readonly pendingEffects: number | null
  readonly lastError: string
}

/** @returns undefined if the node is part of no database @throws {CliError} NOT_SHOAL */
export async function readPart(node: NodeConnection): Promise<NodePart | undefined> {
  const reply = await orNotShoal(node, node.call('CRDT.CONFIG', 'GET'))
  return reply === null ? undefined : (JSON.parse(String(reply)) as NodePart)
}

/** An earlier version than the node has is no change. @throws {CliError} NOT_SHOAL @throws {NodeReplyError} */
export async function setPart(node: NodeConnection, region: number, config: CrdbConfig): Promise<void> {
  await orNotShoal(node, node.call('CRDT.CONFIG', 'SET', region, JSON.stringify(config)))
}

/** The node is part of no database afterwards. That it was of none is fine. */
export async function dropPart(node: NodeConnection): Promise<void> {
  await node.call('CRDT.CONFIG', 'DROP')
}

/** One per other region; none of a replica. */
export async function readPeers(node: NodeConnection): Promise<readonly PeerReport[]> {
  return JSON.parse(String(await node.call('CRDT.PEERS'))) as PeerReport[]
}

/** Removes all that the node's shard has seen, here and wherever that comes to. */
export async function flushShard(node: NodeConnection): Promise<void> {
  await node.call('CRDT.FLUSH')
}

async function orNotShoal<T>(node: NodeConnection, reply: Promise<T>): Promise<T> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof NodeReplyError && /unknown command/i.test(error.message))) throw error
    throw new CliError(
      'NOT_SHOAL',
      `${node.name} is no node of Shoal: redis-server and its relatives know no active-active databases`,
      {
        cause: error,
        details: {address: node.name},
        suggestions: ['shoal up --topology crdb', 'shoal-server --port 7001 --cluster-enabled yes'],
      },
    )
  }
}
