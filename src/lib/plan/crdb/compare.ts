/** What is known of one slot in one region. */
export interface ComparedSlot {
  readonly digest: string
  /** `region.epoch` -> effects that were applied. */
  readonly vector: ReadonlyMap<string, number>
}

/** What one region has not applied yet, and another has. */
export interface Behind {
  /** Id of the instance that lacks something. */
  readonly region: number
  /** Who wrote it. */
  readonly of: number
  readonly effects: number
}

export interface SlotDifference {
  readonly slot: number
  /** `behind`: effects are on their way or cut off. `diverged`: all have applied the same and differ, which must never be. */
  readonly kind: 'behind' | 'diverged'
  readonly behind: readonly Behind[]
}

/**
 * Compares regions slot by slot: equal vectors must have equal digests.
 *
 * @param regions - by id of the instance: slots of which it knows anything
 * @returns slots that are not equal everywhere, ascending
 */
export function compareRegions(regions: ReadonlyMap<number, ReadonlyMap<number, ComparedSlot>>): SlotDifference[] {
  const slots = new Set<number>()
  for (const known of regions.values()) for (const slot of known.keys()) slots.add(slot)
  return [...slots].sort((a, b) => a - b).flatMap((slot) => compareSlot(slot, regions) ?? [])
}

function compareSlot(
  slot: number,
  regions: ReadonlyMap<number, ReadonlyMap<number, ComparedSlot>>,
): SlotDifference | undefined {
  const furthest = new Map<string, number>()
  for (const known of regions.values()) {
    for (const [actor, sequence] of known.get(slot)?.vector ?? []) {
      furthest.set(actor, Math.max(sequence, furthest.get(actor) ?? 0))
    }
  }
  const behind = [...regions].flatMap(([region, known]) => lacksOf(region, known.get(slot)?.vector, furthest))
  if (behind.length > 0) return {behind, kind: 'behind', slot}
  const digests = new Set([...regions.values()].map((known) => known.get(slot)?.digest))
  return digests.size > 1 ? {behind, kind: 'diverged', slot} : undefined
}

function lacksOf(
  region: number,
  vector: ReadonlyMap<string, number> | undefined,
  furthest: ReadonlyMap<string, number>,
): Behind[] {
  const byWriter = new Map<number, number>()
  for (const [actor, sequence] of furthest) {
    const effects = sequence - (vector?.get(actor) ?? 0)
    const of = Number(actor.slice(0, actor.indexOf('.')))
    if (effects > 0) byWriter.set(of, (byWriter.get(of) ?? 0) + effects)
  }
  return [...byWriter].map(([of, effects]) => ({effects, of, region}))
}

/** Added up over all slots, by who lacks and who wrote. */
export function sumBehind(differences: readonly SlotDifference[]): Behind[] {
  const sums = new Map<string, Behind>()
  for (const {behind} of differences) {
    for (const {effects, of, region} of behind) {
      const key = `${region} ${of}`
      sums.set(key, {effects: effects + (sums.get(key)?.effects ?? 0), of, region})
    }
  }
  return [...sums.values()].sort((a, b) => a.region - b.region || a.of - b.of)
}

/** Keys whose digests are not the same in all regions, sorted. */
export function differingKeys(regions: readonly ReadonlyMap<string, string>[]): string[] {
  const keys = new Set(regions.flatMap((digests) => [...digests.keys()]))
  return [...keys].filter((key) => new Set(regions.map((digests) => digests.get(key))).size > 1).sort()
}
