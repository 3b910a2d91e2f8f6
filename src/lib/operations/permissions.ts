import {randomUUID} from 'node:crypto'
import type {NodeConnection} from '../client/node-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError} from '../kernel/errors.js'
import type {NodeId} from '../model/node-id.js'
import {
  judgePermissions,
  KEY,
  type NeededCommand,
  type Needs,
  type NodePermissions,
  type Permission,
  type PermissionRefusal,
  readAttempt,
  readDryRun,
} from '../plan/permissions/permissions.js'
import type {ObservedCluster} from './observe.js'

/** Sends commands in one write; one reply each, error replies in their place. */
type Send = (commands: readonly (readonly [string, ...string[]])[]) => Promise<readonly unknown[]>

/**
 * What the user may do at one node, of what is needed. Changes nothing.
 *
 * @param login - the user's name where the node does not tell it
 */
export async function askPermissions(
  send: Send,
  needed: readonly NeededCommand[],
  login: string,
): Promise<Pick<NodePermissions, 'user' | 'permissions'>> {
  const key = `shoal:preflight:${randomUUID()}`
  const filled = ([name, ...words]: readonly [string, ...string[]]): [string, ...string[]] => [
    name,
    ...words.map((word) => (word === KEY ? key : word)),
  ]
  const [name] = await send([['ACL', 'WHOAMI']])
  const user = typeof name === 'string' ? name : login
  const tried = await send(needed.map(({words}) => ['ACL', 'DRYRUN', user, ...filled(words)]))
  const permissions = new Map<NeededCommand, Permission>(
    needed.map((each, index) => [each, readDryRun(tried[index])] as const),
  )
  const open = needed.flatMap((each) =>
    permissions.get(each) === 'not-told' && each.harmless ? [{each, words: filled(each.harmless)}] : [],
  )
  const attempts = await send(open.map(({words}) => words))
  for (const [index, {each}] of open.entries()) permissions.set(each, readAttempt(errorIn(attempts[index])))
  return {user, permissions}
}

function errorIn(reply: unknown): string | undefined {
  return reply instanceof NodeReplyError ? reply.message : undefined
}

/** What to type, for each user once. */
export function ruleSuggestions(denied: readonly PermissionRefusal[]): string[] {
  const commands = denied.flatMap(({rules, user}) => (rules.length > 0 ? `ACL SETUSER ${user} ${rules.join(' ')}` : []))
  return [...new Set(commands)]
}

/**
 * As `requirePermissions`, for nodes that answer; the others are the change's own to complain about.
 *
 * @throws {CliError} PREFLIGHT_FAILED
 */
export function requireNeeds(cluster: Connected, needs: Needs): Promise<void> {
  return requirePermissions(nodesOf(cluster, needs), cluster.options.username)
}

type Connected = Pick<ObservedCluster, 'connections' | 'options'>

export function nodesOf({connections}: Connected, needs: Needs): NodeNeeds[] {
  return [...needs].flatMap(([id, needed]) => {
    const connection = connections.get(id)
    return connection ? [{id, connection, needed}] : []
  })
}

/** A node, and what a change needs there. */
export interface NodeNeeds {
  readonly id: NodeId
  readonly connection: NodeConnection
  readonly needed: readonly NeededCommand[]
}

/**
 * Looks whether the user may do what a change needs, at every node. Changes nothing.
 *
 * @throws {CliError} PREFLIGHT_FAILED, naming nodes, user, commands and the rules to add
 */
export async function requirePermissions(nodes: readonly NodeNeeds[], login = 'default'): Promise<void> {
  requireAllowed(await tellPermissions(nodes, login))
}

/** What the user may do at every node, of what is needed there. Changes nothing. */
export function tellPermissions(nodes: readonly NodeNeeds[], login = 'default'): Promise<NodePermissions[]> {
  return Promise.all(
    nodes.map(async ({connection, id, needed}) => {
      const answer = await askPermissions((commands) => connection.pipeline(commands), needed, login)
      return {node: {id, address: connection.name}, ...answer}
    }),
  )
}

/** @throws {CliError} PREFLIGHT_FAILED, naming nodes, user, commands and the rules to add */
export function requireAllowed(told: readonly NodePermissions[]): void {
  const denied = judgePermissions(told)
  if (denied.length === 0) return
  throw new CliError('PREFLIGHT_FAILED', `${denied.map(({message}) => message).join('; ')}; nothing was changed`, {
    details: {permissions: denied},
    suggestions: ruleSuggestions(denied),
  })
}
