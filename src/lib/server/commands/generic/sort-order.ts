import {parseDouble} from '../../../protocol/double.js'

/** An element, and what it is compared by. */
export interface Sorted {
  readonly element: string
  /** In numeric order. */
  readonly score: number
  /** In alphabetic order; undefined, which comes first, without a key to take it from. */
  readonly weight: string | undefined
}

export type Order = (a: Sorted, b: Sorted) => number

const LEADING_SPACE = /^[ \t\n\v\f\r]+/

/** The least double with all of its bits; of what is nearer to 0, `strtod` says that it is out of range. */
const NORMAL_MIN = 2 ** -1022

/**
 * As C's `strtod` reads it up to the first zero byte; nothing at all is 0.
 *
 * @returns undefined for what is no number, and what is out of range
 */
export function sortScore(text: string): number | undefined {
  const end = text.indexOf('\0')
  const whole = end < 0 ? text : text.slice(0, end)
  if (whole === '') return 0
  const score = parseDouble(whole.replace(LEADING_SPACE, ''))
  return score === undefined || score === 0 || Math.abs(score) >= NORMAL_MIN ? score : undefined
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Equal scores are ordered by the elements, so that the outcome is defined. */
export const byScore: Order = (a, b) =>
  a.score !== b.score ? (a.score < b.score ? -1 : 1) : compareText(a.element, b.element)

export const byWeight: Order = ({weight: a}, {weight: b}) => {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  return compareText(a, b)
}

export function reversed(order: Order): Order {
  return (a, b) => order(b, a)
}

/**
 * Sorts so that items start..end-1 are the right ones in the right order; the others are in no defined order.
 *
 * A page of a big collection needs not all of it sorted: what does not reach the page is put aside first, by Hoare's
 * selection.
 */
export function sortPage(items: Sorted[], order: Order, start: number, end: number): Sorted[] {
  if (end - start > items.length / SELECTED_PART_MIN) return items.sort(order).slice(start, end)
  select(items, order, start, 0, items.length - 1)
  if (end < items.length) select(items, order, end, start, items.length - 1)
  return items.slice(start, end).sort(order)
}

const SELECTED_PART_MIN = 8

/** Puts the item of rank `rank` into its place, none greater before it and none smaller behind it. */
function select(items: Sorted[], order: Order, rank: number, first: number, last: number): void {
  let low = first
  let high = last
  while (low < high) {
    const pivot = medianOf(items[low]!, items[(low + high) >> 1]!, items[high]!, order)
    let i = low
    let j = high
    while (i <= j) {
      while (order(items[i]!, pivot) < 0) i++
      while (order(items[j]!, pivot) > 0) j--
      if (i > j) break
      const moved = items[i]!
      items[i++] = items[j]!
      items[j--] = moved
    }
    if (rank <= j) high = j
    else if (rank >= i) low = i
    else return
  }
}

function medianOf(a: Sorted, b: Sorted, c: Sorted, order: Order): Sorted {
  if (order(a, b) > 0) return order(a, c) <= 0 ? a : order(b, c) > 0 ? b : c
  return order(b, c) <= 0 ? b : order(a, c) > 0 ? a : c
}
