import {
  ConfigError,
  custom,
  type Parameter,
  type ParameterOptions,
  parseMemory,
  quoted,
  renderMemory,
} from './parameter.js'

/** The settings whose text is more than one number, word or string. */

/** Snapshot when at least `changes` writes happened within `seconds`. */
export interface SavePoint {
  readonly seconds: number
  readonly changes: number
}

function parseSavePoints(words: readonly string[]): SavePoint[] {
  if (words.length === 1 && words[0] === '') return []
  if (words.length % 2 !== 0) throw new ConfigError('Invalid save parameters')
  const points: SavePoint[] = []
  for (let i = 0; i < words.length; i += 2) {
    const [seconds, changes] = [words[i]!, words[i + 1]!]
    if (!/^[1-9]\d*$/.test(seconds) || !/^\d+$/.test(changes)) throw new ConfigError('Invalid save parameters')
    points.push({seconds: Number(seconds), changes: Number(changes)})
  }
  return points
}

export function savePoints(
  initial: readonly SavePoint[],
  options: ParameterOptions = {},
): Parameter<readonly SavePoint[]> {
  const texts = (value: readonly SavePoint[]): string[] => value.map((point) => `${point.seconds} ${point.changes}`)
  return custom(
    'save',
    initial,
    {
      parse: parseSavePoints,
      render: (value) => texts(value).join(' '),
      lines: (value) => (value.length === 0 ? ['""'] : texts(value)),
    },
    options,
  )
}

/** 0 means no limit. */
export interface OutputLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export interface OutputLimits {
  readonly normal: OutputLimit
  readonly replica: OutputLimit
  readonly pubsub: OutputLimit
}

const CLASSES: Readonly<Record<string, keyof OutputLimits>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
}

