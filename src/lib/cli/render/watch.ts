import type {NodeReading, Reading} from '../../model/cluster-reading.js'
import {problemsOf} from '../../model/reading-news.js'
import {renderDuration} from '../duration.js'
import {renderAmount, renderBytes, renderCount} from './numbers.js'
import {renderSlotBar, slotLetter} from './slot-map.js'
import {renderCopyState, renderNodeState} from './status.js'
import {type Style, stripStyle, widthOf} from './style.js'
import {type Column, renderTable} from './table.js'

/** What is on the screen at one moment. */
export interface WatchFrame {
  readonly reading: Reading
  /** Slot -> index of its owner among the primaries, in order of address; see `shardIndexOfSlots`. */
  readonly owners: Int16Array
  /** Time of day, as it is to be shown. */
  readonly time: string
  readonly intervalMs: number
  /** What happened so far, oldest first, each as it is to be shown. */
  readonly news: readonly string[]
  /** Why no node answered; the reading is then the last there was. */
  readonly failure?: string
}

/** Lines and columns to fill; infinite where there is no screen. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

const BAR_CELLS_MAX = 128
const NEWS_MAX = 8
const UNKNOWN = '-'

/**
 * One frame: totals, who owns which slots, a line per node, open slots, what is wrong, and what happened.
 *
 * @returns at most `rows` lines of at most `columns` columns; what does not fit is counted, the sick nodes last of all
 */
export function renderWatch(frame: WatchFrame, style: Style, {columns, rows}: Size): string[] {
  const {news, owners, reading} = frame
  const barCells = Math.max(1, Math.min(columns, BAR_CELLS_MAX))
  const head = [...renderHead(frame, style), '', renderSlotBar(owners, style, barCells), '']
  const tail = renderTail(frame, style)
  const tailRows = Math.min(tail.length, Math.max(2, Math.floor(rows / 3)))
  const tableRows = Math.max(2, rows - head.length - 1 - tailRows)
  const lines = [...head, ...renderNodes(reading, style, {columns, rows: tableRows}), '', ...clip(tail, tailRows)]
  const left = Math.min(NEWS_MAX, rows - lines.length - 1)
  if (left > 0 && news.length > 0) lines.push('', ...news.slice(-left).map((line) => style.dim(line)))
  return lines.slice(0, rows).map((line) => cut(line, columns))
}

function renderHead({failure, intervalMs, reading, time}: WatchFrame, style: Style): string[] {
  const {seed, totals} = reading
  const {inBytesPerSecond, keys, opsPerSecond, outBytesPerSecond, slotsCovered, usedBytes} = totals
  const first = [
    style.bold(seed),
    time,
    `every ${renderDuration(intervalMs)}`,
    renderAmount(totals.primaries, 'primary', 'primaries'),
    renderAmount(totals.replicas, 'replica'),
    `${renderCount(slotsCovered)} of 16,384 slots`,
  ]
  const rates = [
    opsPerSecond === null ? undefined : `${renderCount(opsPerSecond)} ops/s`,
    renderAmount(keys, 'key'),
    renderBytes(usedBytes),
    inBytesPerSecond === null ? undefined : `${renderBytes(inBytesPerSecond)}/s in`,
    outBytesPerSecond === null ? undefined : `${renderBytes(outBytesPerSecond)}/s out`,
  ]
  const second = failure === undefined ? rates.filter((part) => part !== undefined).join(', ') : undefined
  return [first.join('  '), second ?? style.red(`No node answers: ${failure}. Below is what was seen last.`)]
}

interface NodeColumn extends Column {
  /** The columns with the highest go first where the screen is too narrow. */
  readonly rank: number
  readonly cell: (node: NodeReading, style: Style, index: number) => string
}

const right = 'right' as const
const count = (value: number | null) => (value === null ? UNKNOWN : renderCount(value))
const bytes = (value: number | null) => (value === null ? UNKNOWN : renderBytes(value))

