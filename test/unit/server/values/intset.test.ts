import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {Intset} from '../../../../src/lib/server/values/set/intset.js'

const EDGES = [0n, 1n, -1n, 32767n, -32768n, 32768n, -32769n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 31n, 2n ** 32n]
const WIDE = [-(2n ** 31n) - 1n, 2n ** 53n - 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]

function everything(set: Intset): string[] {
  return Array.from({length: set.size}, (_, place) => set.at(place))
}

describe('Intset', () => {
  it('is a sorted set of 64-bit integers', () => {
    const rng = seededRng(1)
    for (let round = 0; round < 200; round++) {
      const set = new Intset()
      const model = new Set<bigint>()
      const pool = [...EDGES, ...(rng.chance(0.5) ? WIDE : [])]
      for (let step = 0; step < 60; step++) {
        const value = rng.chance(0.5) ? rng.pick(pool) : BigInt(rng.below(200) - 100)
        const text = String(value)
        expect(set.has(text)).toBe(model.has(value))
        if (rng.chance(0.6)) {
          expect(set.add(text)).toBe(!model.has(value))
          model.add(value)
        } else expect(set.remove(text)).toBe(model.delete(value))
      }
      expect(everything(set)).toEqual([...model].sort((a, b) => (a < b ? -1 : 1)).map(String))
      expect(everything(Intset.fromBlob(set.toBlob()))).toEqual(everything(set))
    }
  })

  it('knows no other spelling', () => {
    const set = new Intset()
    set.add('1')
    for (const text of ['', '01', '+1', ' 1', '1.0', '-0', '9223372036854775808', '-9223372036854775809', 'x']) {
      expect(set.add(text)).toBe(undefined)
      expect(set.has(text)).toBe(false)
      expect(set.remove(text)).toBe(false)
    }
  })

  it('stays as wide as its widest member was', () => {
    const set = new Intset()
    for (const text of ['1', '70000', '5']) set.add(text)
    set.remove('70000')
    expect(Buffer.from(set.toBlob(), 'latin1').toString('hex')).toBe('0400000002000000' + '0100000005000000')
  })
})
