import type {Command} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {primariesOf} from '../../model/cluster-map.js'
import {canonicalUser} from '../../plan/acl-line.js'
import {readFunctionDump} from '../../protocol/rdb/function-dump.js'
import type {ObservedCluster} from '../observe.js'

/** What a cluster holds besides keys. All its primaries should hold the same. */
export interface ClusterTraits {
  /** FUNCTION DUMP; undefined before Redis 7.0. */
  readonly functions: {readonly dump: Buffer; readonly libraries: readonly string[]} | undefined
  /** ACL LIST, one user a line. */
  readonly users: {readonly list: Buffer; readonly names: readonly string[]} | undefined
  readonly config: Readonly<Record<string, string>>
  /** What not all primaries hold. */
  readonly warnings: readonly string[]
}

/** Settings that decide whether a cluster takes the data the same way. */
const SETTINGS = [
  'appendonly',
  'cluster-node-timeout',
  'cluster-require-full-coverage',
  'databases',
  'maxmemory',
  'maxmemory-policy',
  'notify-keyspace-events',
  'save',
] as const

/**
 * Asks the primaries for their functions and users, and the first for its settings.
 *
 * @throws {CliError} PREFLIGHT_FAILED if the user may not ask for them
 */
export async function readTraits(cluster: ObservedCluster, {acl}: {acl: boolean}): Promise<ClusterTraits> {
  const links = primariesOf(cluster.view).map(({node}) => cluster.connectionTo(node.id))
  const commands: Command[] = [['FUNCTION', 'DUMP'], ...(acl ? [['ACL', 'LIST'] as const] : [])]
  const answers = await Promise.all(
    links.map(async (link) => {
      const replies = await link.pipeline(commands, {buffers: true})
      const [dump, list] = [functionsIn(link.name, replies[0]), usersIn(link.name, replies[1])]
      return {name: link.name, dump, list, functions: dump && functionsText(dump), users: list && usersText(list)}
    }),
  )
  const [first] = answers
  const settings = await links[0]?.pipeline(SETTINGS.map((name) => ['CONFIG', 'GET', name]))
  const others = answers.slice(1)
  const differing = (part: 'functions' | 'users') => others.filter((each) => each[part] !== first?.[part])
  return {
    functions: first?.dump && {dump: first.dump, libraries: librariesIn(first.dump)},
    users: first?.list && {list: first.list, names: first.list.toString().split('\n').filter(Boolean).map(userName)},
    config: Object.fromEntries((settings ?? []).flatMap(settingIn)),
    warnings: [
      ...differing('functions').map(({name}) => `${name} has other functions than ${first?.name}, whose are kept`),
      ...differing('users').map(({name}) => `${name} has other ACL users than ${first?.name}, whose are kept`),
    ],
  }
}

function functionsIn(name: string, reply: unknown): Buffer | undefined {
  if (reply instanceof Buffer) return reply
  // Before 7.0 there are none; a node of ours may have none yet.
  if (reply instanceof NodeReplyError && !/^NOPERM/.test(reply.message)) return undefined
  throw refused(name, reply, 'its functions', 'The user needs +function|dump.')
}

function usersIn(name: string, reply: unknown): Buffer | undefined {
  if (reply === undefined) return undefined
  if (Array.isArray(reply))
    return Buffer.concat(reply.map((line) => Buffer.concat([line as Buffer, Buffer.from('\n')])))
  if (reply instanceof NodeReplyError && !/^NOPERM/.test(reply.message)) return undefined
  throw refused(name, reply, 'its users', 'The user needs +acl|list; or pass --no-acl to leave users out.')
}

function refused(name: string, reply: unknown, what: string, suggestion: string): CliError {
  const text = reply instanceof Error ? reply.message : JSON.stringify(reply)
  return new CliError('PREFLIGHT_FAILED', `${name} does not tell ${what}: ${text}`, {
    details: {address: name},
    suggestions: [suggestion],
  })
}

function librariesIn(dump: Buffer): string[] {
  return readFunctionDump(dump.toString('latin1')).map(({name}) => name)
}

/** `user NAME RULES` */
function userName(line: string): string {
  return line.split(' ')[1] ?? ''
}

function settingIn(reply: unknown): [string, string][] {
  return Array.isArray(reply) && reply.length === 2 ? [[String(reply[0]), String(reply[1])]] : []
}

/** Each node has an order of its own for libraries. */
function functionsText(dump: Buffer): string {
  const libraries = readFunctionDump(dump.toString('latin1'))
  return JSON.stringify(libraries.sort((a, b) => (a.name < b.name ? -1 : 1)))
}

function usersText(list: Buffer): string {
  return list.toString('latin1').split('\n').map(canonicalUser).join('\n')
}
