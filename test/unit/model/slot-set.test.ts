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

  for (const text of ['', 'x', '1-', '-1', '9-5', '16384', '0-16384', '1,,2', '1.5', '0x10', '1 2']) {
    it(`refuse ${JSON.stringify(text)}`, () => expect(parseRanges(text)).toBeUndefined())
  }
})
