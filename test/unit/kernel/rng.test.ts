import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'

describe('seededRng', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number) => {
      const rng = seededRng(seed)
      return Array.from({length: 8}, () => rng.uint32())
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('stays below its limit and reaches every value', () => {
    const rng = seededRng(1)
    const seen = new Set<number>()
    for (let i = 0; i < 1000; i++) seen.add(rng.below(10))
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('hits a probability within a few per cent', () => {
    const rng = seededRng(2)
    let hits = 0
    for (let i = 0; i < 10_000; i++) if (rng.chance(0.25)) hits++
    expect(hits).toBeGreaterThan(2300)
    expect(hits).toBeLessThan(2700)
    expect(rng.chance(0)).toBe(false)
    expect(rng.chance(1)).toBe(true)
  })

  it('forks a stream that draws from the parent do not disturb', () => {
    const a = seededRng(3)
    const b = seededRng(3)
    const forkOfA = a.fork()
    const forkOfB = b.fork()
    b.uint32()
    expect(forkOfA.hex(16)).toBe(forkOfB.hex(16))
  })
})
