import {globMatch} from './glob.js'
import {ConfigError} from './parameter.js'
import {type ConfigKey, type ConfigValues, ENTRIES, type Entry, findParameter, namedEntries} from './parameters.js'

/** What a listener may answer: undefined if it could do what the new values say, else the reason it could not. */
export type ConfigListener = (changed: ReadonlySet<ConfigKey>) => string | undefined

/** A refused CONFIG SET; the message follows `ERR `. Nothing was changed. */
export class ConfigSetError extends Error {
  override readonly name = 'ConfigSetError'
}

function initialValues(): ConfigValues {
  const values: Record<string, unknown> = {}
  for (const {key, parameter} of ENTRIES) values[key] = parameter.default
  return values as unknown as ConfigValues
}

/**
 * The settings of one node.
 *
 * `values` is a plain object which the hot path reads and which others may write where the setting is a mirror of state
 * (`replicaof`). Everything a client or a file says goes through `set` and load.ts, which check it.
 */
export class Config {
  readonly values: ConfigValues = initialValues()
  /** Absolute path of the file the node was started with; CONFIG REWRITE needs one. */
  fileName: string | undefined
  /** Name and rules of each `user` line, as they came: the server makes users of them. */
  users: readonly (readonly string[])[] = []
  private readonly listeners: ConfigListener[] = []

  /** Called after `set` changed values and before it answers; a reason returned undoes the change. */
  onChange(listener: ConfigListener): void {
    this.listeners.push(listener)
  }

  read(key: ConfigKey): unknown {
    return this.values[key]
  }

  /** The text of a setting as CONFIG GET shows it. */
  render({key, parameter}: Entry): string {
    return parameter.render(this.values[key])
  }

  /**
   * CONFIG GET.
   * @returns Name and value of every setting some pattern matches, each once; a name without wildcards is answered as typed.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [string, string]>()
    for (const pattern of patterns) {
      if (!/[*?[]/.test(pattern)) {
        const entry = findParameter(pattern)
        const key = pattern.toLowerCase()
        if (entry && !found.has(key)) found.set(key, [pattern, this.render(entry)])
        continue
      }
      for (const [name, entry] of namedEntries()) {
        if (!found.has(name) && globMatch(pattern, name)) found.set(name, [name, this.render(entry)])
      }
    }
    return [...found.values()]
  }

  /**
   * CONFIG SET: all of `pairs` or none.
   * @param allowProtected - whether `dir` and `dbfilename` may change for this client
   * @throws {@link ConfigSetError} with Redis's text
   */
  set(pairs: readonly (readonly [name: string, value: string])[], allowProtected = false): ReadonlySet<ConfigKey> {
    const entries = this.requireSettable(pairs, allowProtected)
    const before = new Map<ConfigKey, unknown>(entries.map(({key}) => [key, this.values[key]]))
    const failWith = (index: number, reason: string): never => {
      for (const [key, value] of before) this.assign(key, value)
      const name = pairs[index]![0]
      throw new ConfigSetError(`CONFIG SET failed (possibly related to argument '${name}') - ${reason}`)
    }
    entries.forEach((entry, index) => {
      const value = pairs[index]![1]
      try {
        this.assignWords(entry, entry.parameter.single ? [value] : value.split(' '))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        failWith(index, error.message)
      }
    })
    const changed = new Set<ConfigKey>()
    for (const [key, value] of before) if (value !== this.values[key]) changed.add(key)
    if (changed.size === 0) return changed
    for (const listener of this.listeners) {
      const reason = listener(changed)
      if (reason !== undefined)
        failWith(
          entries.findIndex(({key}) => changed.has(key)),
          reason,
        )
    }
    return changed
  }

  /** @throws {@link ConfigError} with Redis's reason, without the name. */
  assignWords({key, parameter}: Entry, words: readonly string[]): void {
    this.assign(key, parameter.parse(words, this.values[key]))
  }

  assign(key: ConfigKey, value: unknown): void {
    ;(this.values as Record<string, unknown>)[key] = value
  }

  private requireSettable(pairs: readonly (readonly [string, string])[], allowProtected: boolean): Entry[] {
    const names = new Set<string>()
    return pairs.map(([name]) => {
      const entry = findParameter(name)
      if (!entry) throw new ConfigSetError(`Unknown option or number of arguments for CONFIG SET - '${name}'`)
      const refuse = (reason: string): never => {
        throw new ConfigSetError(`CONFIG SET failed (possibly related to argument '${name}') - ${reason}`)
      }
      if (entry.parameter.immutable) refuse("can't set immutable config")
      if (entry.parameter.protected && !allowProtected) refuse("can't set protected config")
      const resolved = name.toLowerCase()
      if (names.has(resolved)) refuse('duplicate parameter')
      names.add(resolved)
      return entry
    })
  }
}
