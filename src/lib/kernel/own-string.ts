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

/** Up to here characters are compared one by one; to cut a slice costs as much as a few of them. */
const LOOP_MAX = 8

/** Does `text` stand in `whole` at `at`? From the end: texts that are kept together often begin alike. */
export function isAt(whole: string, at: number, text: string): boolean {
  const {length} = text
  const left = length > LOOP_MAX ? length - LOOP_MAX / 2 : 0
  for (let i = length - 1; i >= left; i--) if (whole.charCodeAt(at + i) !== text.charCodeAt(i)) return false
  return left === 0 || whole.slice(at, at + length) === text
}
