import type {Actor, CrdtCore} from '../server/crdt/core/api.js'

/** A region as the others compare themselves with it: `coreOf` is the state of the shard that has the slot. */
export interface RegionState {
  readonly region: number
  readonly cores: readonly CrdtCore[]
  coreOf(slot: number): CrdtCore | undefined
}

/** What one region has not applied of one slot, and another has. */
export interface Lack {
  /** Who lacks it. */
  readonly region: number
  readonly slot: number
  /** Who wrote it. */
  readonly actor: Actor
  /** All up to this one are wanted. */
  readonly sequence: number
  /** How many effects. */
  readonly count: number
}

/** Slots of which anything is known in any of the regions, ascending. */
export function slotsOf(regions: readonly RegionState[]): number[] {
  const slots = new Set<number>()
  for (const {cores} of regions) for (const core of cores) for (const slot of core.slots()) slots.add(slot)
  return [...slots].sort((a, b) => a - b)
}

/** Whatever any of these regions has applied that another of them has not. */
export function lacksAmong(regions: readonly RegionState[]): Lack[] {
  return slotsOf(regions).flatMap((slot) => lacksOfSlot(regions, slot))
}

export function lacksOfSlot(regions: readonly RegionState[], slot: number): Lack[] {
  const vectors = regions.map((state) => vectorOf(state, slot))
  const furthest = new Map<string, {readonly actor: Actor; readonly sequence: number}>()
  for (const vector of vectors) {
    for (const [key, entry] of vector) {
      if (entry.sequence > (furthest.get(key)?.sequence ?? 0)) furthest.set(key, entry)
    }
  }
  return regions.flatMap(({region}, index) =>
    [...furthest].flatMap(([key, {actor, sequence}]) => {
      const count = sequence - (vectors[index]!.get(key)?.sequence ?? 0)
      return count > 0 ? [{actor, count, region, sequence, slot}] : []
    }),
  )
}

function vectorOf(state: RegionState, slot: number) {
  const entries = state.coreOf(slot)?.vectorOf(slot) ?? []
  return new Map(entries.map(([actor, sequence]) => [`${actor.region}.${actor.epoch}`, {actor, sequence}]))
}

/** @returns those that are still lacking */
export function stillLacking(lacks: readonly Lack[], regions: ReadonlyMap<number, RegionState>): Lack[] {
  return lacks.filter(({actor, region, sequence, slot}) => {
    const core = regions.get(region)?.coreOf(slot)
    return core === undefined || !core.covers(slot, actor, sequence)
  })
}

const SLOTS_SHOWN = 5

/** `region 2 waits for 3 effects of region 1 in slots 12, 5798; ...` */
export function describeLacks(lacks: readonly Lack[]): string {
  const byPair = new Map<string, Lack[]>()
  for (const lack of lacks) {
    const pair = `region ${lack.region} waits for COUNT of region ${lack.actor.region}`
    byPair.set(pair, [...(byPair.get(pair) ?? []), lack])
  }
  return [...byPair].map(([pair, some]) => `${pair.replace('COUNT', effects(some))} in ${slotList(some)}`).join('; ')
}

function effects(lacks: readonly Lack[]): string {
  const count = lacks.reduce((sum, lack) => sum + lack.count, 0)
  return count === 1 ? '1 effect' : `${count} effects`
}

function slotList(lacks: readonly Lack[]): string {
  const slots = [...new Set(lacks.map(({slot}) => slot))]
  const shown = slots.slice(0, SLOTS_SHOWN).join(', ')
  if (slots.length === 1) return `slot ${shown}`
  return slots.length > SLOTS_SHOWN ? `slots ${shown} and ${slots.length - SLOTS_SHOWN} more` : `slots ${shown}`
}
