/** A command as it goes over the wire, and into append-only files: an array of bulk strings. Binary strings in and out. */
export function encodeCommand(argv: readonly string[]): string {
  let text = `*${argv.length}\r\n`
  for (const argument of argv) text += `$${argument.length}\r\n${argument}\r\n`
  return text
}

/** The same for a command that no string can hold, in pieces. */
export function encodeInPieces(argv: readonly string[]): string[] {
  const pieces = argv.flatMap((argument) => [`$${argument.length}\r\n`, argument, '\r\n'])
  return [`*${argv.length}\r\n`, ...pieces]
}

/** UTF-8 text as the binary string that `encodeCommand` takes: one character per byte. */
export function toWireText(text: string): string {
  return Buffer.from(text).toString('latin1')
}
