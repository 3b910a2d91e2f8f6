import {Buffer} from 'node:buffer'

/** Node's Buffer has these; its types do not say so. Cheaper than `toString('latin1')` and `write`. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

/** JavaScript has no strings of 512 MiB; this leaves room for a reply's header. */
export const STRING_BYTES_MAX = 511 * 1024 * 1024

/**
 * A long string that is being changed in place: SETBIT on a megabyte must not copy it each time.
 *
 * An entry holds it in place of its string from the first such change on, until somebody wants the string: that costs as
 * much as sending it, and the next change turns it into bytes again. Bytes behind `length` are zero.
 */
export class StringBytes {
  bytes: Bytes
  length: number

  constructor(text: string) {
    this.length = text.length
    this.bytes = Buffer.alloc(text.length) as unknown as Bytes
    this.bytes.latin1Write(text, 0, text.length)
  }

  /** With zero bytes at the end. */
  grow(length: number): void {
    if (length <= this.length) return
    if (length > this.bytes.length) {
      // Large zeroed memory is only reserved until it is touched, so doubling costs nothing but addresses.
      const grown = Buffer.alloc(Math.min(length * 2, Math.max(length, STRING_BYTES_MAX))) as unknown as Bytes
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    this.length = length
  }

  text(): string {
    return this.bytes.latin1Slice(0, this.length)
  }
}

/** Strings up to here are changed by copying them: cheaper than an object and its memory outside the heap for each. */
export const COPIED_BYTES_MAX = 4096

const scratch = Buffer.alloc(COPIED_BYTES_MAX) as unknown as Bytes

/** Where a short string is changed. One for all: what it holds is good until the next call. */
export function scratchWith(text: string, length: number): Uint8Array {
  scratch.latin1Write(text, 0, text.length)
  scratch.fill(0, text.length, length)
  return scratch
}

export function scratchText(length: number): string {
  return scratch.latin1Slice(0, length)
}
