import {Buffer} from 'node:buffer'

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
/** The longest string V8 makes; a longer result could not be handed out. */
const LENGTH_MAX = 2 ** 29 - 24
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
  if (length > Math.min(expandedMax(end - start), LENGTH_MAX)) return undefined
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

/** Where each three bytes were seen last: their position plus `base`, by hash. What is below `base` is of earlier input. */
const last = new Int32Array(1 << 14)
let base = 0
/** Positions must stay below 2^31. */
const BASE_MAX = 2 ** 30

function hashBits(length: number): number {
  return Math.min(HASH_BITS_MAX, Math.max(HASH_BITS_MIN, 32 - Math.clz32(length)))
}

/**
 * Compresses with a hash table of the last place each three bytes were seen: linear time, one pass. Literal runs grow in
 * place behind a control byte that is filled in at their end.
 *
 * @param input - `[start, end)` of it
 * @param output - from `outputStart` on; room for two bytes more than `lengthMax`
 * @param lengthMax - give up when the stream would become longer
 * @returns the length of the stream; 0 if it does not fit `lengthMax`
 */
export function lzfCompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
  lengthMax: number,
): number {
  const length = end - start
  if (length <= MATCH_MIN || lengthMax < MATCH_MIN) return 0
  if (base > BASE_MAX) {
    last.fill(0)
    base = 0
  }
  const shift = 32 - hashBits(length)
  /** What to add to a position of `input` to compare it with what `last` holds; position 0 is never matched. */
  const shown = base - start
  base += length
  const outputMax = outputStart + lengthMax + 2
  // The original leaves the last two bytes to literals; so do we, to give the same bytes for the same input.
  const matchEnd = end - 2
  let to = outputStart + 1
  let literals = 0
  let i = start
  while (i < end) {
    if (i < matchEnd) {
      const first = input[i]!
      const second = input[i + 1]!
      const third = input[i + 2]!
      const bucket = Math.imul((first << 16) | (second << 8) | third, 0x9e3779b1) >>> shift
      const seen = last[bucket]! - shown
      last[bucket] = i + shown
      if (
        seen > start &&
        i - seen <= DISTANCE_MAX &&
        input[seen] === first &&
        input[seen + 1] === second &&
        input[seen + 2] === third
      ) {
        const max = Math.min(MATCH_MAX, matchEnd - i)
        let count = MATCH_MIN
        while (count < max && input[seen + count] === input[i + count]) count++
        if (count <= max) {
          if (to + 4 > outputMax) return 0
          // An empty run has nothing but its control byte, which is where the match goes.
          if (literals === 0) to--
          else output[to - literals - 1] = literals - 1
          const back = i - seen - 1
          if (count < 9) {
            output[to++] = ((count - 2) << 5) | (back >>> 8)
          } else {
            output[to++] = (7 << 5) | (back >>> 8)
            output[to++] = count - 9
          }
          output[to++] = back & 0xff
          to++
          literals = 0
          i += count
          continue
        }
      }
    }
    if (to + 2 > outputMax) return 0
    output[to++] = input[i++]!
    if (++literals === LITERALS_MAX) {
      output[to - LITERALS_MAX - 1] = LITERALS_MAX - 1
      literals = 0
      to++
    }
  }
  if (literals === 0) to--
  else output[to - literals - 1] = literals - 1
  const streamLength = to - outputStart
  return streamLength <= lengthMax ? streamLength : 0
}
