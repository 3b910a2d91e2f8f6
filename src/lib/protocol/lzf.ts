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
 * @param text - a binary string; the stream is `[start, end)`
 * @param length - how many bytes it must expand to, exactly
 * @returns undefined if the stream is malformed or gives another length
 */
export function lzfDecompress(text: string, start: number, end: number, length: number): string | undefined {
  if (length > Math.min(expandedMax(end - start), LENGTH_MAX)) return undefined
  const output = Buffer.allocUnsafe(length)
  let from = start
  let to = 0
  while (from < end) {
    const control = text.charCodeAt(from++)
    if (control < LITERALS_MAX) {
      const count = control + 1
      if (from + count > end || to + count > length) return undefined
      for (const stop = to + count; to < stop; ) output[to++] = text.charCodeAt(from++)
      continue
    }
    let count = control >>> 5
    if (count === 7) {
      if (from >= end) return undefined
      count += text.charCodeAt(from++)
    }
    if (from >= end) return undefined
    let source = to - (((control & 31) << 8) | text.charCodeAt(from++)) - 1
    if (source < 0 || to + count + 2 > length) return undefined
    for (const stop = to + count + 2; to < stop; ) output[to++] = output[source++] as number
  }
  return to === length ? output.toString('latin1') : undefined
}

/** The output side of the compressor: literal runs grow in place behind a control byte that is filled in at their end. */
class LzfWriter {
  private to = 1
  private literalCount = 0
  /** Position of the open run's control byte; always `to - literalCount - 1`. */
  private control = 0

  constructor(private readonly output: Buffer) {}

  /** False once the output cannot hold `count` more bytes. */
  fits(count: number): boolean {
    return this.to + count <= this.output.length
  }

  literal(byte: number): void {
    this.output[this.to++] = byte
    if (++this.literalCount === LITERALS_MAX) this.closeRun()
  }

  match(distance: number, length: number): void {
    this.closeRun()
    const back = distance - 1
    const count = length - 2
    // The run just opened is empty, so its control byte is where the match goes.
    let to = this.control
    if (count < 7) {
      this.output[to++] = (count << 5) | (back >>> 8)
    } else {
      this.output[to++] = (7 << 5) | (back >>> 8)
      this.output[to++] = count - 7
    }
    this.output[to++] = back & 0xff
    this.control = to
    this.to = to + 1
  }

  finish(): string {
    this.closeRun()
    return this.output.toString('latin1', 0, this.control)
  }

  private closeRun(): void {
    if (this.literalCount === 0) return
    this.output[this.control] = this.literalCount - 1
    this.control = this.to++
    this.literalCount = 0
  }
}

function hashBits(length: number): number {
  return Math.min(HASH_BITS_MAX, Math.max(HASH_BITS_MIN, 32 - Math.clz32(length)))
}

/** How many bytes agree at `a` and `b` of `input`, at most `max`. */
function matchLength(input: Buffer, a: number, b: number, max: number): number {
  let length = 0
  while (length < max && input[a + length] === input[b + length]) length++
  return length
}

/**
 * Compresses with a hash table of the last place each three bytes were seen: linear time, one pass.
 *
 * @param text - a binary string
 * @param lengthMax - give up when the stream would become longer
 * @returns undefined if it does not fit `lengthMax`
 */
export function lzfCompress(text: string, lengthMax: number): string | undefined {
  if (text.length <= MATCH_MIN || lengthMax < MATCH_MIN) return undefined
  const input = Buffer.from(text, 'latin1')
  // Two bytes of slack: the control byte of a run that stays empty, and one that is opened by its neighbour's end.
  const writer = new LzfWriter(Buffer.allocUnsafe(lengthMax + 2))
  const shift = 32 - hashBits(input.length)
  /** Hash of three bytes -> their last position; 0 means none (position 0 is never matched, as in the original). */
  const last = new Int32Array(1 << (32 - shift))
  // The original leaves the last two bytes to literals; so do we, to give the same bytes for the same input.
  const matchEnd = input.length - 2
  let i = 0
  while (i < input.length) {
    if (i < matchEnd) {
      const three = ((input[i] as number) << 16) | ((input[i + 1] as number) << 8) | (input[i + 2] as number)
      const bucket = Math.imul(three, 0x9e3779b1) >>> shift
      const seen = last[bucket] as number
      last[bucket] = i
      if (seen > 0 && i - seen <= DISTANCE_MAX) {
        const length = matchLength(input, seen, i, Math.min(MATCH_MAX, matchEnd - i))
        if (length >= MATCH_MIN) {
          if (!writer.fits(4)) return undefined
          writer.match(i - seen, length)
          i += length
          continue
        }
      }
    }
    if (!writer.fits(2)) return undefined
    writer.literal(input[i++] as number)
  }
  const stream = writer.finish()
  return stream.length <= lengthMax ? stream : undefined
}
