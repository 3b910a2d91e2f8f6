import {describe, expect, it} from 'vitest'
import {parseDuration, renderDuration} from '../../../src/lib/cli/duration.js'

describe('parseDuration', () => {
  const valid: [text: string, ms: number][] = [
    ['500ms', 500],
    ['5', 5000],
    ['5s', 5000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ]
  for (const [text, ms] of valid) {
    it(`reads ${text}`, () => {
      expect(parseDuration(text)).toBe(ms)
    })
  }

  for (const text of ['', '0', '0ms', '-1s', '5 s', '5d', 's', '1e3', 'NaN']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseDuration(text)).toBeUndefined()
    })
  }
})

describe('renderDuration', () => {
  const table: [ms: number, text: string][] = [
    [0, '0 ms'],
    [849.6, '850 ms'],
    [4234, '4.2 s'],
    [200_000, '3m 20s'],
    [3_599_600, '1h 00m'],
    [7_500_000, '2h 05m'],
  ]
  for (const [ms, text] of table) {
    it(`writes ${text}`, () => {
      expect(renderDuration(ms)).toBe(text)
    })
  }
})
