/** What C's printf makes of a double with `%.<precision>g`. NaN has the sign that 0/0 has where Redis runs. */
export function formatG(value: number, precision: number): string {
  if (Number.isNaN(value)) return '-nan'
  if (value === Number.POSITIVE_INFINITY) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa, exponentText] = value.toExponential(precision - 1).split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= precision) {
    const digits = Math.abs(exponent).toString().padStart(2, '0')
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  return withoutZeros(value.toFixed(Math.max(0, precision - 1 - exponent)))
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Redis's form of a Lua number as an argument of a command and as a double in a reply: 17 digits. */
export function formatArgument(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15 && value !== 0) return String(value)
  return formatG(value, 17)
}

const INT64_MIN_TEXT = '-9223372036854775808'

/** A Lua number as integer reply: cut, as C casts it; what 64 bits do not hold is the smallest of them. */
export function truncated(value: number): number | bigint | string {
  const whole = Math.trunc(value)
  if (Number.isSafeInteger(whole)) return whole + 0
  if (!(whole >= -(2 ** 63) && whole < 2 ** 63)) return INT64_MIN_TEXT
  return BigInt(whole)
}
