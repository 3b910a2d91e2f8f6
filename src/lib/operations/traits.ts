import {createHash} from 'node:crypto'
import type {Command, NodeConnection} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import type {NodeView} from '../model/cluster-view.js'
import {canonicalUser} from '../plan/acl-line.js'
import {type NodeTraits, SETTINGS} from '../plan/health/traits.js'

/** What is asked of a node beside its view: settings, users, functions. No reply leaves this file as it came. */

const NAMES = Object.keys(SETTINGS)

/** To be sent together; `readTraits` takes the replies. */
export const TRAIT_COMMANDS: readonly Command[] = [
  ['ACL', 'LIST'],
  ['FUNCTION', 'LIST', 'WITHCODE'],
  ...NAMES.map((name): Command => ['CONFIG', 'GET', name]),
]

/** @param replies - to TRAIT_COMMANDS, error replies in their place */
export function readTraits(replies: readonly unknown[], view: Pick<NodeView, 'info'>): NodeTraits {
  const [acl, libraries, ...settings] = replies
  return {
    settings: settingsIn(settings),
    users: Array.isArray(acl) ? new Map(acl.map(fingerprintUser)) : undefined,
    functions: functionsIn(libraries, view),
  }
}

export async function askTraits(link: NodeConnection, view: Pick<NodeView, 'info'>): Promise<NodeTraits> {
  return readTraits(await link.pipeline(TRAIT_COMMANDS), view)
}

function settingsIn(replies: readonly unknown[]): NodeTraits['settings'] {
  if (replies.every((reply) => reply instanceof NodeReplyError)) return undefined
  const pairs = replies.flatMap((reply) =>
    Array.isArray(reply) && reply.length === 2 ? [[String(reply[0]), String(reply[1])] as const] : [],
  )
  return new Map(pairs)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** `user NAME on #HASH ~* &* +@all`. */
function fingerprintUser(line: unknown): [name: string, fingerprint: string] {
  const text = String(line)
  return [text.split(' ')[1] ?? '', sha256(canonicalUser(text))]
}

/** @param reply - to FUNCTION LIST. Before 7.0 there are none. */
export function functionsIn(reply: unknown, {info}: Pick<NodeView, 'info'>): NodeTraits['functions'] {
  if (Array.isArray(reply)) return new Map(reply.flatMap(libraryIn))
  const major = Number.parseInt(info.get('redis_version') ?? '', 10)
  return reply instanceof NodeReplyError && major < 7 ? new Map() : undefined
}

/** Name and value in turns: library_name, engine, functions, library_code. */
function libraryIn(entry: unknown): [name: string, fingerprint: string][] {
  if (!Array.isArray(entry)) return []
  const field = (name: string) => entry[entry.indexOf(name) + 1]
  return [[String(field('library_name')), sha256(String(field('library_code')))]]
}
