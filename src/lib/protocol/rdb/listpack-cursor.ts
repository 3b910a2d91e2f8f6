import {type Int64, normalInt64} from '../../kernel/uint64.js'
import {RdbError} from './reader.js'

/**
 * Walks over the entries of a listpack (wire.md 3.4) without making anything of those it passes. The entries must be
 * known to be whole: what comes from outside goes through `checkListpack` first.
 */
export class ListpackCursor {
  /** @param at - where the next element starts; at `text.length` there is none */
  constructor(
    public text: string,
    public at = 0,
  ) {}

  /** The next element as text. */
  string(): string {
    const {at, text} = this
    const first = text.charCodeAt(at)
    if (first < 0x80) {
      this.at = at + 2
      return String(first)
    }
    if (first < 0xc0) {
      const end = at + 1 + (first & 0x3f)
      this.at = end + 1
      return text.slice(at + 1, end)
    }
    const total = this.totalBytes(first)
    this.at = at + total
    if (first >= 0xe0 && first < 0xf0) {
      return text.slice(at + 2, at + 2 + (((first & 0x0f) << 8) | text.charCodeAt(at + 1)))
    }
    if (first === 0xf0) return text.slice(at + 5, at + 5 + this.littleEndian(at + 1, 4))
    return String(this.integerAt(at, first))
  }

  /** The next element if it is an integer; undefined, and it is passed as well, if it is not. */
  integer(): Int64 | undefined {
    const {at} = this
    const first = this.text.charCodeAt(at)
    if (first < 0x80) {
      this.at = at + 2
      return first
    }
    this.at = at + this.totalBytes(first)
    return this.integerAt(at, first)
  }

  /** `integer` where the bytes are known to hold a small one. */
  count(): number {
    return Number(this.integer())
  }

  skip(): void {
    this.at += this.totalBytes(this.text.charCodeAt(this.at))
  }

  /** Back to the start of the element before. */
  back(): void {
    const {text} = this
    let at = this.at
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = text.charCodeAt(--at)
      length += (byte & 0x7f) * 2 ** shift
      if ((byte & 0x80) === 0) break
    }
    this.at = at - length
  }

  private integerAt(at: number, first: number): Int64 | undefined {
    const {text} = this
    if (first < 0x80) return first
    if (first >= 0xc0 && first < 0xe0) return ((((first & 0x1f) << 8) | text.charCodeAt(at + 1)) << 19) >> 19
    if (first === 0xf1) return (this.littleEndian(at + 1, 2) << 16) >> 16
    if (first === 0xf2) return (this.littleEndian(at + 1, 3) << 8) >> 8
    if (first === 0xf3) return this.littleEndian(at + 1, 4) | 0
    if (first !== 0xf4) return undefined
    const low = this.littleEndian(at + 1, 4)
    const high = this.littleEndian(at + 5, 4) | 0
    if (high >= -0x10_0000 && high < 0x10_0000) return high * 0x1_0000_0000 + low
    return normalInt64((BigInt(high) << 32n) | BigInt(low))
  }

  private littleEndian(at: number, width: number): number {
    let value = 0
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.text.charCodeAt(at + i)
    return value
  }

  /** Of the element at `this.at`, its back-length included. */
  private totalBytes(first: number): number {
    const body = this.bodyBytes(first)
    return body + backLengthBytes(body)
  }

  private bodyBytes(first: number): number {
    if (first < 0x80) return 1
    if (first < 0xc0) return 1 + (first & 0x3f)
    if (first < 0xe0) return 2
    if (first < 0xf0) return 2 + (((first & 0x0f) << 8) | this.text.charCodeAt(this.at + 1))
    if (first === 0xf0) return 5 + this.littleEndian(this.at + 1, 4)
    const body = INTEGER_BODIES[first - 0xf1]
    if (body === undefined) throw new RdbError(`unknown listpack encoding ${first}`)
    return body
  }

  /** Is the element at `this.at` whole and before `end`, its back-length included and right? Then it is passed. */
  passes(end: number): boolean {
    const {at, text} = this
    const first = text.charCodeAt(at)
    const headBytes = first >= 0xe0 && first < 0xf0 ? 2 : first === 0xf0 ? 5 : 1
    if (at + headBytes > end || first > 0xf4) return false
    const body = this.bodyBytes(first)
    const width = backLengthBytes(body)
    if (at + body + width > end) return false
    for (let i = 0; i < width; i++) {
      const seven = Math.floor(body / 2 ** (7 * (width - 1 - i))) & 0x7f
      if (text.charCodeAt(at + body + i) !== (i === 0 ? seven : seven | 0x80)) return false
    }
    this.at = at + body + width
    return true
  }
}

/** Of 0xf1 and the following: int16, int24, int32, int64. */
const INTEGER_BODIES = [3, 4, 5, 9]

/** The limits are redis-server's own, one off at 16383 and up. */
function backLengthBytes(length: number): number {
  if (length <= 0x7f) return 1
  if (length < 0x3fff) return 2
  if (length < 0x1f_ffff) return 3
  return length < 0xfff_ffff ? 4 : 5
}

const HEAD_BYTES = 6
const END = 0xff
/** The header's count saturates: then it says nothing. */
const COUNT_UNKNOWN = 65_535

/**
 * The entries of a listpack from outside, as one text, once every byte of it is known to be right.
 *
 * @throws RdbError
 */
export function checkListpack(blob: string): {readonly entries: string; readonly count: number} {
  const end = blob.length - 1
  if (blob.length < HEAD_BYTES + 1 || blob.charCodeAt(end) !== END) throw new RdbError('a listpack without an end')
  let bytes = 0
  for (let i = 3; i >= 0; i--) bytes = bytes * 256 + blob.charCodeAt(i)
  if (bytes !== blob.length) throw new RdbError(`a listpack of ${blob.length} bytes says ${bytes}`)
  const told = blob.charCodeAt(4) | (blob.charCodeAt(5) << 8)
  const cursor = new ListpackCursor(blob, HEAD_BYTES)
  let count = 0
  for (; cursor.at < end; count++) if (!cursor.passes(end)) throw new RdbError(`bad listpack entry at ${cursor.at}`)
  if (told !== COUNT_UNKNOWN && told !== count) throw new RdbError(`a listpack of ${count} entries says ${told}`)
  return {count, entries: blob.slice(HEAD_BYTES, end)}
}
