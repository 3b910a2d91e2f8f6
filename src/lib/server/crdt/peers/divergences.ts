/** Joins of one slot's state, one for each comparison that finds it unequal. What they have not mended, more would not. */
const TRIES_MAX = 3
/** In one line of the log. */
const SLOTS_NAMED = 10

export interface DivergencesHost {
  /** Asks the region for its state of the slot. @returns whether there is a link for that */
  askForState(region: number, slot: number): boolean
  log(level: 'notice' | 'warning', text: string): void
}

/**
 * Slots that differ from another region's although both have applied the same: no link brings them together again. The
 * region's state is asked for and joined, as it does with ours; that goes by vectors, so what one side lacks counts as deleted.
 *
 *     differs --join, 3 at most--> equal: mended       differs still: it is counted and told, and stays
 */
export class Divergences {
  /** Slots that were found to differ, counted each time. */
  found = 0
  /** Of them, those that were found equal later. */
  mended = 0
  /** By region, then slot: joins that were asked for. */
  private readonly open = new Map<number, Map<number, number>>()

  constructor(private readonly host: DivergencesHost) {}

  /** A comparison with the region is over. @param differing - some of `compared` */
  note(region: number, compared: readonly number[], differing: readonly number[]): void {
    this.found += differing.length
    const differs = new Set(differing)
    const ofRegion = this.open.get(region) ?? new Map<number, number>()
    this.open.set(region, ofRegion)
    const mended = compared.filter((slot) => !differs.has(slot) && ofRegion.delete(slot))
    this.mended += mended.length
    const fresh = differing.filter((slot) => !ofRegion.has(slot))
    const stuck: number[] = []
    for (const slot of differing) if (!this.tryToMend(region, slot, ofRegion)) stuck.push(slot)
    this.tell(region, {fresh, mended, stuck})
  }

  /** @returns false: it was tried for the last time before, which is to be said now */
  private tryToMend(region: number, slot: number, ofRegion: Map<number, number>): boolean {
    const tries = ofRegion.get(slot) ?? 0
    if (tries > TRIES_MAX) return true
    const isAsked = tries < TRIES_MAX && this.host.askForState(region, slot)
    ofRegion.set(slot, isAsked || tries === TRIES_MAX ? tries + 1 : tries)
    return tries < TRIES_MAX
  }

  private tell(
    region: number,
    {fresh, mended, stuck}: {fresh: readonly number[]; mended: readonly number[]; stuck: readonly number[]},
  ): void {
    const {host} = this
    const other = `region ${region}`
    if (fresh.length > 0) {
      const text = `Not the same as in ${other} although both have applied the same, which is a bug: ${named(fresh)}.`
      host.log('warning', `${text} Their states are joined.`)
    }
    if (stuck.length > 0) {
      const text = `Not the same as in ${other} still, joining did not mend it: ${named(stuck)}.`
      host.log('warning', `${text} shoal crdb verify names the keys.`)
    }
    if (mended.length > 0) host.log('notice', `The same as in ${other} again: ${named(mended)}.`)
  }

  /** What comes of the slot from this region is to mend it. */
  has(region: number, slot: number): boolean {
    return this.open.get(region)?.has(slot) === true
  }

  /** Slots that differ from the region's, as of the last comparison of each. */
  countOf(region: number): number {
    return this.open.get(region)?.size ?? 0
  }

  /** Slots that differ from another region's. */
  get count(): number {
    const slots = new Set<number>()
    for (const ofRegion of this.open.values()) for (const slot of ofRegion.keys()) slots.add(slot)
    return slots.size
  }

  /** Regions that are left, and slots that are still ours. */
  keepOnly(isRegion: (region: number) => boolean, isOwn: (slot: number) => boolean): void {
    for (const [region, slots] of this.open) {
      if (!isRegion(region)) this.open.delete(region)
      else for (const slot of slots.keys()) if (!isOwn(slot)) slots.delete(slot)
    }
  }
}

function named(slots: readonly number[]): string {
  const shown = slots.slice(0, SLOTS_NAMED).join(', ')
  if (slots.length > SLOTS_NAMED) return `slots ${shown} and ${slots.length - SLOTS_NAMED} more`
  return slots.length === 1 ? `slot ${shown}` : `slots ${shown}`
}
