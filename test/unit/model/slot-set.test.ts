import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {countSlots, parseRanges, rangesOf, renderRanges, SLOT_COUNT, slotsOf} from '../../../src/lib/model/slot-set.js'

const slotSets = fc
  .uniqueArray(fc.integer({max: SLOT_COUNT - 1, min: 0}), {maxLength: 200})
  .map((slots) => slots.sort((a, b) => a - b))

describe('slot ranges', () => {
  it('join neighbours and nothing else', () => {
    expect(rangesOf([])).toEqual([])
    expect(rangesOf([0])).toEqual([{first: 0, last: 0}])
    expect(rangesOf([0, 1, 2, 4, 6, 7])).toEqual([
      {first: 0, last: 2},
      {first: 4, last: 4},
      {first: 6, last: 7},
    ])
  })

  it('survive the way there and back, as slots and as text', () => {
    fc.assert(
      fc.property(slotSets, (slots) => {
        const ranges = rangesOf(slots)
        expect(slotsOf(ranges)).toEqual(slots)
        expect(countSlots(ranges)).toBe(slots.length)
        if (slots.length > 0) expect(parseRanges(renderRanges(ranges))).toEqual(ranges)
      }),
    )
  })

  it('merge what overlaps or touches', () => {
    expect(parseRanges('5-9, 0-5 ,10')).toEqual([{first: 0, last: 10}])
  })

  it('give each slot once, in order, however the ranges stand', () => {
    const range = (first: number, last: number) => ({first, last})
    expect(slotsOf([range(0, 3), range(3, 5)])).toEqual([0, 1, 2, 3, 4, 5])
    expect(slotsOf([range(0, 9), range(2, 3)])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(slotsOf([range(7, 8), range(0, 1)])).toEqual([0, 1, 7, 8])
  })

  for (const text of ['', 'x', '1-', '-1', '9-5', '16384', '0-16384', '1,,2', '1.5', '0x10', '1 2']) {
    it(`refuse ${JSON.stringify(text)}`, () => expect(parseRanges(text)).toBeUndefined())
  }
})
