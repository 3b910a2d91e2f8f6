import type {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'

/**
 * An exact sum: a finite number where that is exact, else decimal digits. So the order of steps does not matter, and
 * regions come to the same.
 */
export type Total = number | Decimal

/** digits / 10^places */
export class Decimal {
  constructor(
    readonly digits: bigint,
    readonly places: number,
  ) {}
}

/** Of INCRBYFLOAT: Redis shows this many digits after the point. */
export const FLOAT_PLACES = 17
/** 2^-1074, the least double, has so many. */
const PLACES_MAX = 1100
const DIGITS = /^-?[0-9a-f]{1,5000}$/

const double = new Float64Array(1)
/** The lower half first. */
const words = new Uint32Array(double.buffer)

function exactly(value: Total): Decimal {
  if (typeof value !== 'number') return value
  if (Number.isInteger(value)) return new Decimal(BigInt(value), 0)
  double[0] = value
  const exponent = (words[1]! >>> 20) & 0x7ff
  const fraction = (BigInt(words[1]! & 0xf_ffff) << 32n) | BigInt(words[0]!)
  let odd = exponent === 0 ? fraction : fraction | (1n << 52n)
  let places = 1075 - Math.max(exponent, 1)
  while ((odd & 1n) === 0n) {
    odd >>= 1n
    places--
  }
  if (value < 0) odd = -odd
  return new Decimal(odd * 5n ** BigInt(places), places)
}

function scaled(value: Decimal, places: number): bigint {
  return value.digits * 10n ** BigInt(places - value.places)
}

/** An integer in its one form. Decimals with places stay such: they come from a float. */
function simple(value: Decimal): Total {
  return value.places === 0 ? integerTotal(value.digits) : value
}

export function integerTotal(value: number | bigint): Total {
  if (typeof value === 'number') return value
  const rounded = Number(value)
  return Number.isFinite(rounded) && BigInt(rounded) === value ? rounded : new Decimal(value, 0)
}

export function add(a: Total, b: Total): Total {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    // What rounding took away (Knuth), not a number if the sum is infinite; 0: the sum is exact.
    const second = sum - a
    if (a - (sum - second) + (b - second) === 0) return sum
  }
  const x = exactly(a)
  const y = exactly(b)
  const places = Math.max(x.places, y.places)
  return simple(new Decimal(scaled(x, places) + scaled(y, places), places))
}

export function negate(value: Total): Total {
  return typeof value === 'number' ? 0 - value : new Decimal(-value.digits, value.places)
}

export function subtract(a: Total, b: Total): Total {
  return add(a, negate(b))
}

/** The nearest double. */
export function toDouble(value: Total): number {
  return typeof value === 'number' ? value : Number(`${value.digits}e-${value.places}`)
}

/** A number if that is exact. */
export function simpleScore(value: Total): Total {
  if (typeof value === 'number') return value
  const rounded = toDouble(value)
  if (!Number.isFinite(rounded)) return value
  const back = exactly(rounded)
  const places = Math.max(value.places, back.places)
  return scaled(value, places) === scaled(back, places) ? rounded : value
}

/** In full, no zeros at the end: of explanations, and of strings with at most 17 places. */
export function totalText(value: Total): string {
  const {digits, places} = exactly(value)
  if (places === 0) return digits.toString()
  const magnitude = (digits < 0n ? -digits : digits).toString().padStart(places + 1, '0')
  const fraction = magnitude.slice(-places).replace(/0+$/, '')
  const text = fraction === '' ? magnitude.slice(0, -places) : `${magnitude.slice(0, -places)}.${fraction}`
  return digits < 0n ? `-${text}` : text
}

const SMALL = 2 ** 49
const IS_DOUBLE = 1
const IS_DECIMAL = 3

/** Small integers, the most of all, are a varint: twice the zigzag form. */
export function encodeTotal(value: Total, out: Encoder): void {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value < SMALL && value > -SMALL) {
      out.varint(value < 0 ? -value * 4 - 2 : value * 4)
      return
    }
    out.varint(IS_DOUBLE)
    out.double(value)
    return
  }
  out.varint(IS_DECIMAL)
  out.varint(value.places)
  out.text(value.digits.toString(16))
}

/** @throws CrdtError */
export function decodeTotal(decoder: Decoder): Total {
  const total = decodeNumber(decoder)
  if (total === Infinity || total === -Infinity) decoder.fail('has a total without end')
  return total
}

/** As `encodeTotal` wrote it of a double; it may be infinite. @throws CrdtError */
export function decodeScore(decoder: Decoder): number {
  return toDouble(decodeNumber(decoder))
}

function decodeNumber(decoder: Decoder): Total {
  const word = decoder.varint()
  if (word % 2 === 0) return word % 4 === 0 ? word / 4 : -(word + 2) / 4
  if (word === IS_DOUBLE) {
    const value = decoder.double()
    if (Number.isNaN(value)) decoder.fail('has a total that is no number')
    return value
  }
  if (word !== IS_DECIMAL) decoder.fail('has an unknown kind of total')
  const places = decoder.varint()
  const digits = decoder.text()
  if (places > PLACES_MAX || !DIGITS.test(digits)) decoder.fail('has a total that is no number')
  return simple(new Decimal(digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`), places))
}
