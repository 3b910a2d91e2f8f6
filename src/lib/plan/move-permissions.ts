import {type Finding, list} from './finding.js'

/*
 * Whether the user may do at each node what a move of slots needs there. A permission that is found missing half-way
 * leaves slots open, so it is asked for first: ACL DRYRUN answers without a trace where a user may ask it (from 7.0 on).
 * Elsewhere the command itself is sent in a form that any node refuses for another reason, after it looked at permissions.
 */

export type MoveRole = 'source' | 'target'

export interface NeededCommand {
  /** As rules name it: `cluster|setslot`. */
  readonly name: string
  readonly roles: readonly MoveRole[]
  /** Complete, for ACL DRYRUN. `KEY` stands for a key that does not exist: a slot may hold keys of any name. */
  readonly words: readonly [string, ...string[]]
  /** As `words`, but so that it changes nothing if it is really sent; absent where there is no such form. */
  readonly harmless?: readonly [string, ...string[]]
  /** Only for slots that are copied and switched, not for MIGRATE. */
  readonly copyOnly?: true
}

export const KEY = 'KEY'

const BOTH = ['source', 'target'] as const

const NEEDED: readonly NeededCommand[] = [
  {
    name: 'cluster|setslot',
    roles: BOTH,
    words: ['CLUSTER', 'SETSLOT', '0', 'STABLE'],
    harmless: ['CLUSTER', 'SETSLOT', '-1', 'STABLE'],
  },
  {name: 'cluster|countkeysinslot', roles: BOTH, ...sameBothWays('CLUSTER', 'COUNTKEYSINSLOT', '0')},
  {name: 'cluster|getkeysinslot', roles: BOTH, ...sameBothWays('CLUSTER', 'GETKEYSINSLOT', '0', '0')},
  {
    name: 'migrate',
    roles: ['source'],
    words: ['MIGRATE', '127.0.0.1', '1', KEY, '0', '1000'],
    harmless: ['MIGRATE', '127.0.0.1', '1', KEY, '0', 'never'],
  },
  // What MIGRATE sends to the target, as the same user.
  {name: 'select', roles: ['target'], ...sameBothWays('SELECT', '0')},
  {name: 'restore-asking', roles: ['target'], ...sameBothWays('RESTORE-ASKING', KEY, '0', 'no-payload')},
  {name: 'watch', roles: ['source'], copyOnly: true, words: ['WATCH', KEY]},
  {name: 'unwatch', roles: ['source'], copyOnly: true, ...sameBothWays('UNWATCH')},
  {name: 'dump', roles: ['source'], copyOnly: true, ...sameBothWays('DUMP', KEY)},
  {name: 'pttl', roles: ['source'], copyOnly: true, ...sameBothWays('PTTL', KEY)},
  {name: 'multi', roles: ['source'], copyOnly: true, words: ['MULTI']},
  // Outside of a transaction there is nothing to execute.
  {name: 'exec', roles: ['source'], copyOnly: true, ...sameBothWays('EXEC')},
  {name: 'asking', roles: ['target'], copyOnly: true, ...sameBothWays('ASKING')},
  {name: 'del', roles: BOTH, copyOnly: true, ...sameBothWays('DEL', KEY)},
]

function sameBothWays(...words: [string, ...string[]]): Pick<NeededCommand, 'words' | 'harmless'> {
  return {words, harmless: words}
}

/** @param byCopy - slots may also be copied and switched */
export function neededAt(roles: ReadonlySet<MoveRole>, byCopy: boolean): NeededCommand[] {
  return NEEDED.filter((needed) => (byCopy || !needed.copyOnly) && needed.roles.some((role) => roles.has(role)))
}

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

/** One refusal per node that lacks something. */
export function judgePermissions(told: readonly NodePermissions[]): PermissionRefusal[] {
  return told.flatMap(({node, permissions, user}) => {
    const named = (which: Permission) =>
      [...permissions].filter(([, permission]) => permission === which).map(([needed]) => needed.name)
    const [denied, keys, unknown] = [named('denied'), named('denied-key'), named('unknown-command')]
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
