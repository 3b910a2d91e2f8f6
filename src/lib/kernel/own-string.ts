/** V8 copies shorter slices; longer ones keep the whole text they were cut from. */
const SLICE_LENGTH_MIN = 13

/** A piece cut from a bigger text, as a string of its own: kept for long, it would keep the bigger text alive. */
export function ownString(piece: string): string {
  // Unlike `+`, join always copies.
  return piece.length < SLICE_LENGTH_MIN ? piece : [piece.slice(0, 1), piece.slice(1)].join('')
}

/** Makes a concatenated string one piece in memory. */
export function flat(text: string): string {
  text.charCodeAt(0)
  return text
}
