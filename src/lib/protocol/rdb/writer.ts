import {Buffer} from 'node:buffer'
import {lzfCompress} from '../lzf.js'
import {listpackEntry} from './listpack.js'

/** Node's Buffer has these; its types do not say so. Cheaper than `toString('latin1')` and `write`. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

const bytesOf = (size: number) => Buffer.allocUnsafeSlow(size) as unknown as Bytes

/** Up to here a loop is quicker than a call into the buffer. */
const SHORT_TEXT_MAX = 24
const FIRST_BYTES = 64 * 1024
/** Kept from one value to the next, no more. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024

/**
 * Where the bytes of a value gather. Strings that are put together of millions of small ones cost many times what their
 * bytes cost.
 */
export class RdbWriter {
  bytes = bytesOf(FIRST_BYTES)
  length = 0

  /** Makes room for `count` bytes more. */
  room(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = bytesOf(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.room(1)
    this.bytes[this.length++] = value
  }

  /** @param text - binary (latin1) */
  text(text: string): void {
    const {length} = text
    this.room(length)
    const {bytes} = this
    const at = this.length
    if (length <= SHORT_TEXT_MAX) for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
    else bytes.latin1Write(text, at, length)
    this.length = at + length
  }

  /** Puts the LZF stream of `[from, length)` behind it, not counted yet. @returns its length; 0 if above `lengthMax` */
  compressed(from: number, lengthMax: number): number {
    this.room(lengthMax + 2)
    return lzfCompress(this.bytes, from, this.length, this.bytes, this.length, lengthMax)
  }

  /** One element of a listpack, with its back-length. */
  listpackEntry(text: string): void {
    const {length} = text
    // What ends or begins otherwise is no integer.
    const mayBeInteger = length > 0 && text.charCodeAt(length - 1) <= NINE && text.charCodeAt(0) <= NINE
    if (length > SHORT_ENTRY_MAX || mayBeInteger) {
      this.text(listpackEntry(text))
      return
    }
    this.byte(0x80 | length)
    this.text(text)
    this.byte(length + 1)
  }

  /** What `encodeListpack` gives. */
  listpack(elements: readonly string[]): void {
    const from = this.length
    this.room(LISTPACK_HEAD_BYTES)
    this.length += LISTPACK_HEAD_BYTES
    for (const element of elements) this.listpackEntry(element)
    this.byte(LISTPACK_END)
    this.bytes.writeUInt32LE(this.length - from, from)
    this.bytes.writeUInt16LE(Math.min(elements.length, LISTPACK_COUNT_MAX), from + 4)
  }

  double(value: number): void {
    this.room(8)
    this.bytes.writeDoubleLE(value, this.length)
    this.length += 8
  }
}

const NINE = 57
/** Up to this, an entry's head and its back-length are one byte each. */
const SHORT_ENTRY_MAX = 63
const LISTPACK_HEAD_BYTES = 6
const LISTPACK_END = 0xff
const LISTPACK_COUNT_MAX = 65_535

const writer = new RdbWriter()

/**
 * What `write` writes, as a binary string. One at a time: `write` must not call this.
 *
 * @throws Error if it is longer than a string can be
 */
export function written(write: (writer: RdbWriter) => void): string {
  writer.length = 0
  try {
    write(writer)
    return writer.bytes.latin1Slice(0, writer.length)
  } finally {
    if (writer.bytes.length > KEPT_BYTES_MAX) writer.bytes = bytesOf(FIRST_BYTES)
  }
}