const COLUMNS: readonly NodeColumn[] = [
  {title: '', rank: 0, cell: (_, style, index) => (index < 0 ? '' : style.nth(index, mark(style, index)))},
  // Replicas stand under their primary.
  {title: 'NODE', rank: 0, cell: ({address, role}) => (role === 'replica' ? `  ${address}` : address)},
  {title: 'ROLE', rank: 3, cell: ({role}) => role},
  {title: 'SLOTS', rank: 2, align: right, cell: ({role, slotCount}) => (role === 'primary' ? count(slotCount) : '')},
  {title: 'OPS/S', rank: 0, align: right, cell: ({opsPerSecond}) => count(opsPerSecond)},
  {title: 'KEYS', rank: 1, align: right, cell: ({keys}) => count(keys)},
  {title: 'MEMORY', rank: 4, align: right, cell: ({usedBytes}) => bytes(usedBytes)},
  {title: 'IN/S', rank: 6, align: right, cell: ({inBytesPerSecond}) => bytes(inBytesPerSecond)},
  {title: 'OUT/S', rank: 6, align: right, cell: ({outBytesPerSecond}) => bytes(outBytesPerSecond)},
  {title: 'CLIENTS', rank: 5, align: right, cell: ({connections}) => count(connections)},
  {title: 'LAG', rank: 1, align: right, cell: ({lagBytes, role}) => (role === 'replica' ? bytes(lagBytes) : '')},
  {title: 'STATE', rank: 0, cell: renderState},
]

function mark({color}: Style, index: number): string {
  return color ? '█' : slotLetter(index)
}

function isWell({copy, state}: NodeReading): boolean {
  return state === 'ok' && copy === 'ok'
}

function renderState(node: NodeReading, style: Style): string {
  if (isWell(node)) return style.green('OK')
  const {copy: state, linkDownSeconds} = node
  return style.red(node.state === 'ok' ? renderCopyState({state, linkDownSeconds}) : renderNodeState(node))
}

/** @returns the titles and a line per node; where they do not fit, the sick ones first and how many more there are */
function renderNodes({nodes}: Reading, style: Style, {columns, rows}: Size): string[] {
  const primaries = nodes.filter(({role}) => role === 'primary')
  const ordered = [
    ...primaries.flatMap((primary) => [primary, ...nodes.filter((node) => node.primary === primary.node)]),
    ...nodes.filter(({primary, role}) => role === 'replica' && !primaries.some(({node}) => node === primary)),
  ]
  const fits = ordered.length < rows
  const sickFirst = [...ordered].sort((a, b) => Number(isWell(a)) - Number(isWell(b)))
  const shown = fits ? ordered : sickFirst.slice(0, Math.max(0, rows - 2))
  const table = widestThatFits(columns, (chosen) =>
    renderTable(
      chosen,
      shown.map((node) => chosen.map(({cell}) => cell(node, style, primaries.indexOf(node)))),
    ),
  )
  const more = fits ? [] : [`and ${renderAmount(ordered.length - shown.length, 'more node')}`]
  return [style.bold(table[0] ?? ''), ...table.slice(1), ...more]
}

/** Leaves columns out, the least telling first, until the table fits. */
function widestThatFits(width: number, draw: (columns: readonly NodeColumn[]) => string[]): string[] {
  for (let rank = Math.max(...COLUMNS.map((column) => column.rank)); ; rank--) {
    const table = draw(COLUMNS.filter((column) => column.rank <= rank))
    if (rank === 0 || Math.max(...table.map(widthOf)) <= width) return table
  }
}

function renderTail({failure, reading}: WatchFrame, style: Style): string[] {
  const addresses = new Map(reading.nodes.map(({address, node}) => [node, address]))
  const nameOf = (node: number | null) => (node === null ? 'a node that is gone' : (addresses.get(node) ?? UNKNOWN))
  const problems = problemsOf(reading)
  return [
    ...reading.migrations.map(({from, slotCount, slots, to}) =>
      style.yellow(
        `${renderAmount(slotCount, 'open slot')} on the way from ${nameOf(from)} to ${nameOf(to)}: ${slots}`,
      ),
    ),
    ...problems.map((problem) => style.red(problem)),
    ...(problems.length === 0 && failure === undefined
      ? [style.green('All nodes answer, every slot is covered.')]
      : []),
  ]
}

function clip(lines: readonly string[], rows: number): string[] {
  if (lines.length <= rows) return [...lines]
  return [...lines.slice(0, rows - 1), `and ${lines.length - rows + 1} more`]
}

/** A line that is too long loses its end, and with it its colours. */
function cut(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : [...stripStyle(line)].slice(0, columns).join('')
}
