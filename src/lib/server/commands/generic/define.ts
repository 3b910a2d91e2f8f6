import type {Command, CommandDefinition, CommandFlag, CommandHandler} from '../command.js'
import {defineCommand} from '../command.js'

/** A command about keys of any type. */
export function keyspaceCommand(
  name: string,
  arity: number,
  since: string,
  flags: readonly CommandFlag[],
  run: CommandHandler,
  extra: Partial<CommandDefinition> = {},
): Command {
  return defineCommand({acl: ['keyspace'], arity, flags, group: 'generic', name, run, since, ...extra})
}

export const READ_FAST: readonly CommandFlag[] = ['readonly', 'fast']
export const WRITE_FAST: readonly CommandFlag[] = ['write', 'fast']
