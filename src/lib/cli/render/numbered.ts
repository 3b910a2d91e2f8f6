/**
 * Items one below the other with their numbers, as redis-cli writes them: ` 9) `, `10) `; further lines of an item are indented.
 *
 * @param rows - the lines of each item, at least one
 * @param mark - behind the number
 */
export function numberedLines(rows: readonly (readonly string[])[], mark = ')'): string[] {
  const width = `${rows.length}`.length
  return rows.flatMap((lines, index) => {
    const label = `${`${index + 1}`.padStart(width)}${mark} `
    return lines.map((line, at) => (at === 0 ? label : ' '.repeat(label.length)) + line)
  })
}
