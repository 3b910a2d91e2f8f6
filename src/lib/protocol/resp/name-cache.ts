import {SHORT_BYTES_MAX, shortText} from './short-text.js'

/**
 * Names of commands as strings, one for each spelling: the bytes of a request's first argument are compared with those of
 * the name last seen in the same place. A string that is always the same one has its hash already, so looking the command
 * up costs half as much too. The table's size is fixed; a name that comes into a taken place takes it over.
 */
const PLACES = 512
/** Bytes per place: the length of the name, then the name. */
const STRIDE = 32

/** Bytes of the longest name kept, which is longer than any of Redis's; `shortText` makes no longer strings. */
export const NAME_BYTES_MAX = SHORT_BYTES_MAX

const known = new Uint8Array(PLACES * STRIDE)
const names: string[] = Array.from({length: PLACES}, () => '')

/** @param n - 1..NAME_BYTES_MAX bytes from `i` on */
export function nameText(b: Uint8Array, i: number, n: number): string {
  const place = (b[i]! * 31 + b[i + n - 1]! * 7 + b[i + (n >>> 1)]! * 3 + n) & (PLACES - 1)
  const base = place * STRIDE
  if (known[base] === n) {
    let same = 0
    while (same < n && known[base + 1 + same] === b[i + same]) same++
    if (same === n) return names[place]!
  }
  const name = shortText(b, i, n)
  known[base] = n
  for (let k = 0; k < n; k++) known[base + 1 + k] = b[i + k]!
  names[place] = name
  return name
}
