/** Hash slots as values: ascending arrays of slot numbers, and inclusive ranges of them. */

export const SLOT_COUNT = 16384

/** Inclusive on both ends, `0 <= first <= last < SLOT_COUNT`. */
export interface SlotRange {
  readonly first: number
  readonly last: number
}

export function isSlot(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < SLOT_COUNT
}

/**
 * Joins slots into ranges.
 *
 * @param slots - ascending, without repeats
 * @returns ascending ranges, no two of them adjacent
 */
export function rangesOf(slots: Iterable<number>): SlotRange[] {
  const ranges: SlotRange[] = []
  let first = -1
  let last = -2
  for (const slot of slots) {
    if (slot === last + 1) {
      last = slot
      continue
    }
    if (first >= 0) ranges.push({first, last})
    first = slot
    last = slot
  }
  if (first >= 0) ranges.push({first, last})
  return ranges
}

/** @returns the slots of all ranges, ascending, each once */
export function slotsOf(ranges: readonly SlotRange[]): number[] {
  const isInOrder = ranges.every(({first}, index) => index === 0 || first > (ranges[index - 1] as SlotRange).last)
  if (isInOrder) {
    const slots: number[] = []
    for (const {first, last} of ranges) for (let slot = first; slot <= last; slot++) slots.push(slot)
    return slots
  }
  const slots = new Set<number>()
  for (const {first, last} of ranges) for (let slot = first; slot <= last; slot++) slots.add(slot)
  return [...slots].sort((a, b) => a - b)
}

/** @param ranges - in any order @returns the same slots in ascending ranges, no two of them adjacent */
export function mergedRanges(ranges: readonly SlotRange[]): SlotRange[] {
  const isMerged = ranges.every(({first}, index) => index === 0 || first > (ranges[index - 1] as SlotRange).last + 1)
  return isMerged ? [...ranges] : rangesOf(slotsOf(ranges))
}

export function countSlots(ranges: readonly SlotRange[]): number {
  let count = 0
  for (const {first, last} of ranges) count += last - first + 1
  return count
}

/** `0-5460,6000`; the empty string for no slots. */
export function renderRanges(ranges: readonly SlotRange[]): string {
  return ranges.map(({first, last}) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/**
 * Reads `0-99,300` (spaces allowed around commas).
 *
 * @returns ascending, merged ranges; undefined if the text is not a list of slots in range
 */
export function parseRanges(text: string): SlotRange[] | undefined {
  const ranges: SlotRange[] = []
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part)
    if (!match) return undefined
    const first = Number(match[1])
    const last = match[2] === undefined ? first : Number(match[2])
    if (!isSlot(first) || !isSlot(last) || first > last) return undefined
    ranges.push({first, last})
  }
  return mergedRanges(ranges)
}
