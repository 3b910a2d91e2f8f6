import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {countSlots, parseRanges, rangesOf, renderRanges, slotsOf} from '../../../../src/lib/model/slot-set.js'
import {apportion, chooseSlots} from '../../../../src/lib/plan/moves/reshard-choice.js'

const ranges = (text: string) => (text === '' ? [] : (parseRanges(text) ?? []))

describe('chooseSlots', () => {
  it.each([
    ['nothing', '0-99', 0, '', ''],
    ['all of it', '0-99', 100, '', '0-99'],
    ['an end', '0-99', 10, '', '90-99'],
    ['the edge below which the target is', '100-199', 10, '0-99', '100-109'],
    ['the edge above which the target is', '100-199', 10, '200-299', '190-199'],
    ['a range that fits whole', '0-9,100-199', 10, '', '0-9'],
    ['a range beside the target first', '0-9,20-29', 10, '30-39', '20-29'],
    ['several whole ranges and one cut', '0-4,10-14,20-24', 12, '', '0-4,10-14,23-24'],
    ['the gap that the target has', '50-59,100-199', 15, '40-49,60-69', '50-59,195-199'],
  ])('takes %s', (_, owned, count, target, chosen) => {
    expect(renderRanges(chooseSlots(ranges(owned), count, ranges(target)))).toBe(chosen)
  })

  const world = fc
    .array(fc.constantFrom('source', 'target', 'other'), {minLength: 1, maxLength: 60})
    .chain((blocks) => {
      const at = (who: string) =>
        rangesOf(blocks.flatMap((block, index) => (block === who ? [index * 2, index * 2 + 1] : [])))
      const owned = at('source')
      return fc.record({
        owned: fc.constant(owned),
        target: fc.constant(at('target')),
        count: fc.nat(countSlots(owned)),
      })
    })

  it('takes exactly as many as asked for, all of them owned, and cuts at most one range', () => {
    fc.assert(
      fc.property(world, ({count, owned, target}) => {
        const chosen = chooseSlots(owned, count, target)
        const mine = new Set(slotsOf(owned))
        const taken = slotsOf(chosen)
        expect(taken).toHaveLength(count)
        expect(taken.every((slot) => mine.has(slot))).toBe(true)
        const left = rangesOf([...mine].filter((slot) => !taken.includes(slot)))
        expect(left.length).toBeLessThanOrEqual(owned.length)
        const fragments = (slots: number[]) => rangesOf(slots.sort((a, b) => a - b)).length
        const before = owned.length + target.length
        expect(left.length + fragments([...slotsOf(target), ...taken])).toBeLessThanOrEqual(before + 1)
      }),
    )
  })

  it('is undone by the opposite move', () => {
    const moved = chooseSlots(ranges('0-5460'), 1000, ranges('10923-16383'))
    const back = chooseSlots(ranges(`10923-16383,${renderRanges(moved)}`), 1000, ranges('0-4460'))
    expect(back).toEqual(moved)
  })
})

describe('apportion', () => {
  it('splits exactly, within the weights, and near the quota', () => {
    const weights = fc.array(fc.nat(6000), {minLength: 1, maxLength: 20}).filter((all) => all.some((one) => one > 0))
    const cases = weights.chain((all) => fc.record({all: fc.constant(all), total: fc.nat(all.reduce((a, b) => a + b))}))
    fc.assert(
      fc.property(cases, ({all, total}) => {
        const shares = apportion(all, total)
        const sum = all.reduce((a, b) => a + b)
        expect(shares.reduce((a, b) => a + b)).toBe(total)
        shares.forEach((share, index) => {
          const weight = all[index] as number
          expect(share).toBeLessThanOrEqual(weight)
          expect(Math.abs(share - (total * weight) / sum)).toBeLessThan(1)
        })
      }),
    )
  })

  it.each([
    [[4096, 4096, 4096], 2, [1, 1, 0]],
    [[5461, 5462, 5461], 1000, [333, 334, 333]],
    [[0, 10], 3, [0, 3]],
    [[0, 0], 0, [0, 0]],
  ])('gives %j its shares of %i', (weights, total, shares) => {
    expect(apportion(weights, total)).toEqual(shares)
  })
})
