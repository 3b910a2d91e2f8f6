import {ReplyError} from '../../reply-error.js'
import type {Command} from '../command.js'
import type {BeginSearch, FindKeys, KeyFlag, KeySpec} from '../key-spec.js'
import {parseLong} from './arguments.js'

/** A key of a command, and what the command does with it. */
export interface NamedKey {
  readonly key: string
  readonly flags: readonly KeyFlag[]
}

/** Flags that describe a spec and not what is done with the key. */
const ABOUT_THE_SPEC: ReadonlySet<KeyFlag> = new Set(['not_key', 'incomplete', 'variable_flags'])

function beginOf(begin: BeginSearch, argv: readonly string[]): number | undefined {
  if (begin.type === 'index') return begin.index
  if (begin.type === 'unknown') return undefined
  const keyword = begin.keyword.toLowerCase()
  const backwards = begin.startFrom < 0
  let at = backwards ? argv.length + begin.startFrom : begin.startFrom
  for (; at > 0 && at + 1 < argv.length; at += backwards ? -1 : 1) {
    if (argv[at]!.toLowerCase() === keyword) return at + 1
  }
  return undefined
}

/** @returns First and last index and step; undefined if the arguments do not fit. */
function rangeOf(
  find: FindKeys,
  begin: number,
  argv: readonly string[],
): {readonly first: number; readonly last: number; readonly step: number} | undefined {
  if (find.type === 'unknown') return undefined
  if (find.type === 'keynum') {
    const count = parseLong(argv[begin + find.countIndex] ?? '')
    if (count === undefined || count < 0) return undefined
    const first = begin + find.firstKey
    return {first, last: first + (count - 1) * find.step, step: find.step}
  }
  if (find.lastKey >= 0) return {first: begin, last: begin + find.lastKey, step: find.step}
  const part = find.limit > 1 ? begin + Math.floor((argv.length - begin) / find.limit) - 1 : argv.length + find.lastKey
  return {first: begin, last: part, step: find.step}
}

/** @returns undefined if the arguments do not fit the spec. */
function keysOfSpec(spec: KeySpec, argv: readonly string[], flags: readonly KeyFlag[]): NamedKey[] | undefined {
  const begin = beginOf(spec.begin, argv)
  if (begin === undefined) return spec.begin.type === 'unknown' ? undefined : []
  const range = rangeOf(spec.find, begin, argv)
  if (range === undefined || range.last >= argv.length || range.last < range.first) return undefined
  const keys: NamedKey[] = []
  for (let at = range.first; at <= range.last; at += range.step) keys.push({key: argv[at]!, flags})
  return keys
}

/** What the command does with its keys this time; SET alone among ours changes with its options. */
function flagsOf(command: Command, spec: KeySpec, argv: readonly string[]): readonly KeyFlag[] {
  if (spec.flags.includes('variable_flags') && command.name === 'set') {
    const gets = argv.slice(3).some((option) => option.toLowerCase() === 'get')
    return gets ? ['RW', 'access', 'update'] : ['OW', 'update']
  }
  return spec.flags.filter((flag) => !ABOUT_THE_SPEC.has(flag))
}

/**
 * The keys of a whole command line, in order, as COMMAND GETKEYS names them.
 *
 * @param command - what `argv` names; its arity is checked here
 * @throws ReplyError with Redis's text if there can be no keys
 */
export function namedKeys(command: Command, argv: readonly string[]): NamedKey[] {
  if (command.keys.length === 0 && command.keyIndexes === undefined) {
    throw new ReplyError('ERR The command has no key arguments')
  }
  const {arity} = command
  if (arity > 0 ? argv.length !== arity : argv.length < -arity) {
    throw new ReplyError('ERR Invalid number of arguments specified for command')
  }
  // As Redis does: the function is for what specs do not tell.
  const isTold = command.keyIndexes === undefined || command.keys.every(({flags}) => !flags.includes('incomplete'))
  const keys = isTold ? keysOfSpecs(command, argv) : keysOfFunction(command, argv)
  if (keys !== undefined && keys.length > 0) return keys
  if (command.flags.includes('no_mandatory_keys')) return []
  throw new ReplyError('ERR Invalid arguments specified for command')
}

function keysOfSpecs(command: Command, argv: readonly string[]): NamedKey[] | undefined {
  const all: NamedKey[] = []
  for (const spec of command.keys) {
    if (spec.flags.includes('not_key')) continue
    const keys = keysOfSpec(spec, argv, flagsOf(command, spec, argv))
    if (keys === undefined) return undefined
    all.push(...keys)
  }
  return all
}

function keysOfFunction(command: Command, argv: readonly string[]): NamedKey[] | undefined {
  const indexes = command.keyIndexes!(argv).filter((index) => index < argv.length)
  const spec = command.keys[0]
  const flags = spec === undefined ? [] : flagsOf(command, spec, argv)
  return indexes.map((index) => ({key: argv[index]!, flags}))
}
