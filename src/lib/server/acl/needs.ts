import type {Command} from '../commands/command.js'
import type {KeyFlag} from '../commands/key-spec.js'

export const MAY_READ = 1
export const MAY_WRITE = 2

/** A command that names neither keys nor channels. */
export const NEEDS_NOTHING = 4
/** Which keys, or what is done with them, depends on the arguments; or there are several, or channels. */
export const LOOK_CLOSER = -1

/** @returns OR of MAY_...; 0 for commands that only ask about a key: any permission will do */
export function permissionsFor(flags: readonly KeyFlag[]): number {
  let needed = 0
  if (flags.includes('access')) needed |= MAY_READ
  if (flags.includes('insert') || flags.includes('delete') || flags.includes('update')) needed |= MAY_WRITE
  return needed
}

interface ChannelArguments {
  readonly isOnlyOne: boolean
  readonly isPattern: boolean
}

/** Commands whose arguments are channels. To unsubscribe is always allowed. */
export const CHANNELS_FROM: ReadonlyMap<string, ChannelArguments> = new Map([
  ['publish', {isOnlyOne: true, isPattern: false}],
  ['spublish', {isOnlyOne: true, isPattern: false}],
  ['subscribe', {isOnlyOne: false, isPattern: false}],
  ['ssubscribe', {isOnlyOne: false, isPattern: false}],
  ['psubscribe', {isOnlyOne: false, isPattern: true}],
])

const DEPENDS: ReadonlySet<KeyFlag> = new Set(['incomplete', 'not_key', 'variable_flags'])

/** What is needed for every call of the command: permissions for the key at `firstKey`, NEEDS_NOTHING, LOOK_CLOSER. */
export function needsOf(command: Command): number {
  if (command.keyIndexes !== undefined || CHANNELS_FROM.has(command.fullName)) return LOOK_CLOSER
  if (command.keys.length === 0) return NEEDS_NOTHING
  const [{begin, find, flags}] = command.keys as [Command['keys'][number]]
  const isOneKey = begin.type === 'index' && find.type === 'range' && find.lastKey === 0
  if (command.keys.length > 1 || !isOneKey || flags.some((flag) => DEPENDS.has(flag))) return LOOK_CLOSER
  return permissionsFor(flags)
}
