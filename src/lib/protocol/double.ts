/** Doubles as text exactly as Redis reads and prints them: C's `strtod`, and `printf` with `%.17g`. */

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/
const INFINITE = /^([+-]?)inf(?:inity)?$/i
const ZERO_DIGITS = /^[+-]?[0.]*(?:[eE]|$)/
const LEADING_SPACE = /^[ \t\n\v\f\r]+/

/** Every double that is no NaN is at least a power of two beyond these apart from zero and infinity. */
const EXPONENT_MAX = 10_000

/** @returns undefined where `strtod` would not take the whole text; NaN too, as nobody takes that */
function parseWhole(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text)
  const infinite = INFINITE.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return parseHexadecimal(text)
}

function parseHexadecimal(text: string): number | undefined {
  const match = HEXADECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const exponent = Math.max(-EXPONENT_MAX, Math.min(EXPONENT_MAX, Number(power))) - 4 * fraction.length
  // In two steps: the power alone may be out of range where the product is not.
  const half = Math.trunc(exponent / 2)
  const magnitude = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** half * 2 ** (exponent - half)
  return sign === '-' ? -magnitude : magnitude
}

/** Up to 15 digits without sign, which most scores are. -1 for anything else. */
function parseShortInteger(text: string): number {
  const {length} = text
  if (length === 0 || length > 15) return -1
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** A number in an argument, as a score is. @returns undefined for what is none, NaN, and what overflows or underflows */
export function parseDouble(text: string): number | undefined {
  const short = parseShortInteger(text)
  if (short >= 0) return short
  const value = parseWhole(text)
  if (value === undefined) return undefined
  if (value === 0) return isZeroText(text) ? value : undefined
  if (Number.isFinite(value) || INFINITE.test(text)) return value
  return undefined
}

function isZeroText(text: string): boolean {
  const hexadecimal = HEXADECIMAL.exec(text)
  if (hexadecimal === null) return ZERO_DIGITS.test(text)
  return /^[0.]*$/.test(`${hexadecimal[2]}${hexadecimal[3]}`)
}

/** The more lenient reading of an interval's ends: blanks before it, nothing at all (0), and what overflows is infinite. */
export function parseLenientDouble(text: string): number | undefined {
  const short = parseShortInteger(text)
  if (short >= 0) return short
  const end = text.indexOf('\0')
  const whole = end < 0 ? text : text.slice(0, end)
  if (whole === '') return 0
  return parseWhole(whole.replace(LEADING_SPACE, ''))
}

/** Beyond it a double has more digits than 17. */
const PLAIN_MAX = 1e17
const SHORT_MAX = 100_000

/** As `%.17g` prints it, and infinity as `inf`. */
export function formatDouble(value: number): string {
  if (Number.isInteger(value)) {
    if (Number.isSafeInteger(value)) return value === 0 && 1 / value < 0 ? '-0' : String(value)
    if (Math.abs(value) < PLAIN_MAX) return BigInt(value).toString()
  } else if (value < SHORT_MAX && value > -SHORT_MAX && Number.isInteger(value * 1024)) {
    // At most 10 digits after the point: the shortest text is the exact one.
    return String(value)
  }
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  return seventeenDigits(value)
}

/** Redis keeps doubles up to here as integers where there is a form for those. */
const STORED_INTEGER_MAX = 2 ** 62

/** As a listpack holds it: as `formatDouble`, but integers have all their digits, and no sign before 0. */
export function formatStoredDouble(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > STORED_INTEGER_MAX) return formatDouble(value)
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}

/** Every double that lies in the middle between two texts of 17 digits is a multiple of 2^-25. */
const TIE_SCALE = 2 ** 25

function seventeenDigits(value: number): string {
  let text = value.toExponential(16)
  if (Number.isInteger(value * TIE_SCALE)) text = tieToEven(value, text)
  const at = text.indexOf('e')
  const exponent = Number(text.slice(at + 1))
  const sign = value < 0 ? '-' : ''
  const digits = text.slice(sign.length, at).replace('.', '').replace(/0+$/, '')
  if (exponent < -4 || exponent >= 17) {
    const power = String(Math.abs(exponent)).padStart(2, '0')
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0')
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** JavaScript rounds a tie away from zero, C to the even digit. @param rounded - of 17 digits */
function tieToEven(value: number, rounded: string): string {
  const exact = value.toExponential(60)
  const digitsEnd = exact.indexOf('.') + 17
  const at = exact.indexOf('e')
  if (!/^50*$/.test(exact.slice(digitsEnd, at))) return rounded
  const isEven = (exact.charCodeAt(digitsEnd - 1) & 1) === 0
  return isEven ? exact.slice(0, digitsEnd) + exact.slice(at) : rounded
}
