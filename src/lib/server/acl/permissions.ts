import type {Command} from '../commands/command.js'
import {keysWithFlags, type NamedKey} from '../commands/server/command-keys.js'
import {globMatch} from '../config/glob.js'
import {CHANNELS_FROM, LOOK_CLOSER, MAY_READ, NEEDS_NOTHING, permissionsFor} from './needs.js'
import type {Selector} from './selector.js'
import type {User} from './user.js'

/** What a user lacks; later ones outrank earlier ones when several selectors refuse for different reasons. */
export type DeniedWhat = 'command' | 'key' | 'channel'

export interface Denial {
  readonly what: DeniedWhat
  /** Of the key or channel in argv. */
  readonly index: number
}

const RANK: Readonly<Record<DeniedWhat, number>> = {command: 1, key: 2, channel: 3}

/** May the user run this command line? @returns undefined if he may */
export function deniedTo(user: User, command: Command, argv: readonly string[]): Denial | undefined {
  if (user.allowsAll || isPlainlyAllowed(user.root, command, argv)) return undefined
  let worst: Denial = {index: 0, what: 'command'}
  const keys = command.keys.length > 0 || command.keyIndexes !== undefined ? keysWithFlags(command, argv) : undefined
  for (const selector of user.selectors) {
    const denial = deniedBy(selector, command, argv, keys ?? [])
    if (denial === undefined) return undefined
    const difference = RANK[denial.what] - RANK[worst.what]
    if (difference > 0 || (difference === 0 && denial.index > worst.index)) worst = denial
  }
  return worst
}

/** Most commands name one key at a fixed place, and most users have one selector: this is then all there is to do. */
function isPlainlyAllowed(root: Selector, command: Command, argv: readonly string[]): boolean {
  const {aclNeeds} = command
  if (aclNeeds === LOOK_CLOSER || root.allowed[command.aclId] !== 1) return false
  return aclNeeds === NEEDS_NOTHING || allowsKey(root, argv[command.firstKey]!, aclNeeds)
}

function deniedBy(
  selector: Selector,
  command: Command,
  argv: readonly string[],
  keys: readonly NamedKey[],
): Denial | undefined {
  if (!allowsCommand(selector, command, argv)) return {index: 0, what: 'command'}
  for (const {flags, index, key} of keys) {
    if (!allowsKey(selector, key, permissionsFor(flags))) return {index, what: 'key'}
  }
  if (selector.allChannels) return undefined
  const from = CHANNELS_FROM.get(command.fullName)
  if (from === undefined) return undefined
  const last = from.isOnlyOne ? 1 : argv.length - 1
  for (let index = 1; index <= last; index++) {
    if (!allowsChannel(selector, argv[index]!, from.isPattern)) return {index, what: 'channel'}
  }
  return undefined
}

function allowsCommand(selector: Selector, command: Command, argv: readonly string[]): boolean {
  if (selector.allCommands || command.noAuth || selector.allowed[command.aclId] === 1) return true
  const first = argv[command.parent === undefined ? 1 : 2]?.toLowerCase()
  if (first === undefined) return false
  return selector.firstArguments.get(command.aclId)?.some((one) => one.toLowerCase() === first) ?? false
}

function allowsKey({allKeys, keys}: Selector, key: string, needed: number): boolean {
  if (allKeys) return true
  for (const {glob, permissions, prefix} of keys) {
    if ((permissions & needed) !== needed) continue
    if (prefix === undefined ? globMatch(glob, key) : key.startsWith(prefix)) return true
  }
  return false
}

/** @param isPattern - the client gives a pattern: it must be one of the user's, letter by letter */
export function allowsChannel({allChannels, channels}: Selector, channel: string, isPattern: boolean): boolean {
  if (allChannels) return true
  return channels.some((glob) => (isPattern ? glob === channel : globMatch(glob, channel)))
}

/**
 * May the user read any key with this command, as SORT's BY and GET do?
 *
 * @param command - allowed to him already
 */
export function mayReadAnyKey(user: User, command: Command, argv: readonly string[]): boolean {
  const readsAny = ({allKeys, keys}: Selector): boolean =>
    allKeys || keys.some(({glob, permissions}) => glob === '*' && (permissions & MAY_READ) !== 0)
  return user.selectors.some(
    (selector) =>
      readsAny(selector) && deniedBy(selector, command, argv, keysWithFlags(command, argv) ?? []) === undefined,
  )
}

/** Could a client of this user have made these subscriptions? Those he could not end his connection. */
export function maySubscribe(user: User, channels: Iterable<string>, patterns: Iterable<string>): boolean {
  const allows = (name: string, isPattern: boolean): boolean =>
    user.selectors.some((selector) => allowsChannel(selector, name, isPattern))
  for (const channel of channels) if (!allows(channel, false)) return false
  for (const pattern of patterns) if (!allows(pattern, true)) return false
  return true
}
