import {DUPLICATE_USER} from '../acl/rule-error.js'
import type {Config} from './config.js'
import {ConfigError} from './parameter.js'
import {findParameter} from './parameters.js'
import {splitWords, trimLine} from './syntax.js'

/** A configuration the node must not start with. The message is the whole report, as redis-server prints it. */
export class FatalConfigError extends Error {
  override readonly name = 'FatalConfigError'
}

/** @returns The texts of the files an `include` names; several if the name is a pattern. Throws if one cannot be read. */
export type ReadInclude = (pattern: string) => readonly string[]

const INCLUDES_DEEP_MAX = 16

interface Loading {
  readonly config: Config
  readonly readInclude: ReadInclude
  /** The first `save` of a configuration replaces the default points; the others add to it. */
  hasSave: boolean
  replicaofAt: Place | undefined
  readonly users: Map<string, readonly string[]>
}

interface Place {
  readonly line: number
  readonly text: string
}

function failAt(line: number, text: string, reason: string): never {
  throw new FatalConfigError(
    [
      '',
      '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***',
      `Reading the configuration file, at line ${line}`,
      `>>> '${text}'`,
      reason,
      '',
    ].join('\n'),
  )
}

/** Of a directive that is no setting. */
function refusalOf(name: string): string {
  if (name === 'loadmodule') return 'Modules are not supported'
  if (name === 'rename-command') return 'Renaming commands is not supported'
  return 'Bad directive or wrong number of arguments'
}

function loadSave(loading: Loading, words: readonly string[]): void {
  const {config} = loading
  const parse = findParameter('save')!
  const before = config.values.save
  config.assignWords(parse, words)
  const given = config.values.save
  if (loading.hasSave && given.length > 0) config.values.save = [...before, ...given]
  loading.hasSave = true
}

function loadInclude(loading: Loading, pattern: string, depth: number): void {
  for (const included of loading.readInclude(pattern)) loadLines(loading, included, depth + 1)
}

function loadLine(loading: Loading, text: string, line: number, depth: number): void {
  const words = splitWords(text) ?? failAt(line, text, 'Unbalanced quotes in configuration line')
  if (words.length === 0) return
  const name = words[0]!.toLowerCase()
  if (name === 'include' && words.length === 2) {
    if (depth >= INCLUDES_DEEP_MAX) failAt(line, text, 'Too many nested includes')
    loadInclude(loading, words[1]!, depth)
    return
  }
  const entry = findParameter(name)
  if (!entry) {
    if (name !== 'user' || words.length < 2) failAt(line, text, refusalOf(name))
    const [, user = ''] = words
    if (loading.users.has(user)) failAt(line, text, `Error in user declaration '${user}': ${DUPLICATE_USER}`)
    loading.users.set(user, words.slice(1))
    return
  }
  const {parameter} = entry
  const given = words.slice(1)
  if (given.length === 0 || (parameter.single && given.length !== 1)) failAt(line, text, 'wrong number of arguments')
  try {
    const values = !parameter.single && given.length === 1 ? given[0]!.split(' ') : given
    if (parameter.name === 'save') loadSave(loading, values)
    else loading.config.assignWords(entry, values)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    failAt(line, text, error.message)
  }
  if (parameter.name === 'replicaof') loading.replicaofAt = {line, text}
}

function loadLines(loading: Loading, text: string, depth: number): void {
  text.split('\n').forEach((raw, index) => {
    const line = trimLine(raw)
    if (line !== '' && !line.startsWith('#')) loadLine(loading, line, index + 1, depth)
  })
}

/**
 * Reads a whole configuration into `config`: file, then standard input, then arguments, one text after the other.
 * @param text - latin1, one byte per character
 * @throws {@link FatalConfigError} at the first bad line; `config` is then half filled and must not be used.
 */
export function loadConfig(config: Config, text: string, readInclude: ReadInclude): void {
  const loading: Loading = {config, readInclude, hasSave: false, replicaofAt: undefined, users: new Map()}
  loadLines(loading, text, 0)
  const {replicaofAt} = loading
  config.users = [...loading.users.values()]
  if (replicaofAt && config.values.clusterEnabled && config.values.replicaof) {
    failAt(replicaofAt.line, replicaofAt.text, 'replicaof directive not allowed in cluster mode')
  }
}
