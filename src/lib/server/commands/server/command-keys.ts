import {ReplyError} from '../../reply-error.js'
import type {Command} from '../command.js'
import type {BeginSearch, FindKeys, KeyFlag, KeySpec} from '../key-spec.js'
import {parseLong} from './arguments.js'

/** A key of a command, and what the command does with it. */
export interface NamedKey {
  readonly key: string
  /** Of the key in argv. */
  readonly index: number
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
  for (let at = range.first; at <= range.last; at += range.step) keys.push({key: argv[at]!, flags, index: at})
  return keys
}

/** What the command does with its keys this time: SET and BITFIELD change with their options. */
function flagsOf(command: Command, spec: KeySpec, argv: readonly string[]): readonly KeyFlag[] {
  if (spec.flags.includes('variable_flags') && command.name === 'set') {
    const gets = argv.slice(3).some((option) => option.toLowerCase() === 'get')
    return gets ? ['RW', 'access', 'update'] : ['OW', 'update']
  }
  if (spec.flags.includes('variable_flags') && command.name === 'bitfield' && isReadonlyBitfield(argv)) {
    return ['RO', 'access']
  }
  return spec.flags.filter((flag) => !ABOUT_THE_SPEC.has(flag))
}

/** It consists of GET alone. */
function isReadonlyBitfield(argv: readonly string[]): boolean {
  for (let i = 2; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const left = argv.length - i - 1
    if (word === 'get' && left >= 2) i += 2
    else if (word === 'overflow' && left >= 1) i += 1
    else return false
  }
  return true
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
  const keys = keysWithFlags(command, argv)
  if (keys !== undefined && keys.length > 0) return keys
  if (command.flags.includes('no_mandatory_keys')) return []
  throw new ReplyError('ERR Invalid arguments specified for command')
}

/**
 * The keys a command line names and what is done with each, in order; those of a line that runs its course.
 *
 * @returns undefined if the arguments do not fit the command: it will answer an error
 */
export function keysWithFlags(command: Command, argv: readonly string[]): NamedKey[] | undefined {
  // As Redis does: the function is for what specs do not tell.
  const isTold = command.keyIndexes === undefined || (command.keys.length > 0 && command.keys.every(tellsAll))
  return isTold ? keysOfSpecs(command, argv) : keysOfFunction(command, argv)
}

function tellsAll({begin, flags}: KeySpec): boolean {
  return begin.type !== 'unknown' && !flags.includes('incomplete')
}

function keysOfSpecs(command: Command, argv: readonly string[]): NamedKey[] | undefined {
  const all: NamedKey[] = []
  for (const spec of command.keys) {
    if (spec.flags.includes('not_key')) continue
    const keys = keysOfSpec(spec, argv, flagsOf(command, spec, argv))
    if (keys === undefined) return undefined
    for (const key of keys) all.push(key)
  }
  return all
}

/** SORT's STORE and the further keys of MIGRATE are the business of the last spec. */
function keysOfFunction(command: Command, argv: readonly string[]): NamedKey[] {
  const indexes = command.keyIndexes!(argv).filter((index) => index < argv.length)
  const {keys} = command
  return indexes.map((index, i) => {
    // SORT's second key is where it stores, which its last spec is about.
    const spec = i === 0 || tellsAll(keys[keys.length - 1]!) ? keys[0] : keys[keys.length - 1]
    return {key: argv[index]!, flags: spec === undefined ? [] : flagsOf(command, spec, argv), index}
  })
}
