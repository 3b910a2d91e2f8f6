import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {primariesOf} from '../../model/cluster-map.js'
import {type FunctionPlan, planFunctions} from '../../plan/backup/plan-restore.js'
import type {FunctionLibrary} from '../../protocol/rdb/function-dump.js'
import type {ObservedCluster} from '../observe.js'

/** Functions and users of a backup, brought to a cluster. Every node has its own. */

/**
 * Compares libraries with what the primaries hold. Changes nothing.
 *
 * @throws {CliError} PREFLIGHT_FAILED if a primary has no functions at all, or does not tell
 */
export async function compareFunctions(
  cluster: ObservedCluster,
  libraries: readonly FunctionLibrary[],
): Promise<FunctionPlan> {
  if (libraries.length === 0) return {load: [], equal: [], conflict: []}
  return planFunctions(libraries, await Promise.all(primaryLinks(cluster).map(heldBy)))
}

/**
 * Loads the libraries that are missing on each primary, and those that differ if `replace`. Repeating it changes nothing.
 *
 * @returns names of those that were loaded on some primary
 * @throws {CliError} PLAN_PARTIAL naming library and node
 */
export async function loadFunctions(
  cluster: ObservedCluster,
  libraries: readonly FunctionLibrary[],
  replace: boolean,
): Promise<string[]> {
  if (libraries.length === 0) return []
  const loaded = await Promise.all(
    primaryLinks(cluster).map(async (link) => {
      const held = await heldBy(link)
      const missing = libraries.filter(({code, name}) => held.get(name) !== code && (replace || !held.has(name)))
      for (const {code, name} of missing) await loadOne(link, name, code)
      return missing.map(({name}) => name)
    }),
  )
  return [...new Set(loaded.flat())]
}

async function loadOne(link: NodeConnection, name: string, code: string): Promise<void> {
  const [reply] = await link.pipeline([['FUNCTION', 'LOAD', 'REPLACE', Buffer.from(code, 'latin1')]])
  if (!(reply instanceof NodeReplyError)) return
  throw new CliError('PLAN_PARTIAL', `${link.name} does not take the library ${name}: ${reply.message}`, {
    details: {address: link.name, library: name},
    suggestions: ['Remove what stands in its way with FUNCTION DELETE, or pass --no-functions; then run this again.'],
  })
}

/** Name -> source, as latin1 text, of the libraries a node holds. */
async function heldBy(link: NodeConnection): Promise<Map<string, string>> {
  const [reply] = await link.pipeline([['FUNCTION', 'LIST', 'WITHCODE']], {buffers: true})
  if (!Array.isArray(reply)) {
    const text = reply instanceof NodeReplyError ? reply.message : JSON.stringify(reply)
    throw new CliError('PREFLIGHT_FAILED', `${link.name} cannot take functions: ${text}`, {
      details: {address: link.name},
      suggestions: ['Pass --no-functions to leave them out.'],
    })
  }
  return new Map(
    reply.map((library) => {
      const fields = library as Buffer[]
      const field = (name: string) => {
        const at = fields.findIndex((each, index) => index % 2 === 0 && String(each) === name)
        return fields[at + 1]?.toString('latin1') ?? ''
      }
      return [field('library_name'), field('library_code')] as const
    }),
  )
}

function primaryLinks(cluster: ObservedCluster): NodeConnection[] {
  return primariesOf(cluster.view).map(({node}) => cluster.connectionTo(node.id))
}

/**
 * Gives every node the users of a backup, with the rules and passwords they had; other users stay. Repeating it changes
 * nothing. `default` comes last: it may be who we are.
 *
 * @param list - ACL LIST, latin1 text
 * @returns names, and a warning per node that does not keep them over a restart
 * @throws {CliError} PLAN_PARTIAL naming user and node
 */
export async function restoreUsers(
  cluster: ObservedCluster,
  list: string,
): Promise<{users: string[]; warnings: string[]}> {
  const users = list
    .split('\n')
    .filter((line) => line.startsWith('user '))
    .map((line) => line.split(' ').slice(1) as [string, ...string[]])
    .sort(([a], [b]) => Number(a === 'default') - Number(b === 'default'))
  const warnings = await Promise.all(
    [...cluster.connections.values()].map(async (link) => {
      for (const [name, ...rules] of users) await setUser(link, name, rules)
      const [saved] = await link.pipeline([['ACL', 'SAVE']])
      return saved instanceof NodeReplyError ? [`${link.name} keeps the users until it restarts: ${saved.message}`] : []
    }),
  )
  return {users: users.map(([name]) => Buffer.from(name, 'latin1').toString()), warnings: warnings.flat()}
}

async function setUser(link: NodeConnection, name: string, rules: readonly string[]): Promise<void> {
  const words = [name, 'reset', ...rules].map((word) => Buffer.from(word, 'latin1'))
  const [reply] = await link.pipeline([['ACL', 'SETUSER', ...words]])
  if (!(reply instanceof NodeReplyError)) return
  const user = JSON.stringify(Buffer.from(name, 'latin1').toString())
  throw new CliError('PLAN_PARTIAL', `${link.name} does not take the user ${user}: ${reply.message}`, {
    details: {address: link.name},
    suggestions: ['The keys are restored. Mend the user by hand, or run this again without --acl.'],
  })
}
