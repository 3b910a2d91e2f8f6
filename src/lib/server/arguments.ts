/** Reading numbers from arguments exactly as Redis does: canonical decimals, 64 bits, its error texts. */
import {NOT_AN_INTEGER, ReplyError} from './reply-error.js'

export const INT64_MAX = 9_223_372_036_854_775_807n
export const INT64_MIN = -9_223_372_036_854_775_808n

const NOT_INT32 = 'ERR value is out of range, value must between -2147483648 and 2147483647'

const CANONICAL = /^(?:0|-?[1-9][0-9]{0,18})$/

/**
 * A 64-bit integer in the one spelling Redis takes: no sign but `-`, no leading zero, no blank.
 *
 * @returns a number if it is exact as one, else a bigint; undefined if it is none
 */
export function parseInt64(text: string): number | bigint | undefined {
  const {length} = text
  if (length === 0 || length > 20) return undefined
  if (length <= 9) {
    const first = text.charCodeAt(0)
    if (first >= 49 && first <= 57) {
      let value = first - 48
      for (let i = 1; i < length; i++) {
        const digit = text.charCodeAt(i) - 48
        if (digit < 0 || digit > 9) return undefined
        value = value * 10 + digit
      }
      return value
    }
  }
  if (!CANONICAL.test(text)) return undefined
  if (length <= 15) return Number(text)
  const exact = BigInt(text)
  if (exact > INT64_MAX || exact < INT64_MIN) return undefined
  const value = Number(exact)
  return Number.isSafeInteger(value) ? value : exact
}

/** @throws ReplyError ERR value is not an integer or out of range */
export function requireInt64(text: string, message = NOT_AN_INTEGER): number | bigint {
  const value = parseInt64(text)
  if (value === undefined) throw new ReplyError(message)
  return value
}

/** A 64-bit integer as number; beyond 2^53 the nearest one, for offsets and counts that are clamped anyway. */
export function requireInteger(text: string, message = NOT_AN_INTEGER): number {
  return Number(requireInt64(text, message))
}

/** A 32-bit integer, as database indexes are. */
export function requireInt32(text: string, message?: string): number {
  const value = requireInteger(text, message)
  if (value > 2147483647 || value < -2147483648) throw new ReplyError(message ?? NOT_INT32)
  return value
}

/** @throws ReplyError if 64 bits do not hold the sum */
export function addInt64(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  const exact = BigInt(a) + BigInt(b)
  if (exact > INT64_MAX || exact < INT64_MIN) throw new ReplyError('ERR increment or decrement would overflow')
  return exact
}

/** Redis answers this for `EX 0`, overflow and the like. */
export function invalidExpire(command: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${command}' command`)
}

/**
 * A deadline in unix milliseconds from a time in seconds or milliseconds, relative to `baseMs` or (0) absolute.
 *
 * @param value - what `requireInt64` answered; may be negative
 * @param command - its name, for the error
 * @throws ReplyError ERR invalid expire time in '...' command, if 64 bits do not hold it
 */
export function deadline(value: number | bigint, inSeconds: boolean, baseMs: number, command: string): number {
  const ms = typeof value === 'number' ? value * (inSeconds ? 1000 : 1) : Number.NaN
  const at = ms + baseMs
  if (Number.isSafeInteger(ms) && Number.isSafeInteger(at)) return at
  const exactMs = BigInt(value) * (inSeconds ? 1000n : 1n)
  const exact = exactMs + BigInt(baseMs)
  if (exactMs > INT64_MAX || exactMs < INT64_MIN || exact > INT64_MAX || exact < INT64_MIN) throw invalidExpire(command)
  return Number(exact)
}

/** Deadlines beyond 2^53 are kept as the nearest number; the last of them is just beyond 64 bits. */
export function int64(value: number): number | bigint {
  if (Number.isSafeInteger(value)) return value
  const exact = BigInt(value)
  return exact > INT64_MAX ? INT64_MAX : exact
}
