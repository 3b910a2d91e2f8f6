import {describe, expect, it} from 'vitest'
import {formatArgument, formatG, truncated} from '../../../../src/lib/server/scripting/format-number.js'
import {ScriptRandom} from '../../../../src/lib/server/scripting/random.js'

describe('numbers of scripts', () => {
  it.each([
    [0.1, 17, '0.10000000000000001'],
    [1 / 3, 14, '0.33333333333333'],
    [1e15, 14, '1e+15'],
    [99999999999999, 14, '99999999999999'],
    [0.0001, 14, '0.0001'],
    [0.00001, 14, '1e-05'],
    [-1.5, 17, '-1.5'],
    [1e100, 17, '1e+100'],
    [123456, 3, '1.23e+05'],
    [-0, 17, '-0'],
    [Number.POSITIVE_INFINITY, 17, 'inf'],
  ])('prints %d with %d digits as %s', (value, precision, text) => {
    expect(formatG(value, precision)).toBe(text)
  })

  it('prints whole arguments in full up to 17 digits', () => {
    expect([1e16, 12345678901234568, 1e17, 999999999999999].map(formatArgument)).toEqual([
      '10000000000000000',
      '12345678901234568',
      '1e+17',
      '999999999999999',
    ])
  })

  it('cuts numbers to 64 bits', () => {
    expect([3.99, -3.99, -0.5, 1e18, 1e19, Number.NaN].map((value) => String(truncated(value)))).toEqual([
      '3',
      '-3',
      '0',
      '1000000000000000000',
      '-9223372036854775808',
      '-9223372036854775808',
    ])
  })

  it('gives the numbers of lrand48', () => {
    const random = new ScriptRandom()
    expect([random.next(), random.next()].map((value) => Math.floor(value * 1000) + 1)).toEqual([397, 841])
    random.seed(5)
    expect(Math.floor(random.next() * 1000) + 1).toBe(525)
  })
})
