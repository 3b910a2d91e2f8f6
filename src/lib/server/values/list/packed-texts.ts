import {Buffer} from 'node:buffer'
import type {Deque} from '../../../kernel/deque.js'
import {SHORT_BYTES_MAX, shortText} from '../../../protocol/resp/short-text.js'

/**
 * Texts in one binary string, for what is kept and seldom looked at: the collector moves, marks and counts one string
 * instead of a thousand.
 *
 *   | length, 1 byte; 255: 4 more follow | text | length ...
 */
const LONG = 255
const LONG_BYTES = 5
/** Up to here a loop is quicker than a call into the buffer's encoder. */
const LOOP_MAX = 32

/** Node's Buffer has them; its types do not say so. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, at: number, length: number): number
}

function bytesOf(size: number): Bytes {
  return Buffer.allocUnsafeSlow(size) as unknown as Bytes
}

/** Where a string is put together and taken apart: as long as the longest one so far. */
let scratch = bytesOf(16 * 1024)

/** @param used - bytes of `scratch` to be kept @param needed - so many are to follow */
function makeRoom(used: number, needed: number): void {
  const grown = bytesOf(Math.max(scratch.length * 2, used + needed))
  grown.set(scratch.subarray(0, used))
  scratch = grown
}

export class PackedTexts {
  readonly count: number
  private readonly packed: string

  constructor(texts: Deque<string>) {
    const {length} = texts
    let at = 0
    for (let i = 0; i < length; i++) at = append(at, texts.at(i))
    this.packed = scratch.latin1Slice(0, at)
    this.count = length
  }

  /** From `from` on, up to `to`: strings of their own. */
  slice(from: number, to: number): string[] {
    const {packed} = this
    if (packed.length > scratch.length) makeRoom(0, packed.length)
    scratch.latin1Write(packed, 0, packed.length)
    const texts: string[] = []
    let at = 0
    for (let i = 0; i < to; i++) {
      const first = scratch[at]!
      const start = at + (first < LONG ? 1 : LONG_BYTES)
      const length = first < LONG ? first : scratch.readUInt32LE(at + 1)
      at = start + length
      if (i < from) continue
      texts.push(length <= SHORT_BYTES_MAX ? shortText(scratch, start, length) : scratch.latin1Slice(start, at))
    }
    return texts
  }

  /** What it takes beside the texts is little. */
  get sizeBytes(): number {
    return this.packed.length
  }
}

/** @returns where the next text begins */
function append(from: number, text: string): number {
  const {length} = text
  if (from + LONG_BYTES + length > scratch.length) makeRoom(from, LONG_BYTES + length)
  let at = from
  if (length < LONG) {
    scratch[at++] = length
  } else {
    scratch[at] = LONG
    scratch.writeUInt32LE(length, at + 1)
    at += LONG_BYTES
  }
  if (length <= LOOP_MAX) for (let i = 0; i < length; i++) scratch[at + i] = text.charCodeAt(i)
  else scratch.latin1Write(text, at, length)
  return at + length
}