function parseOutputLimits(words: readonly string[], previous: OutputLimits): OutputLimits {
  if (words.length === 1 && words[0] === '') return previous
  if (words.length % 4 !== 0) {
    throw new ConfigError('Wrong number of arguments in buffer limit configuration.')
  }
  const limits: Record<keyof OutputLimits, OutputLimit> = {...previous}
  for (let i = 0; i < words.length; i += 4) {
    const kind = CLASSES[words[i]!.toLowerCase()]
    if (kind === undefined) throw new ConfigError('Invalid client class specified in buffer limit configuration.')
    const hardBytes = parseMemory(words[i + 1]!)
    const softBytes = parseMemory(words[i + 2]!)
    if (hardBytes === undefined || softBytes === undefined || !/^\d+$/.test(words[i + 3]!)) {
      throw new ConfigError('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
    }
    limits[kind] = {hardBytes, softBytes, softSeconds: Number(words[i + 3])}
  }
  return limits
}

const WIRE_CLASSES = [
  ['normal', 'normal'],
  ['slave', 'replica'],
  ['pubsub', 'pubsub'],
] as const

export function outputLimits(initial: OutputLimits, options: ParameterOptions = {}): Parameter<OutputLimits> {
  return custom(
    'client-output-buffer-limit',
    initial,
    {
      parse: parseOutputLimits,
      render: (value) =>
        WIRE_CLASSES.map(([wire, kind]) => {
          const limit = value[kind]
          return `${wire} ${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`
        }).join(' '),
      lines: (value) =>
        WIRE_CLASSES.map(([wire, kind]) => {
          const limit = value[kind]
          const name = wire === 'slave' ? 'replica' : wire
          return `${name} ${renderMemory(limit.hardBytes)} ${renderMemory(limit.softBytes)} ${limit.softSeconds}`
        }),
    },
    options,
  )
}

/** Words separated by blanks, such as the addresses of `bind`. */
export function words(
  name: string,
  initial: readonly string[],
  max: number,
  options: ParameterOptions = {},
): Parameter<readonly string[]> {
  return custom(
    name,
    initial,
    {
      parse(given) {
        // Within quotes too: they are written again without.
        const separate = given.flatMap((word) => word.replaceAll('\0', ' ').split(/\s+/)).filter((word) => word !== '')
        if (separate.length > max) throw new ConfigError('Too many bind addresses specified.')
        return separate
      },
      render: (value) => value.join(' '),
      lines: (value) => [value.length === 0 ? '""' : value.join(' ')],
    },
    options,
  )
}

/** Some words of a closed list; `none` alone stands for no word. */
export function wordSet(
  name: string,
  none: string,
  choices: readonly string[],
  options: ParameterOptions = {},
): Parameter<readonly string[]> {
  const render = (value: readonly string[]): string => (value.length === 0 ? none : value.join(' '))
  return custom(
    name,
    [] as readonly string[],
    {
      parse(given) {
        const chosen = new Set(given.map((word) => word.toLowerCase()))
        const known = [none, ...choices]
        if (chosen.size === 0 || [...chosen].some((word) => !known.includes(word))) {
          throw new ConfigError(`argument(s) must be one of the following: ${known.join(', ')}`)
        }
        return choices.filter((word) => chosen.has(word))
      },
      render,
      lines: (value) => [render(value)],
    },
    options,
  )
}

/** Bits of `notify-keyspace-events`; `A` is all of them but keyspace, keyevent, m and n. */
export const NOTIFY = {
  K: 1 << 0,
  E: 1 << 1,
  g: 1 << 2,
  $: 1 << 3,
  l: 1 << 4,
  s: 1 << 5,
  h: 1 << 6,
  z: 1 << 7,
  x: 1 << 8,
  e: 1 << 9,
  t: 1 << 10,
  m: 1 << 11,
  d: 1 << 13,
  n: 1 << 14,
} as const

const NOTIFY_ORDER = ['g', '$', 'l', 's', 'h', 'z', 'x', 'e', 't', 'd', 'n'] as const
const NOTIFY_ALL =
  NOTIFY.g | NOTIFY.$ | NOTIFY.l | NOTIFY.s | NOTIFY.h | NOTIFY.z | NOTIFY.x | NOTIFY.e | NOTIFY.t | NOTIFY.d

function parseNotify(word: string): number {
  let bits = 0
  for (const character of word) {
    if (character === 'A') bits |= NOTIFY_ALL
    else if (character in NOTIFY) bits |= NOTIFY[character as keyof typeof NOTIFY]
    else throw new ConfigError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
  }
  return bits
}

function renderNotify(bits: number): string {
  const all = (bits & NOTIFY_ALL) === NOTIFY_ALL
  const classes = NOTIFY_ORDER.filter((letter) => (bits & NOTIFY[letter]) !== 0)
  // Redis leaves `n` out of the text when every class is chosen with `A`.
  const events = all ? 'A' : classes.join('')
  const where = (['K', 'E', 'm'] as const).filter((letter) => (bits & NOTIFY[letter]) !== 0)
  return events + where.join('')
}

/** A bit mask of {@link NOTIFY}. */
export function notifyEvents(options: ParameterOptions = {}): Parameter<number> {
  return custom(
    'notify-keyspace-events',
    0,
    {
      parse: ([word]) => parseNotify(word!),
      render: renderNotify,
      lines: (value) => [quoted(renderNotify(value))],
    },
    {...options, single: true},
  )
}

export function oomScores(options: ParameterOptions = {}): Parameter<readonly number[]> {
  const render = (value: readonly number[]): string => value.join(' ')
  return custom(
    'oom-score-adj-values',
    [0, 200, 800] as readonly number[],
    {
      parse(given) {
        if (given.length !== 3) throw new ConfigError('wrong number of arguments')
        const numbers = given.map(Number)
        if (numbers.some((value) => !Number.isInteger(value) || value < -2000 || value > 2000)) {
          throw new ConfigError('Invalid oom-score-adj-values, elements must be between -2000 and 2000.')
        }
        return numbers
      },
      render,
      lines: (value) => [render(value)],
    },
    options,
  )
}

export function percentiles(initial: readonly number[], options: ParameterOptions = {}): Parameter<readonly number[]> {
  const name = 'latency-tracking-info-percentiles'
  const render = (value: readonly number[]): string => value.join(' ')
  return custom(
    name,
    initial,
    {
      parse(given) {
        if (given.length === 1 && given[0] === '') return []
        const numbers = given.map((word) => (/^[+-]?\d+(?:\.\d+)?$/.test(word) ? Number(word) : Number.NaN))
        if (numbers.some(Number.isNaN)) throw new ConfigError(`Invalid ${name} parameters`)
        if (numbers.some((value) => value < 0 || value > 100)) {
          throw new ConfigError(`${name} parameters should sit between [0.0,100.0]`)
        }
        return numbers
      },
      render,
      lines: (value) => [value.length === 0 ? '""' : render(value)],
    },
    options,
  )
}

export interface PrimaryAddress {
  readonly host: string
  readonly port: number
}

/** `replicaof host port`, or undefined for `no one`. */
export function primaryAddress(options: ParameterOptions = {}): Parameter<PrimaryAddress | undefined> {
  return custom(
    'replicaof',
    undefined as PrimaryAddress | undefined,
    {
      parse(given) {
        if (given.length !== 2) throw new ConfigError('wrong number of arguments')
        const [host, port] = given as [string, string]
        if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') return undefined
        if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new ConfigError('Invalid master port')
        return {host, port: Number(port)}
      },
      render: (value) => (value ? `${value.host} ${value.port}` : ''),
      lines: (value) => (value ? [`${value.host} ${value.port}`] : []),
    },
    options,
  )
}
