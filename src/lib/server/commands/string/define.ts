import type {Command, CommandDefinition, CommandFlag, CommandHandler} from '../command.js'
import {defineCommand} from '../command.js'
import {type KeyFlag, type KeySpec, keyAt} from '../key-spec.js'

type Extra = Partial<CommandDefinition>

const WRITE: readonly CommandFlag[] = ['write', 'denyoom']
const WRITE_FAST: readonly CommandFlag[] = ['write', 'denyoom', 'fast']

function define(
  name: string,
  arity: number,
  since: string,
  flags: readonly CommandFlag[],
  key: KeySpec,
  run: CommandHandler,
  extra: Extra = {},
): Command {
  return defineCommand({acl: ['string'], arity, flags, group: 'string', keys: [key], name, run, since, ...extra})
}

/** A command on one string key that may change it. */
export function writing(
  name: string,
  arity: number,
  since: string,
  keyFlags: readonly KeyFlag[],
  run: CommandHandler,
  {fast = true, notes, ...extra}: Extra & {readonly fast?: boolean; readonly notes?: string} = {},
): Command {
  const key = keyAt(1, keyFlags, 0, 1, notes)
  return define(name, arity, since, fast ? WRITE_FAST : WRITE, key, run, extra)
}

/** A command that reads one string key. */
export function reading(
  name: string,
  arity: number,
  since: string,
  keyFlags: readonly KeyFlag[],
  run: CommandHandler,
  {fast = true, last = 0, ...extra}: Extra & {readonly fast?: boolean; readonly last?: number} = {},
): Command {
  return define(name, arity, since, fast ? ['readonly', 'fast'] : ['readonly'], keyAt(1, keyFlags, last), run, extra)
}
