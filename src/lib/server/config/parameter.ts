/**
 * What one setting is: its name, its type, how its text is read, checked and written.
 *
 * Settings are declared with the constructors below (`bool`, `int`, `memory`, ...); the type of `Config.values` follows
 * from the declarations, so the hot path reads plain typed fields. Error texts are those of redis-server 7.0.
 */
import {quoted} from '../../protocol/resp/quoted.js'

/** A refused value; the message is the reason alone, without `ERR` and without the name of the setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** What may be said about any setting besides its type. */
export interface ParameterOptions {
  /** The older spelling (`slave-...`, `...-ziplist-...`); answered by CONFIG GET too. */
  readonly alias?: string
  /** Only at start: CONFIG SET refuses it. */
  readonly immutable?: boolean
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: boolean
  /** The node does what the setting says. Without it the value is only stored, checked and returned. */
  readonly acts?: boolean
}

export interface Parameter<T> extends ParameterOptions {
  readonly name: string
  readonly default: T
  /** CONFIG SET and files pass the words of the value; `single` settings take exactly one. */
  readonly single: boolean
  /** @throws {@link ConfigError} with Redis's reason. `previous` is the value before, for settings set in parts. */
  parse(words: readonly string[], previous: T): T
  /** The text CONFIG GET answers. */
  render(value: T): string
  /** The lines CONFIG REWRITE writes, without the name; each is what follows the name. */
  lines(value: T): readonly string[]
}

export type ValueOf<P> = P extends Parameter<infer T> ? T : never

export {quoted}

export function bool(name: string, initial: boolean, options: ParameterOptions = {}): Parameter<boolean> {
  return {
    ...options,
    name,
    default: initial,
    single: true,
    parse([word]) {
      const answer = word!.toLowerCase()
      if (answer === 'yes') return true
      if (answer === 'no') return false
      throw new ConfigError("argument must be 'yes' or 'no'")
    },
    render: (value) => (value ? 'yes' : 'no'),
    lines: (value) => [value ? 'yes' : 'no'],
  }
}

const INT_MAX = 2_147_483_647
/** As Redis prints the largest signed 64-bit number; our numbers are exact up to 2^53. */
const LONG_MAX = '9223372036854775807'

function requireRange(value: number, min: number, max: number, show: (value: number) => string = String): number {
  if (value >= min && value <= max) return value
  const last = max === Number.POSITIVE_INFINITY ? LONG_MAX : show(max)
  throw new ConfigError(`argument must be between ${show(min)} and ${last} inclusive`)
}

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/

function parseInteger(word: string): number {
  if (!INTEGER.test(word)) throw new ConfigError("argument couldn't be parsed into an integer")
  const exact = BigInt(word)
  if (BigInt.asIntN(64, exact) !== exact) throw new ConfigError("argument couldn't be parsed into an integer")
  return Number(exact)
}

/** A number printed without an exponent, whatever its size. */
function decimal(value: number): string {
  // The largest integer of 64 bits, which as a double is one more.
  if (value === 2 ** 63) return '9223372036854775807'
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}

function numeric(
  name: string,
  initial: number,
  options: ParameterOptions,
  parse: (word: string) => number,
): Parameter<number> {
  return {
    ...options,
    name,
    default: initial,
    single: true,
    parse: ([word]) => parse(word!),
    render: decimal,
    lines: (value) => [decimal(value)],
  }
}

/** A number in `min..max`, both included; `max` defaults to the largest 32-bit integer. */
export function int(
  name: string,
  initial: number,
  min = 0,
  max = INT_MAX,
  options: ParameterOptions = {},
): Parameter<number> {
  return numeric(name, initial, options, (word) => requireRange(parseInteger(word), min, max))
}

/** A number from `min` up to what 64 bits hold. */
export function long(name: string, initial: number, min = 0, options: ParameterOptions = {}): Parameter<number> {
  return int(name, initial, min, Number.POSITIVE_INFINITY, options)
}

