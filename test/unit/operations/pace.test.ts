import {describe, expect, it} from 'vitest'
import {Pace, type SizedKey} from '../../../src/lib/operations/migration/pace.js'

const OPTIONS = {maxBlockMs: 20, windowSlots: 64}

function keys(count: number, bytes?: number): SizedKey[] {
  return Array.from({length: count}, (_, index) => ({key: `k${index}`, bytes}))
}

describe('Pace', () => {
  it('puts a slot of small keys into one MIGRATE', () => {
    expect(new Pace(OPTIONS, 0.1).batches(keys(100, 200))).toHaveLength(1)
  })

  it('lets a big key go alone, and keeps the order', () => {
    const mixed = [...keys(2, 200), {key: 'big', bytes: 50_000_000}, ...keys(2, 200)]
    expect(new Pace(OPTIONS, 0.1).batches(mixed).map((batch) => batch.length)).toEqual([2, 1, 2])
  })

  it('does not heap up mid-sized keys', () => {
    const pace = new Pace(OPTIONS, 0.1)
    for (const batch of pace.batches(keys(100, 300_000))) {
      expect(pace.estimateMs(batch.length, batch.length * 300_000)).toBeLessThanOrEqual(pace.batchMs)
    }
  })

  it('keeps to the number of keys it is given', () => {
    const pace = new Pace({...OPTIONS, batchKeysMax: 10}, 0.1)
    expect(pace.batches(keys(25)).map((batch) => batch.length)).toEqual([10, 10, 5])
  })

  it('believes quickly that keys are slower than thought, and then splits them', () => {
    const pace = new Pace(OPTIONS, 0.1)
    for (let i = 0; i < 24; i++) pace.learn({migrateCount: 1, keyCount: 100, bytes: 20_000}, 30)
    expect(pace.batches(keys(100, 200)).length).toBeGreaterThan(1)
  })

  it('does not split because the way to the target is long', () => {
    const pace = new Pace(OPTIONS, 4)
    for (let i = 0; i < 100; i++) pace.learn({migrateCount: 1, keyCount: 25, bytes: 5000}, i % 2 === 0 ? 10 : 0)
    expect(pace.batches(keys(25, 200))).toHaveLength(1)
    expect(pace.estimateMs(25, 5000)).toBeGreaterThan(4)
  })

  it('tells a far target from a near one, once it was tried', () => {
    const far = new Pace(OPTIONS, 0.1)
    const near = new Pace(OPTIONS, 30)
    expect([far.targetIsFar, near.targetIsFar]).toEqual([false, false])
    for (let i = 0; i < 8; i++) far.learn({migrateCount: 1, keyCount: 25, bytes: 5000}, 5)
    for (let i = 0; i < 60; i++) near.learn({migrateCount: 4, keyCount: 100, bytes: 20_000}, 1.2)
    expect([far.targetIsFar, near.targetIsFar]).toEqual([true, false])
  })

  it('does not take one stall for the nature of the keys', () => {
    const pace = new Pace(OPTIONS, 0.1)
    pace.learn({migrateCount: 4, keyCount: 100, bytes: 20_000}, 500)
    expect(pace.batches(keys(100, 200))).toHaveLength(1)
  })

  it('makes bursts longer over a long way, within a share of the allowed block', () => {
    expect(new Pace(OPTIONS, 4).burstMs).toBeGreaterThan(new Pace(OPTIONS, 0.1).burstMs)
    expect(new Pace(OPTIONS, 500).burstMs).toBeLessThan(20)
  })
})
