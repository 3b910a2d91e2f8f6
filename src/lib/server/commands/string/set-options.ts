import {deadline, invalidExpire, requireInt64} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'

/** What the words after SET's value, or GETEX's key, ask for. */
export interface SetOptions {
  readonly condition: 'nx' | 'xx' | undefined
  readonly get: boolean
  readonly keepTtl: boolean
  readonly persist: boolean
  /** Which of EX, PX, EXAT, PXAT; the amount is not checked yet, for Redis looks at the key first. */
  readonly unit: ExpireUnit | undefined
  readonly amount: string
}

export interface ExpireUnit {
  readonly seconds: boolean
  readonly absolute: boolean
}

const UNITS: ReadonlyMap<string, ExpireUnit> = new Map([
  ['ex', {absolute: false, seconds: true}],
  ['px', {absolute: false, seconds: false}],
  ['exat', {absolute: true, seconds: true}],
  ['pxat', {absolute: true, seconds: false}],
])

/**
 * @param first - index in argv of the first option
 * @throws ReplyError syntax error
 */
export function parseSetOptions(argv: readonly string[], first: number, command: 'set' | 'getex'): SetOptions {
  let condition: 'nx' | 'xx' | undefined
  let get = false
  let keepTtl = false
  let persist = false
  let unit: ExpireUnit | undefined
  let amount = ''
  const isSet = command === 'set'
  for (let i = first; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const found = UNITS.get(word)
    if (isSet && (word === 'nx' || word === 'xx') && (condition === undefined || condition === word)) condition = word
    else if (isSet && word === 'get') get = true
    else if (isSet && word === 'keepttl' && unit === undefined) keepTtl = true
    else if (!isSet && word === 'persist' && unit === undefined) persist = true
    else if (found !== undefined && i + 1 < argv.length && isFree(unit, found) && !keepTtl && !persist) {
      unit = found
      amount = argv[++i]!
    } else throw new ReplyError(SYNTAX_ERROR)
  }
  return {amount, condition, get, keepTtl, persist, unit}
}

/** The same unit may be given again, the later one counts; another may not. */
function isFree(unit: ExpireUnit | undefined, found: ExpireUnit): boolean {
  return unit === undefined || unit === found
}

/** The deadline the options ask for in unix milliseconds. @throws ReplyError not an integer, or invalid expire time */
export function optionDeadline({amount, unit}: SetOptions, command: string, nowMs: number): number | undefined {
  return unit && requireDeadline(amount, unit.seconds, unit.absolute ? 0 : nowMs, command)
}

/** A deadline that must lie after 1970. @throws ReplyError */
export function requireDeadline(text: string, inSeconds: boolean, baseMs: number, command: string): number {
  const amount = requireInt64(text)
  if (amount <= 0) throw invalidExpire(command)
  return deadline(amount, inSeconds, baseMs, command)
}