/** `unixsocketperm` alone: written and read in octal. */
export function octal(name: string, initial: number, max: number, options: ParameterOptions = {}): Parameter<number> {
  const show = (value: number): string => value.toString(8)
  return {
    ...numeric(name, initial, options, (word) => {
      if (!/^[0-7]+$/.test(word)) throw new ConfigError("argument couldn't be parsed as an octal number")
      return requireRange(Number.parseInt(word, 8), 0, max, show)
    }),
    render: show,
    lines: (value) => [show(value)],
  }
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
}

/** More is no more: what has no exact text could not be written and read again. */
const MEMORY_MAX = 2 ** 64

/** @returns Bytes, or undefined if `text` is no memory size: digits (none is 0) and one of b, k, kb, m, mb, g, gb. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d*)([a-z]*)$/i.exec(text)
  if (!match) return undefined
  const unit = UNITS[match[2]!.toLowerCase()]
  return unit === undefined ? undefined : Math.min(Number(match[1]) * unit, MEMORY_MAX)
}

/** The shortest exact spelling in binary units, as CONFIG REWRITE writes it. */
export function renderMemory(bytes: number): string {
  for (const [unit, size] of [['gb', 1024 ** 3] as const, ['mb', 1024 ** 2] as const, ['kb', 1024] as const]) {
    if (bytes !== 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return decimal(bytes)
}

/** Bytes. */
export function memory(name: string, initial: number, min = 0, options: ParameterOptions = {}): Parameter<number> {
  const parse = (word: string): number => {
    const bytes = parseMemory(word)
    if (bytes === undefined) throw new ConfigError('argument must be a memory value')
    return requireRange(bytes, min, Number.POSITIVE_INFINITY)
  }
  return {...numeric(name, initial, options, parse), lines: (value) => [renderMemory(value)]}
}

/** Out of bounds is not refused but brought into them, as Redis does with `hz`. */
export function clamped(parameter: Parameter<number>, min: number, max: number): Parameter<number> {
  return {...parameter, parse: (words, previous) => Math.min(max, Math.max(min, parameter.parse(words, previous)))}
}

/** Bytes, or a percentage of maxmemory kept as a negative number: `5%` is -5. */
export function memoryOrPercent(name: string, initial: number, options: ParameterOptions = {}): Parameter<number> {
  const parse = (word: string): number => {
    const percent = /^(\d+)%$/.exec(word)
    if (percent) {
      if (Number(percent[1]) > 100) throw new ConfigError('percentage argument must be less or equal to 100')
      return -Number(percent[1])
    }
    const bytes = parseMemory(word)
    if (bytes === undefined) throw new ConfigError('argument must be a memory or percent value')
    return bytes
  }
  return {
    ...numeric(name, initial, options, parse),
    render: (value) => (value < 0 ? `${-value}%` : decimal(value)),
    lines: (value) => [value < 0 ? `${-value}%` : renderMemory(value)],
  }
}

/** One word of a closed list. */
export function choice<const C extends string>(
  name: string,
  initial: NoInfer<C>,
  choices: readonly C[],
  options: ParameterOptions = {},
): Parameter<C> {
  return {
    ...options,
    name,
    default: initial,
    single: true,
    parse([word]) {
      const found = choices.find((one) => one === word!.toLowerCase())
      if (found === undefined) {
        throw new ConfigError(`argument(s) must be one of the following: ${choices.join(', ')}`)
      }
      return found
    },
    render: String,
    lines: (value) => [value],
  }
}

/** Any text; '' also stands for "not set". `check` returns Redis's reason if the text is refused. */
export function text(
  name: string,
  initial = '',
  options: ParameterOptions & {readonly check?: (value: string) => string | undefined} = {},
): Parameter<string> {
  const {check, ...rest} = options
  return {
    ...rest,
    name,
    default: initial,
    single: true,
    parse([word]) {
      const reason = check?.(word!)
      if (reason !== undefined) throw new ConfigError(reason)
      return word!
    },
    render: String,
    lines: (value) => [quoted(value)],
  }
}

/** A setting with a form of its own; see special.ts. */
export function custom<T>(
  name: string,
  initial: T,
  form: Pick<Parameter<T>, 'parse' | 'render' | 'lines'>,
  options: ParameterOptions & {readonly single?: boolean} = {},
): Parameter<T> {
  return {single: false, ...options, ...form, name, default: initial}
}
