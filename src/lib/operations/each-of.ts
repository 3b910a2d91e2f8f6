/**
 * Does the same for every item, at most `limit` at a time, in order of their start.
 *
 * @returns the results in order of the items
 * @throws the first failure, once what was under way has ended; nothing is started after it
 */
export async function eachOf<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const lane = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      try {
        results[index] = await work(items[index] as T, index)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({length: Math.min(limit, items.length)}, lane))
  if (failures.length > 0) throw failures[0]
  return results
}
