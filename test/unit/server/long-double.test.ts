import {describe, expect, it} from 'vitest'
import {addLongDoubles, formatLongDouble, longDoubleOf, parseLongDouble} from '../../../src/lib/server/long-double.js'

/** What redis-server 7.0.15 on x86-64 answered to SET and INCRBYFLOAT. */
const SUMS: [a: string, b: string, sum: string][] = [
  ['10', '0.1', '10.1'],
  ['0.1', '0.2', '0.3'],
  ['3.0', '0', '3'],
  ['5.0e3', '2.0e2', '5200'],
  ['-0', '0', '0'],
  ['1', '-1', '0'],
  ['0x1p3', '0', '8'],
  ['.5', '1.', '1.5'],
  ['1e-17', '0', '0.00000000000000001'],
  ['1e-18', '0', '0'],
  ['-1e-18', '0', '0'],
  ['99999999999999999999', '1', '100000000000000000000'],
  ['1e17', '0.1', '100000000000000000.1015625'],
  ['123456789.123456789', '1', '123456790.12345678899873747'],
]

describe('80-bit floating point', () => {
  for (const [a, b, sum] of SUMS) {
    it(`${a} + ${b} = ${sum}`, () => {
      expect(formatLongDouble(addLongDoubles(parseLongDouble(a)!, parseLongDouble(b)!)!)).toBe(sum)
    })
  }

  it('refuses what strtold does not read as a whole, and what does not fit', () => {
    for (const text of [
      '',
      ' 1',
      '1 ',
      'x',
      '1e',
      '--1',
      '.',
      'nan',
      '0x',
      '1e5000',
      '1e-5000',
      '1e999999999',
      '1_0',
    ]) {
      expect(parseLongDouble(text), text).toBeUndefined()
    }
  })

  it('holds every finite double exactly, the smallest too', () => {
    const edges = [1, 0.1, 13.361389, 2 ** 53 - 1, Number.MAX_VALUE, 2 ** -970, 2 ** -971, 2 ** -972, 1.5 * 2 ** -1000]
    const smallest = [2 ** -1022, 2 ** -1022 - Number.MIN_VALUE, 3 * Number.MIN_VALUE, Number.MIN_VALUE]
    for (const value of [...edges, ...smallest].flatMap((each) => [each, -each])) {
      const {exponent, mantissa} = longDoubleOf(value) as {exponent: number; mantissa: bigint}
      // In two steps: the power alone may be beyond what a double holds.
      const first = Math.max(-1000, Math.min(900, exponent))
      expect(Number(mantissa) * 2 ** first * 2 ** (exponent - first)).toBe(value)
    }
    expect(formatLongDouble(longDoubleOf(-Number.MIN_VALUE))).toBe('0')
    expect(formatLongDouble(longDoubleOf(13.361389))).toBe('13.36138900000000085')
    expect(longDoubleOf(-0)).toEqual(longDoubleOf(0))
  })

  it('has no sum with infinity, nor beyond the largest value', () => {
    expect(addLongDoubles(parseLongDouble('inf')!, parseLongDouble('1')!)).toBeUndefined()
    expect(addLongDoubles(parseLongDouble('1e4932')!, parseLongDouble('1e4932')!)).toBeUndefined()
    expect(addLongDoubles(parseLongDouble('1.1e4932')!, parseLongDouble('1')!)).not.toBeUndefined()
  })
})
