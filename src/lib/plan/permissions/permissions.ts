import type {NodeId} from '../../model/node-id.js'
import {type Finding, list} from '../finding.js'

/*
 * Whether the user may do at each node what a change needs there. A permission that is found missing half-way leaves the
 * change half done, so it is asked for first: ACL DRYRUN answers without a trace where a user may ask it (from 7.0 on).
 * Elsewhere the command itself is sent in a form that any node refuses for another reason, after it looked at permissions.
 */

export interface NeededCommand {
  /** As rules name it: `cluster|setslot`. */
  readonly name: string
  /** Complete, for ACL DRYRUN. `KEY` stands for a key that does not exist: a slot may hold keys of any name. */
  readonly words: readonly [string, ...string[]]
  /** As `words`, but so that it changes nothing if it is really sent; absent where there is no such form. */
  readonly harmless?: readonly [string, ...string[]]
  /** Where there is no such command, the change does without it. */
  readonly mayLack?: true
}

export const KEY = 'KEY'

/** What a change takes, by node. */
export type Needs = ReadonlyMap<NodeId, readonly NeededCommand[]>

export type Permission = 'allowed' | 'denied' | 'denied-key' | 'unknown-command' | 'not-told'

/** What ACL DRYRUN says. It is a reply like any other, whatever the answer. */
export function readDryRun(reply: unknown): Permission {
  if (reply === 'OK') return 'allowed'
  return typeof reply === 'string' ? deniedIn(reply) : 'not-told'
}

/** What the error of a command that was sent in its harmless form says; any error but these comes after permissions. */
export function readAttempt(error: string | undefined): Permission {
  if (error === undefined) return 'allowed'
  if (/^NOPERM/.test(error)) return deniedIn(error)
  return /unknown (?:sub)?command/i.test(error) ? 'unknown-command' : 'allowed'
}

function deniedIn(text: string): Permission {
  return / access .*\bkeys?\b/i.test(text) ? 'denied-key' : 'denied'
}

/** What was found out about one node. */
export interface NodePermissions {
  readonly node: Finding['nodes'][number]
  readonly user: string
  readonly permissions: ReadonlyMap<NeededCommand, Permission>
}

export interface PermissionRefusal {
  readonly nodeId: string
  readonly address: string
  readonly user: string
  readonly commands: readonly string[]
  /** What to give the user: `+migrate +select ~*`. */
  readonly rules: readonly string[]
  readonly message: string
}

/**
 * For changes that touch only keys that somebody named: whether patterns are in their way is seen when they are there.
 *
 * @returns what was found out, with all keys taken for allowed, and what to know of it
 */
export function leaveKeysOpen(told: readonly NodePermissions[]): {
  readonly told: readonly NodePermissions[]
  readonly warnings: readonly string[]
} {
  const warnings = told.flatMap(({node, permissions, user}) => {
    const limited = [...permissions].flatMap(([{name}, permission]) => (permission === 'denied-key' ? name : []))
    if (limited.length === 0) return []
    return [
      `on ${node.address} user ${user} may not touch every key with ${list(limited)}: one beyond its patterns ends it`,
    ]
  })
  const open = told.map((each) => ({
    ...each,
    permissions: new Map(
      [...each.permissions].map(([needed, permission]) => [
        needed,
        permission === 'denied-key' ? 'allowed' : permission,
      ]),
    ),
  }))
  return {told: open, warnings}
}

/** One refusal per node that lacks something. */
export function judgePermissions(told: readonly NodePermissions[]): PermissionRefusal[] {
  return told.flatMap(({node, permissions, user}) => {
    const which = (wanted: Permission) =>
      [...permissions].filter(([, permission]) => permission === wanted).map(([needed]) => needed)
    const named = (commands: readonly NeededCommand[]) => commands.map(({name}) => name)
    const [denied, keys] = [named(which('denied')), named(which('denied-key'))]
    const unknown = named(which('unknown-command').filter(({mayLack}) => !mayLack))
    if (denied.length + unknown.length + keys.length === 0) return []
    const parts = [
      ...(denied.length > 0 ? [`user ${user} may not run ${list(denied)}`] : []),
      ...(keys.length > 0 ? [`user ${user} may not touch every key with ${list(keys)}`] : []),
      ...(unknown.length > 0 ? [`there is no ${list(unknown)} (renamed?)`] : []),
    ]
    const rules = [...denied.map((name) => `+${name}`), ...(keys.length > 0 ? ['~*'] : [])]
    const commands = [...denied, ...keys, ...unknown]
    const message = `on ${node.address} ${list(parts)}`
    return [{nodeId: node.id, address: node.address, user, commands, rules, message}]
  })
}
