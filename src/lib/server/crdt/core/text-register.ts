import {addLongDoubles, formatLongDouble, parseLongDouble} from '../../long-double.js'
import type {ActorTable} from './actors.js'
import type {Step} from './api.js'
import {Counter} from './counter.js'
import {contributionsOf, type Register, winnerOf} from './register.js'
import {add, Decimal, FLOAT_PLACES, integerTotal, subtract, type Total, totalText} from './total.js'

/**
 * What strings and fields show: the row that wins, and if there are counters and it is a number, its sum with them.
 *
 * Sums are exact. A step is written as the difference between what its command answers and the exact sum, so the answer is
 * what all regions see, as Redis rounds it, if nobody else writes meanwhile. A sum of integers beyond 64 bits is shown as
 * the nearest of 64 bits.
 */
const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

function decimalOf(text: string): Decimal {
  const [whole = '', fraction = ''] = text.split('.')
  return new Decimal(BigInt(whole + fraction.padEnd(FLOAT_PLACES, '0')), FLOAT_PLACES)
}

/** @returns undefined if Redis would not add to it */
function numberOf(text: string): Total | undefined {
  if (INTEGER.test(text)) {
    const value = BigInt(text)
    if (value >= INT64_MIN && value <= INT64_MAX) return integerTotal(value)
  }
  const value = parseLongDouble(text)
  return value === undefined || typeof value === 'string' ? undefined : decimalOf(formatLongDouble(value))
}

function isFloat(total: Total): boolean {
  return typeof total !== 'number' && total.places > 0
}

interface Sum {
  readonly exact: Total
  readonly isFloat: boolean
}

function shown({exact, isFloat}: Sum): string {
  if (isFloat) return totalText(exact)
  const value = typeof exact === 'number' ? BigInt(exact) : exact.digits
  if (value > INT64_MAX) return INT64_MAX.toString()
  return value < INT64_MIN ? INT64_MIN.toString() : value.toString()
}

/** @returns undefined if the base is no number */
function sumOf(base: string | undefined, contributions: readonly Total[]): Sum | undefined {
  let exact = base === undefined ? 0 : numberOf(base)
  if (exact === undefined) return undefined
  let hasFloat = isFloat(exact)
  for (const contribution of contributions) {
    exact = add(exact, contribution)
    hasFloat ||= isFloat(contribution)
  }
  return {exact, isFloat: hasFloat}
}

/** @param register - visible */
export function textOf(register: Register<string>, actors: ActorTable): string {
  const base = winnerOf(register, actors)?.value
  const contributions = contributionsOf(register)
  if (contributions.length === 0) return base!
  const sum = sumOf(base, contributions)
  return sum === undefined ? base! : shown(sum)
}

/** Is what it shows a sum, and not what was written whole? */
export function isSum(register: Register<string>, actors: ActorTable): boolean {
  const contributions = contributionsOf(register)
  return contributions.length > 0 && sumOf(winnerOf(register, actors)?.value, contributions) !== undefined
}

/** Nothing but one actor's steps, whose sum is far from where rounding begins: nearly every INCR. */
function isPlainSum(register: Register<string> | undefined, step: number): boolean {
  if (register === undefined) return Number.isSafeInteger(step)
  if (!(register instanceof Counter) || register.reset !== undefined || typeof register.total !== 'number') return false
  return Number.isSafeInteger(register.total) && Number.isSafeInteger(register.total + step)
}

/** What to add so that the sum becomes what the command answers. */
export function exactStep(register: Register<string> | undefined, step: Step, actors: ActorTable): Total {
  if (typeof step === 'number' && step !== 0 && isPlainSum(register, step)) return step
  const base = register && winnerOf(register, actors)?.value
  const sum = sumOf(base, register ? contributionsOf(register) : [])
  if (typeof step !== 'object') {
    const target = sum && !sum.isFloat ? add(integerTotal(BigInt(shown(sum))), integerTotal(step)) : undefined
    return target === undefined ? integerTotal(step) : subtract(target, sum!.exact)
  }
  const by = parseLongDouble(String(step.float))
  if (by === undefined) return 0
  const from = sum === undefined ? undefined : parseLongDouble(shown(sum))
  const target = from === undefined ? by : addLongDoubles(from, by)
  if (target === undefined) return 0
  return subtract(decimalOf(formatLongDouble(target)), sum?.exact ?? 0)
}
