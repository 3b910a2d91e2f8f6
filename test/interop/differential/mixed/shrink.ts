import type {Step} from './script.js'

/**
 * Leaves steps out as long as it still fails: halves of the script first, then smaller and smaller pieces of it.
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
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < shortest.length; ) {
      if (Date.now() > untilMs) return shortest
      const without = [...shortest.slice(0, from), ...shortest.slice(from + size)]
      if (await fails(without)) shortest = without
      else from += size
    }
  }
  return shortest
}
