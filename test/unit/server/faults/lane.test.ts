import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {Lane} from '../../../../src/lib/server/faults/lane.js'
import type {Condition} from '../../../../src/lib/server/faults/rules.js'

const PLAIN: Condition = {delayMs: 0, dropped: false, jitterMs: 0, loss: 0, reset: false}

function laneWith(condition: Partial<Condition>, seed = 1): Lane<string> {
  const lane = new Lane<string>(seededRng(seed))
  lane.condition = {...PLAIN, ...condition}
  return lane
}

function takeAll<T>(lane: Lane<T>, nowMs: number): T[] {
  const taken: T[] = []
  for (let next = lane.take(nowMs); next !== undefined; next = lane.take(nowMs)) taken.push(next)
  return taken
}

describe('a lane', () => {
  it('is clear without faults', () => {
    expect(new Lane(seededRng(1)).isClear).toBe(true)
    expect(laneWith({delayMs: 1}).isClear).toBe(false)
  })

  it('delays each item by as much', () => {
    const lane = laneWith({delayMs: 100})
    lane.push('a', 10, 1000)
    lane.push('b', 5, 1030)
    expect([lane.nextDueMs, lane.byteCount]).toEqual([1100, 15])
    expect(takeAll(lane, 1099)).toEqual([])
    expect(takeAll(lane, 1100)).toEqual(['a'])
    expect([lane.nextDueMs, lane.byteCount]).toEqual([1130, 5])
    expect(takeAll(lane, 1130)).toEqual(['b'])
    expect(lane.nextDueMs).toBeUndefined()
  })

  it('spreads delays evenly around the mean, never below nothing', () => {
    const lane = laneWith({delayMs: 100, jitterMs: 20})
    const drawn = Array.from({length: 2000}, () => lane.transitMs())
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(80)
    expect(Math.max(...drawn)).toBeLessThan(120)
    const mean = drawn.reduce((sum, ms) => sum + ms, 0) / drawn.length
    expect(mean).toBeGreaterThan(98)
    expect(mean).toBeLessThan(102)
    const short = laneWith({delayMs: 1, jitterMs: 20})
    expect(Math.min(...Array.from({length: 100}, () => short.transitMs()))).toBe(0)
  })

  it('holds what is lost back for a retransmission, twice as long each time', () => {
    const lane = laneWith({loss: 0.5})
    const drawn = Array.from({length: 4000}, () => lane.transitMs())
    const share = (ms: number) => drawn.filter((each) => each === ms).length / drawn.length
    expect(share(0)).toBeCloseTo(0.5, 1)
    expect(share(200)).toBeCloseTo(0.25, 1)
    expect(share(600)).toBeCloseTo(0.125, 1)
    expect(share(0) + share(200) + share(600) + share(1400)).toBeGreaterThan(0.9)
  })

  it('lets nothing out while it is dropped, and all of it once it is healed', () => {
    const lane = laneWith({dropped: true})
    lane.push('a', 1, 0)
    lane.push('b', 1, 0)
    expect(lane.nextDueMs).toBeUndefined()
    expect(takeAll(lane, 1e9)).toEqual([])
    lane.condition = undefined
    expect([lane.nextDueMs, lane.isClear]).toEqual([0, false])
    expect(takeAll(lane, 1)).toEqual(['a', 'b'])
    expect(lane.isClear).toBe(true)
  })

  it('keeps the order, whatever the faults and however they change', () => {
    const change = fc.record({
      condition: fc.option(
        fc.record({
          delayMs: fc.nat(300),
          dropped: fc.boolean(),
          jitterMs: fc.nat(300),
          loss: fc.constantFrom(0, 0.3, 0.9),
          reset: fc.constant(false),
        }),
        {nil: undefined},
      ),
      stepMs: fc.nat(200),
      takes: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(change, {maxLength: 60}), fc.nat(), (changes, seed) => {
        const lane = new Lane<number>(seededRng(seed))
        const taken: number[] = []
        let nowMs = 0
        for (const [index, {condition, stepMs, takes}] of changes.entries()) {
          nowMs += stepMs
          lane.condition = condition
          lane.push(index, 1, nowMs)
          if (takes) taken.push(...takeAll(lane, nowMs))
        }
        lane.condition = undefined
        taken.push(...takeAll(lane, nowMs))
        expect(taken).toEqual(changes.map((_, index) => index))
        expect(lane.byteCount).toBe(0)
      }),
    )
  })
})
