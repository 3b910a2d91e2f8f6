import type {Step} from './script.js'

/** As a rule the last steps are enough. */
const TAIL_LENGTHS = [30, 300, 2000]

/**
 * Leaves steps out as long as it still fails: all but the last ones if that does, halves of what is left, then smaller
 * and smaller pieces of it.
 *
 * @param fails - whether what is left still does
 * @param untilMs - by the clock of Date.now(): what is found by then must do
 */
export async function shrink(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  untilMs: number,
): Promise<readonly Step[]> {
  let shortest = steps
  for (const length of TAIL_LENGTHS) {
    if (shortest !== steps || length >= steps.length) break
    const tail = steps.slice(-length)
    if (await fails(tail)) shortest = tail
  }
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < shortest.length; ) {
      if (Date.now() > untilMs) return shortest
      const without = [...shortest.slice(0, from), ...shortest.slice(from + size)]
      if (await fails(without)) shortest = without
      else from += size
    }
  }
  return shortest
}
