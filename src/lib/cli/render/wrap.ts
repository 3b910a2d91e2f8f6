/**
 * Breaks text between words.
 *
 * @param width - longest line, in characters; a single longer word stands alone
 * @returns at least one line
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    // Lists of slots are words of any length, which break after a comma.
    for (const piece of word.length > width ? word.split(/(?<=,)/) : [word]) {
      const joint = line === '' || (line.endsWith(',') && piece !== word) ? '' : ' '
      if (line !== '' && line.length + joint.length + piece.length > width) {
        lines.push(line)
        line = piece
      } else {
        line += joint + piece
      }
    }
  }
  lines.push(line)
  return lines
}
