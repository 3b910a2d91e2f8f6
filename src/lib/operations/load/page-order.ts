/** What became of the keys that were looked at. */
export interface ImportTotals {
  /** Listed at the source. */
  readonly scanned: number
  readonly written: number
  readonly replaced: number
  readonly equal: number
  readonly expired: number
  readonly conflict: number
  /** Listed, but gone from the source before they could be read. */
  readonly gone: number
  /** Deleted at the source after they had arrived. */
  readonly removed: number
  /** Meant to be deleted at the source, but kept there: they changed on one side meanwhile. */
  readonly kept: number
  /** Too big for one command. */
  readonly skipped: number
  /** Of payloads, written or replaced. */
  readonly bytes: number
}

export const TOTALS_NONE: ImportTotals = {
  scanned: 0,
  written: 0,
  replaced: 0,
  equal: 0,
  expired: 0,
  conflict: 0,
  gone: 0,
  removed: 0,
  kept: 0,
  skipped: 0,
  bytes: 0,
}

export function addTotals(a: ImportTotals, b: Partial<ImportTotals>): ImportTotals {
  const names = Object.keys(TOTALS_NONE) as (keyof ImportTotals)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + (b[name] ?? 0)])) as unknown as ImportTotals
}

/**
 * How far a SCAN is through: pages end in any order, but only up to the first that has not ended is all done. What is
 * beyond is done again after a crash, and found equal.
 */
export class PageOrder {
  private first = 0
  private readonly ended = new Map<number, {readonly next: string; readonly totals: Partial<ImportTotals>}>()
  private reached: string
  private sum: ImportTotals

  constructor(cursor: string, totals: ImportTotals) {
    this.reached = cursor
    this.sum = totals
  }

  /** Where SCAN goes on after the pages that are all done. */
  get cursor(): string {
    return this.reached
  }

  /** Of the pages that are all done. */
  get totals(): ImportTotals {
    return this.sum
  }

  /**
   * @param index - of the page, 0 for the first of this run
   * @returns whether the cursor has moved on
   */
  end(index: number, next: string, totals: Partial<ImportTotals>): boolean {
    this.ended.set(index, {next, totals})
    const before = this.first
    for (let page = this.ended.get(this.first); page; page = this.ended.get(this.first)) {
      this.ended.delete(this.first++)
      this.reached = page.next
      this.sum = addTotals(this.sum, page.totals)
    }
    return this.first > before
  }
}
