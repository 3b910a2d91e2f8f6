import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import type {ObservedCluster} from '../observe.js'

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
