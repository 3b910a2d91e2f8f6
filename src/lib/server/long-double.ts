/**
 * The 80-bit floating point of x86, in which Redis computes INCRBYFLOAT and HINCRBYFLOAT and whose rounding its answers show.
 *
 * A finite value is `mantissa * 2^exponent` with at most 64 bits of mantissa; Infinity stays a word of its own.
 */
export type LongDouble = {readonly mantissa: bigint; readonly exponent: number} | 'inf' | '-inf'

const MANTISSA_BITS = 64
/** Of the lowest mantissa bit: of the largest value, and of subnormals. */
const EXPONENT_MAX = 16383 - 63
const EXPONENT_MIN = -16382 - 63
/** Redis prints this many digits after the point and then drops zeros. */
const FRACTION_DIGITS = 17
const TEXT_LENGTH_MAX = 5 * 1024

const ZERO: LongDouble = {exponent: 0, mantissa: 0n}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/**
 * Rounds `numerator / denominator * 2^exponent` to nearest, ties to even.
 *
 * @param numerator - not negative
 */
function round(numerator: bigint, denominator: bigint, exponent: number, negative: boolean): LongDouble {
  if (numerator === 0n) return ZERO
  // Scale so that the quotient has 64 or 65 bits, but no bit below the smallest exponent.
  let shift = MANTISSA_BITS - (bitLength(numerator) - bitLength(denominator))
  if (exponent - shift < EXPONENT_MIN) shift = exponent - EXPONENT_MIN
  let top = shift >= 0 ? numerator << BigInt(shift) : numerator
  let bottom = shift >= 0 ? denominator : denominator << BigInt(-shift)
  if (bitLength(top / bottom) > MANTISSA_BITS) {
    bottom <<= 1n
    shift--
  }
  let mantissa = top / bottom
  top -= mantissa * bottom
  const twice = top * 2n
  if (twice > bottom || (twice === bottom && (mantissa & 1n) === 1n)) mantissa++
  let scaled = exponent - shift
  if (bitLength(mantissa) > MANTISSA_BITS) {
    mantissa >>= 1n
    scaled++
  }
  const lead = bitLength(mantissa) - MANTISSA_BITS
  if (scaled + lead > EXPONENT_MAX) return negative ? '-inf' : 'inf'
  return {exponent: scaled, mantissa: negative ? -mantissa : mantissa}
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/

/** What C's strtold reads, as a whole. @returns undefined for anything else, NaN, and what overflows or underflows */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length === 0 || text.length >= TEXT_LENGTH_MAX) return undefined
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinity) return infinity[1] === '-' ? '-inf' : 'inf'
  const decimal = DECIMAL.exec(text)
  const [match, base] = decimal ? [decimal, 10] : [HEXADECIMAL.exec(text), 16]
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt((base === 16 ? '0x' : '') + (whole + fraction || '0'))
  if (digits === 0n) return ZERO
  const exponent = Number(power)
  const negative = sign === '-'
  let value: LongDouble
  if (base === 16) {
    if (Math.abs(exponent) > 100_000) return undefined
    value = round(digits, 1n, exponent - 4 * fraction.length, negative)
  } else {
    const tens = exponent - fraction.length
    // Far outside the range whatever the digits say; spares the arithmetic on giants.
    if (Math.abs(tens) > 20_000) return undefined
    value =
      tens >= 0
        ? round(digits * 10n ** BigInt(tens), 1n, 0, negative)
        : round(digits, 10n ** BigInt(-tens), 0, negative)
  }
  if (typeof value === 'string' || value.mantissa === 0n) return undefined
  return value
}

const EXPLICIT_BITS = 52n
const EXPLICIT_MASK = (1n << EXPLICIT_BITS) - 1n
const EXPONENT_MASK = 0x7ffn
/** Of a double as a whole number of 53 bits times a power of two: what its exponent's bits are above that power. */
const EXPONENT_BIAS = 1075

/** A finite double, exactly. */
export function longDoubleOf(value: number): LongDouble {
  if (value === 0) return ZERO
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!
  const power = Number((bits >> EXPLICIT_BITS) & EXPONENT_MASK)
  // The smallest ones have no bit before the explicit ones.
  const magnitude = (bits & EXPLICIT_MASK) | (power === 0 ? 0n : 1n << EXPLICIT_BITS)
  return {exponent: Math.max(1, power) - EXPONENT_BIAS, mantissa: value < 0 ? -magnitude : magnitude}
}

/** @returns undefined where the sum is not finite */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (typeof a === 'string' || typeof b === 'string') return undefined
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  const rounded = round(sum < 0n ? -sum : sum, 1n, exponent, sum < 0n)
  return typeof rounded === 'string' ? undefined : rounded
}

/** Without an exponent, at most 17 digits after the point, no zeros at the end: `10.1`. */
export function formatLongDouble(value: LongDouble): string {
  if (typeof value === 'string') return value
  const negative = value.mantissa < 0n
  const magnitude = negative ? -value.mantissa : value.mantissa
  const scaled = roundedTimesPowerOfTwo(magnitude * 10n ** BigInt(FRACTION_DIGITS), value.exponent)
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0')
  const whole = digits.slice(0, -FRACTION_DIGITS)
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '')
  const text = fraction === '' ? whole : `${whole}.${fraction}`
  return negative && text !== '0' ? `-${text}` : text
}

function roundedTimesPowerOfTwo(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value << BigInt(exponent)
  const unit = 1n << BigInt(-exponent)
  const quotient = value / unit
  const twice = (value - quotient * unit) * 2n
  return twice > unit || (twice === unit && (quotient & 1n) === 1n) ? quotient + 1n : quotient
}
