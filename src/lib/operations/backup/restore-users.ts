import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {toWireText} from '../../protocol/resp/encode-command.js'
import type {ObservedCluster} from '../observe.js'

/** Name and rules, latin1 text. */
type User = readonly [name: string, ...rules: string[]]

/**
 * Gives every node the users of a backup, with the rules and passwords they had; other users stay. Repeating it changes
 * nothing. Who we are comes last, when the others are kept already: it may not have had the rights that this takes.
 *
 * @param list - ACL LIST, latin1 text
 * @returns names, and a warning per node that does not keep them over a restart
 * @throws {CliError} PLAN_PARTIAL naming user and node
 */
export async function restoreUsers(
  {connections, options}: Pick<ObservedCluster, 'connections' | 'options'>,
  list: string,
): Promise<{users: string[]; warnings: string[]}> {
  const self = toWireText(options.username ?? 'default')
  const users = list
    .split('\n')
    .filter((line) => line.startsWith('user '))
    .map((line) => line.split(' ').slice(1) as [string, ...string[]])
  const others = users.filter(([name]) => name !== self)
  const own = users.filter(([name]) => name === self)
  const warnings = await Promise.all(
    [...connections.values()].map(async (link) => {
      const refusals = [await restoreAt(link, others), await restoreAt(link, own)].flatMap((refusal) => refusal ?? [])
      return refusals.slice(0, 1).map((refusal) => `${link.name} keeps the users until it restarts: ${refusal}`)
    }),
  )
  return {users: [...others, ...own].map(([name]) => readable(name)), warnings: warnings.flat()}
}

/** @returns why they are not kept over a restart, if so */
async function restoreAt(link: NodeConnection, users: readonly User[]): Promise<string | undefined> {
  if (users.length === 0) return undefined
  for (const [name, ...rules] of users) await setUser(link, name, rules)
  const [saved] = await link.pipeline([['ACL', 'SAVE']])
  return saved instanceof NodeReplyError ? saved.message : undefined
}

async function setUser(link: NodeConnection, name: string, rules: readonly string[]): Promise<void> {
  const words = [name, 'reset', ...rules].map((word) => Buffer.from(word, 'latin1'))
  const [reply] = await link.pipeline([['ACL', 'SETUSER', ...words]])
  if (!(reply instanceof NodeReplyError)) return
  const user = JSON.stringify(readable(name))
  throw new CliError('PLAN_PARTIAL', `${link.name} does not take the user ${user}: ${reply.message}`, {
    details: {address: link.name},
    suggestions: ['The keys are restored. Mend the user by hand, or run this again without --acl.'],
  })
}

function readable(name: string): string {
  return Buffer.from(name, 'latin1').toString()
}
