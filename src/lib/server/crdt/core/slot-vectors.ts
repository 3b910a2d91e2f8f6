import {SLOT_COUNT} from '../../../model/slot-set.js'

/** Slots whose vectors lie together and are of one width. */
const PAGE_SHIFT = 6
const PAGE_SLOTS = 1 << PAGE_SHIFT
const FIRST_WIDTH = 4

interface Page {
  width: number
  /** Slot after slot, `width` sequences each. */
  cells: Float64Array
}

const NONE = new Float64Array(0)

/**
 * Vectors of all slots: highest sequence applied, by slot and index of the actor. Flat, for every write looks one up: an
 * array per slot would be two more places in memory that no cache holds.
 */
export class SlotVectors {
  private readonly pages: readonly Page[] = Array.from({length: SLOT_COUNT >>> PAGE_SHIFT}, () => ({
    cells: NONE,
    width: 0,
  }))

  /** The slot's vector as it lies: `width` sequences from `first` on; good until the next change. */
  rowOf(slot: number): {readonly cells: Float64Array; readonly first: number; readonly width: number} {
    const {cells, width} = this.pages[slot >>> PAGE_SHIFT]!
    return {cells, first: (slot & (PAGE_SLOTS - 1)) * width, width}
  }

  sequenceOf(slot: number, actor: number): number {
    const {cells, width} = this.pages[slot >>> PAGE_SHIFT]!
    return actor < width ? cells[(slot & (PAGE_SLOTS - 1)) * width + actor]! : 0
  }

  set(slot: number, actor: number, sequence: number): void {
    const page = this.pages[slot >>> PAGE_SHIFT]!
    if (actor >= page.width) widen(page, actor + 1)
    page.cells[(slot & (PAGE_SLOTS - 1)) * page.width + actor] = sequence
  }

  /** A copy: index of the actor -> sequence, up to the last that is not 0. */
  vectorOf(slot: number): number[] {
    const {cells, width} = this.pages[slot >>> PAGE_SHIFT]!
    const first = (slot & (PAGE_SLOTS - 1)) * width
    let count = width
    while (count > 0 && cells[first + count - 1] === 0) count--
    return Array.from(cells.subarray(first, first + count))
  }

  /** Was anything of the slot applied? */
  isEmpty(slot: number): boolean {
    const {cells, width} = this.pages[slot >>> PAGE_SHIFT]!
    const first = (slot & (PAGE_SLOTS - 1)) * width
    for (let at = first; at < first + width; at++) if (cells[at] !== 0) return false
    return true
  }

  clear(slot: number): void {
    const {cells, width} = this.pages[slot >>> PAGE_SHIFT]!
    const first = (slot & (PAGE_SLOTS - 1)) * width
    cells.fill(0, first, first + width)
  }
}

function widen(page: Page, least: number): void {
  const before = page.width
  let width = Math.max(before, FIRST_WIDTH)
  while (width < least) width *= 2
  const cells = new Float64Array(PAGE_SLOTS * width)
  for (let i = 0; i < PAGE_SLOTS; i++) cells.set(page.cells.subarray(i * before, (i + 1) * before), i * width)
  page.cells = cells
  page.width = width
}
