import type {SlotRange} from '../../model/slot-set.js'
import {countSlots, rangesOf, SLOT_COUNT, slotsOf} from '../../model/slot-set.js'

/**
 * Splits `total` in proportion to `weights`, exactly: floors first, then one more for the largest remainders, ties to
 * the earlier one. No share exceeds its weight as long as `total` does not exceed their sum.
 *
 * @param weights - integers >= 0, not all 0 unless `total` is 0
 * @param total - integer, 0..sum of weights
 */
export function apportion(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum === 0) return weights.map(() => 0)
  const shares = weights.map((weight) => Math.floor((total * weight) / sum))
  const order = weights
    .map((weight, index) => ({index, remainder: (total * weight) % sum}))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  let rest = total - shares.reduce((a, b) => a + b, 0)
  for (const {index} of order) {
    if (rest === 0) break
    shares[index] = (shares[index] as number) + 1
    rest--
  }
  return shares
}

/**
 * Chooses which `count` slots leave a source, so that few fragments are left: whole ranges go whole, at most one range
 * is cut, and always at an edge. Slots beside what the target owns already are preferred, since they join up there.
 *
 * @param owned - the source's slots, ascending, merged
 * @param count - 0..number of owned slots
 * @param target - what the target owns, or is about to
 * @returns ascending, merged ranges of exactly `count` slots
 */
export function chooseSlots(owned: readonly SlotRange[], count: number, target: readonly SlotRange[]): SlotRange[] {
  const atTarget = new Uint8Array(SLOT_COUNT)
  const mark = ({first, last}: SlotRange) => atTarget.fill(1, first, last + 1)
  target.forEach(mark)
  const left = [...owned]
  const chosen: SlotRange[] = []
  for (let rest = count; rest > 0; ) {
    const {index, take} = nextPiece(left, rest, atTarget)
    const range = left[index] as SlotRange
    left.splice(index, 1, ...remainders(range, take))
    chosen.push(take)
    mark(take)
    rest -= countSlots([take])
  }
  return rangesOf(slotsOf(chosen))
}

interface Piece {
  readonly index: number
  readonly take: SlotRange
}

/** The best next piece of at most `rest` slots; `ranges` hold at least one slot. */
function nextPiece(ranges: readonly SlotRange[], rest: number, atTarget: Uint8Array): Piece {
  const length = ({first, last}: SlotRange) => last - first + 1
  const below = ({first}: SlotRange) => first > 0 && atTarget[first - 1] === 1
  const above = ({last}: SlotRange) => last + 1 < SLOT_COUNT && atTarget[last + 1] === 1
  const touches = (range: SlotRange) => below(range) || above(range)
  const longest = (test: (range: SlotRange) => boolean): number => {
    let best = -1
    ranges.forEach((range, index) => {
      if (test(range) && (best < 0 || length(range) > length(ranges[best] as SlotRange))) best = index
    })
    return best
  }
  const whole = (index: number): Piece => ({index, take: ranges[index] as SlotRange})

  const joins = longest((range) => length(range) <= rest && touches(range))
  if (joins >= 0) return whole(joins)
  const exact = longest((range) => length(range) === rest)
  if (exact >= 0) return whole(exact)
  const edge = longest((range) => length(range) > rest && touches(range))
  if (edge >= 0) return {index: edge, take: cut(ranges[edge] as SlotRange, rest, below(ranges[edge] as SlotRange))}
  // Cutting one long range makes one new fragment; gathering short ones moves fragments but may still end in a cut.
  const long = longest((range) => length(range) > rest)
  if (long >= 0) return {index: long, take: cut(ranges[long] as SlotRange, rest, false)}
  return whole(longest(() => true))
}

/** The low or the high end of a range. */
function cut({first, last}: SlotRange, count: number, low: boolean): SlotRange {
  return low ? {first, last: first + count - 1} : {first: last - count + 1, last}
}

function remainders(range: SlotRange, taken: SlotRange): SlotRange[] {
  const left: SlotRange[] = []
  if (taken.first > range.first) left.push({first: range.first, last: taken.first - 1})
  if (taken.last < range.last) left.push({first: taken.last + 1, last: range.last})
  return left
}
