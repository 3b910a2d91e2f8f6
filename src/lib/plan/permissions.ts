import {type Finding, list} from './finding.js'

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
}

export const KEY = 'KEY'

/** Of a command that changes nothing as it is. */
export function sameBothWays(...words: [string, ...string[]]): Pick<NeededCommand, 'words' | 'harmless'> {
  return {words, harmless: words}
}

const NOBODY = '0'.repeat(40)

function change(name: string, words: [string, ...string[]], harmless: [string, ...string[]]): NeededCommand {
  return {name, words, harmless}
}

/** What it takes to make and change a cluster, beside moves of slots. */
export const NEEDED = {
  addSlots: change('cluster|addslots', ['CLUSTER', 'ADDSLOTS', '0'], ['CLUSTER', 'ADDSLOTS', '-1']),
  forget: change('cluster|forget', ['CLUSTER', 'FORGET', NOBODY], ['CLUSTER', 'FORGET', NOBODY]),
  meet: change('cluster|meet', ['CLUSTER', 'MEET', '127.0.0.1', '1'], ['CLUSTER', 'MEET', '127.0.0.1', '0']),
  replicate: change('cluster|replicate', ['CLUSTER', 'REPLICATE', NOBODY], ['CLUSTER', 'REPLICATE', NOBODY]),
  reset: change('cluster|reset', ['CLUSTER', 'RESET', 'SOFT'], ['CLUSTER', 'RESET', 'NEVER']),
  setConfigEpoch: change(
    'cluster|set-config-epoch',
    ['CLUSTER', 'SET-CONFIG-EPOCH', '1'],
    ['CLUSTER', 'SET-CONFIG-EPOCH', '-1'],
  ),
} as const

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
