/** Letters that may differ, for each so many of the word. */
const LETTERS_PER_SLIP = 3
const PREFIX_MIN = 3

/**
 * What somebody may have meant to type: the candidate with the fewest slips, a slip being a letter too many, too few, wrong,
 * or two swapped. Who stops in the middle of a word has slipped once.
 *
 * @returns undefined if nothing is near; the first candidate of equals
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(word.length / LETTERS_PER_SLIP)) + 1
  for (const candidate of candidates) {
    const isBegun = word.length >= PREFIX_MIN && candidate.startsWith(word)
    const slips = isBegun ? 1 : slipsBetween(word, candidate)
    if (slips < fewest) {
      best = candidate
      fewest = slips
    }
  }
  return best
}

/** The optimal string alignment distance, row by row. */
function slipsBetween(a: string, b: string): number {
  let above: number[] = []
  let row = Array.from({length: b.length + 1}, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (isSame ? 0 : 1),
        isSwapped ? (above[j - 2] as number) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    above = row
    row = next
  }
  return row[b.length] as number
}
