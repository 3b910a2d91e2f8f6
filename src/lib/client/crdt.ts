import {CliError} from '../kernel/errors.js'
import type {CrdbConfig} from '../model/crdb.js'
import type {KeyExplanation} from '../server/crdt/core/api.js'
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
  /** Slots that differ although both have applied the same. */
  readonly divergedSlots: number
}

/**
 * @param withSecrets - with the passwords of instances
 * @returns undefined if the node is part of no database @throws {CliError} NOT_SHOAL
 */
export async function readPart(node: NodeConnection, withSecrets = false): Promise<NodePart | undefined> {
  const reply = await orNotShoal(node, node.call('CRDT.CONFIG', 'GET', ...(withSecrets ? ['WITHSECRETS'] : [])))
  return reply === null ? undefined : (JSON.parse(String(reply)) as NodePart)
}

/** An earlier version than the node has is no change. @throws {CliError} NOT_SHOAL @throws {NodeReplyError} */
export async function setPart(node: NodeConnection, region: number, config: CrdbConfig): Promise<void> {
  await orNotShoal(node, node.call('CRDT.CONFIG', 'SET', region, JSON.stringify(config)))
}

/** The node is part of no database afterwards, and holds nothing. That it was of none is fine; of another one it stays. */
export async function dropPart(node: NodeConnection, guid: string): Promise<void> {
  await node.call('CRDT.CONFIG', 'DROP', guid)
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

/** What a node knows of one slot. */
export interface SlotDigest {
  /** 16 hex digits: of two states with equal vectors they are equal. */
  readonly digest: string
  /** `region.epoch` -> effects that were applied. */
  readonly vector: ReadonlyMap<string, number>
}

/** @returns by slot, of those of which the node knows anything */
export async function readDigests(node: NodeConnection, first: number, last: number): Promise<Map<number, SlotDigest>> {
  const reply = (await node.call('CRDT.DIGEST', first, last)) as [number, string, ...string[]][]
  return new Map(reply.map(([slot, digest, ...entries]) => [Number(slot), {digest, vector: parseVector(entries)}]))
}

/** `1.3:17` each. */
function parseVector(entries: readonly string[]): Map<string, number> {
  return new Map(
    entries.map((entry) => {
      const colon = entry.lastIndexOf(':')
      return [entry.slice(0, colon), Number(entry.slice(colon + 1))]
    }),
  )
}

/** @returns by key, binary strings */
export async function readKeyDigests(node: NodeConnection, slot: number): Promise<Map<string, string>> {
  const reply = (await node.callBuffer('CRDT.DIGESTKEYS', slot)) as Buffer[]
  const words = reply.map((word) => word.toString('latin1'))
  return new Map(words.flatMap((key, i) => (i % 2 === 0 ? [[key, words[i + 1] as string]] : [])))
}

/**
 * @param key - binary string @param element - only this one of it
 * @returns texts of clients as UTF-8; undefined if nothing is known of the key
 * @throws {NodeReplyError} MOVED from a node that does not have its slot
 */
export async function readExplanation(
  node: NodeConnection,
  key: string,
  element?: string,
): Promise<KeyExplanation | undefined> {
  const words = [key, ...(element === undefined ? [] : [element])].map((word) => Buffer.from(word, 'latin1'))
  const reply = await node.call('CRDT.EXPLAIN', ...words)
  return reply === null ? undefined : (JSON.parse(String(reply), readable) as KeyExplanation)
}

/** Nodes have texts as bytes. */
function readable(_: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : value
}

/** It looks at all keys in one go. */
const CHECK_MS_MAX = 60_000

/** Keys whose visible value is not what the engine has, a line for each: none, unless Shoal is wrong. */
export async function readFaults(node: NodeConnection): Promise<readonly string[]> {
  return (await node.callWith({timeoutMs: CHECK_MS_MAX}, 'CRDT.DEBUG', 'CHECK')) as string[]
}
