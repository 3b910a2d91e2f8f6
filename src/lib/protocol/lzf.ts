import {Buffer} from 'node:buffer'
import {TEXT_LENGTH_MAX} from './bytes.js'

/**
 * LZF, the compression of strings in RDB and DUMP (wire.md 3.2).
 *
 *   control c < 32      copy the next c+1 bytes
 *   control c >= 32     n = c >> 5 (7: add the next byte), distance = ((c & 31) << 8 | next byte) + 1:
 *                       copy n+2 bytes from `distance` bytes back in the output; source and copy may overlap
 *
 * Decompression never allocates more than the stream can fill: three bytes give at most 264.
 */

const LITERALS_MAX = 32
const DISTANCE_MAX = 8192
const MATCH_MIN = 3
const MATCH_MAX = 264
const HASH_BITS_MIN = 6
const HASH_BITS_MAX = 14

/** The most bytes a stream of `length` bytes can expand to. */
function expandedMax(length: number): number {
  return Math.ceil(length / 3) * MATCH_MAX
}

/**
 * @param input - the stream is `[start, end)` of it
 * @param length - how many bytes it must expand to, exactly
 * @returns undefined if the stream is malformed or gives another length
 */
export function lzfDecompress(input: Uint8Array, start: number, end: number, length: number): Buffer | undefined {
  // A longer result could not be handed out.
  if (length > Math.min(expandedMax(end - start), TEXT_LENGTH_MAX)) return undefined
  const output = Buffer.allocUnsafe(length)
  let from = start
  let to = 0
  while (from < end) {
    const control = input[from++]!
    if (control < LITERALS_MAX) {
      const count = control + 1
      if (from + count > end || to + count > length) return undefined
      for (const stop = to + count; to < stop; ) output[to++] = input[from++]!
      continue
    }
    let count = control >>> 5
    if (count === 7) {
      if (from >= end) return undefined
      count += input[from++]!
    }
    if (from >= end) return undefined
    let source = to - (((control & 31) << 8) | input[from++]!) - 1
    if (source < 0 || to + count + 2 > length) return undefined
    for (const stop = to + count + 2; to < stop; ) output[to++] = output[source++]!
  }
  return to === length ? output : undefined
}

function hashBits(length: number): number {
  return Math.min(HASH_BITS_MAX, Math.max(HASH_BITS_MIN, 32 - Math.clz32(length)))
}

/**
 * Hash of three bytes -> `tableBase` + the place they were last seen at. Each use takes a base above all that is in the
 * table, which saves clearing it.
 */
const TABLE = new Int32Array(1 << HASH_BITS_MAX)
const table = {base: 1}

/** @returns a base for an input of that length */
function nextBase(length: number): number {
  if (table.base + length >= 0x7fff_ffff) {
    TABLE.fill(0)
    table.base = 1
  }
  const {base} = table
  table.base += length
  return base
}

/**
 * Compresses `[start, end)` of `input` with a hash table of the last place each three bytes were seen: linear time, one
 * pass.
 *
 * @param output - of `lengthMax + 2` bytes or more; what is in it is overwritten even if the stream does not fit
 * @param lengthMax - give up when the stream would become longer
 * @returns the stream's length; 0 if it does not fit
 */
export function lzfCompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  lengthMax: number,
): number {
  if (end - start <= MATCH_MIN || lengthMax < MATCH_MIN) return 0
  const shift = 32 - hashBits(end - start)
  const base = nextBase(end - start) - start
  // Two bytes of slack: the control byte of a run that stays empty, and one that is opened by its neighbour's end.
  const limit = lengthMax + 2
  // The original leaves the last two bytes to literals; so do we, to give the same bytes for the same input.
  const matchEnd = end - 2
  let to = 1
  /** Where the control byte of the open run of literals goes: always `to - literals - 1`. */
  let control = 0
  let i = start
  let three = (input[i]! << 8) | input[i + 1]!
  while (i < matchEnd) {
    three = ((three << 8) | input[i + 2]!) & 0xff_ffff
    const bucket = Math.imul(three, 0x9e3779b1) >>> shift
    const seen = TABLE[bucket]! - base
    TABLE[bucket] = base + i
    // Position 0 is never matched, as in the original.
    if (
      seen > start &&
      i - seen <= DISTANCE_MAX &&
      input[seen] === input[i] &&
      input[seen + 1] === input[i + 1] &&
      input[seen + 2] === input[i + 2]
    ) {
      const max = Math.min(MATCH_MAX, matchEnd - i)
      let length = MATCH_MIN
      while (length < max && input[seen + length] === input[i + length]) length++
      if (length <= max) {
        if (to + 4 > limit) return 0
        if (to - control > 1) output[control] = to - control - 2
        // An empty run's control byte is where the match goes.
        else to = control
        const back = i - seen - 1
        const count = length - 2
        if (count < 7) {
          output[to++] = (count << 5) | (back >>> 8)
        } else {
          output[to++] = (7 << 5) | (back >>> 8)
          output[to++] = count - 7
        }
        output[to++] = back & 0xff
        control = to++
        i += length
        three = (input[i]! << 8) | input[i + 1]!
        continue
      }
    }
    if (to + 2 > limit) return 0
    output[to++] = input[i++]!
    if (to - control > LITERALS_MAX) {
      output[control] = LITERALS_MAX - 1
      control = to++
    }
  }
  for (; i < end; i++) {
    if (to + 2 > limit) return 0
    output[to++] = input[i]!
    if (to - control > LITERALS_MAX) {
      output[control] = LITERALS_MAX - 1
      control = to++
    }
  }
  if (to - control > 1) output[control] = to - control - 2
  else to = control
  return to <= lengthMax ? to : 0
}
