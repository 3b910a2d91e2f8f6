import {SLOT_COUNT} from '../../model/slot-set.js'
import type {Style} from './style.js'

/*
 * All 16384 slots as a block of cells, each cell some neighbouring slots:
 *
 *       0  AAAAAAAAAAAAAAAA...
 *    1024  AAAAAAAAAABBBBBB...
 *
 * In colour a cell is a solid block in its primary's colour; without, its letter. `.` = nobody owns it, `?` = its owner did
 * not answer. A cell of several owners shows the largest, as a shaded block, or as `+` without colour.
 */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const ROWS = 16
const LABEL_WIDTH = 7
const CELLS_PER_ROW = [128, 64, 32, 16] as const

/** The letter of the primary at `index`; `#` beyond the sixty-second. */
export function slotLetter(index: number): string {
  return LETTERS[index] ?? '#'
}

/**
 * @param ownerIndex - slot -> index of its primary; -1 nobody, -2 an owner that did not answer; 16384 entries
 * @param columns - of the terminal; the map takes the widest form that fits, at least 16 cells
 * @returns 16 lines
 */
export function renderSlotMap(ownerIndex: Int16Array, style: Style, columns: number): string[] {
  const cells = CELLS_PER_ROW.find((count) => count + LABEL_WIDTH <= columns) ?? 16
  const slotsPerRow = SLOT_COUNT / ROWS
  const slotsPerCell = slotsPerRow / cells
  return Array.from({length: ROWS}, (_, row) => {
    const start = row * slotsPerRow
    const line = Array.from({length: cells}, (_, cell) => {
      const first = start + cell * slotsPerCell
      return tally(ownerIndex.subarray(first, first + slotsPerCell))
    })
    return `${style.dim(String(start).padStart(LABEL_WIDTH - 2))}  ${renderCells(line, style)}`
  })
}

/**
 * All slots in one line.
 *
 * @param ownerIndex - as for `renderSlotMap`
 * @param cells - how many columns to fill, 1..16384
 */
export function renderSlotBar(ownerIndex: Int16Array, style: Style, cells: number): string {
  const edge = (cell: number) => Math.round((cell * SLOT_COUNT) / cells)
  const line = Array.from({length: cells}, (_, cell) => tally(ownerIndex.subarray(edge(cell), edge(cell + 1))))
  return renderCells(line, style)
}

interface Cell {
  readonly owner: number
  readonly mixed: boolean
}

/** The owner of most of the slots; the lower index on a tie. */
function tally(owners: Int16Array): Cell {
  const first = owners[0] as number
  if (owners.every((owner) => owner === first)) return {owner: first, mixed: false}
  const counts = new Map<number, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const [largest] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || a - b)
  return {owner: (largest as [number, number])[0], mixed: true}
}

/** Neighbours of one colour are painted together, which keeps the text short. */
function renderCells(cells: readonly Cell[], style: Style): string {
  let line = ''
  for (let start = 0; start < cells.length; ) {
    const {owner} = cells[start] as Cell
    let end = start
    let text = ''
    while (end < cells.length && cells[end]?.owner === owner) {
      text += glyph(cells[end] as Cell, style)
      end++
    }
    line += owner < 0 ? style.red(text) : style.nth(owner, text)
    start = end
  }
  return line
}

function glyph({owner, mixed}: Cell, {color}: Style): string {
  if (mixed && !color) return '+'
  if (owner === -1) return mixed ? '+' : '.'
  if (owner === -2) return '?'
  if (!color) return slotLetter(owner)
  return mixed ? '▒' : '█'
}
