import {widthOf} from './style.js'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * Lines up cells under their titles, two spaces between columns, nothing after the last.
 *
 * @param rows - cells may hold colours; each row has one cell per column
 * @returns lines without line ends: the titles, then one per row
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({title}, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)))
        return columns[index]?.align === 'right' ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({title}) => title)), ...rows.map(line)]
}
