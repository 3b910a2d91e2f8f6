import {highHalf, type Int64, lowHalf} from '../../kernel/uint64.js'
import {newBytes} from '../bytes.js'
import {CHUNK_BYTES, ChunkOutput} from '../chunk-output.js'
import {lzfCompress} from '../lzf.js'
import {LISTPACK_FRAME_BYTES, listpackEntry} from './listpack.js'

/** Writes what RDB files and DUMP payloads are made of: lengths and strings (wire.md 3.2). Text is binary (latin1). */

const INT8 = 0xc0
const INT16 = 0xc1
const INT32 = 0xc2
const LZF = 0xc3
const LENGTH_14 = 0x40
const LENGTH_32 = 0x80
const LENGTH_64 = 0x81

/** Shorter strings are never compressed: the frame would eat the gain. */
const COMPRESS_LENGTH_MIN = 21
/** A compressed string must save at least this many bytes. */
const COMPRESS_GAIN_MIN = 4
const INT32_TEXT_MAX = 11
const LENGTH_BYTES_MAX = 9
const NINE = 57

const LISTPACK_HEAD_BYTES = 6
const LISTPACK_END = 0xff
/** The header's count saturates here. */
const LISTPACK_COUNT_MAX = 65_535
/** Up to this, an entry's head and its back-length are one byte each. */
const SHORT_ENTRY_MAX = 63
const AROUND_SHORT_ENTRY_BYTES = 2
/** Head and back-length, at most. */
const AROUND_ENTRY_BYTES = 10

/** Where what is shorter is compressed to. */
const COMPRESSED = newBytes(CHUNK_BYTES)

export class RdbOutput extends ChunkOutput {
  /**
   * @param compressLengthMax - longer strings are not compressed: it would take too long at a stretch. 0 for none at all
   */
  constructor(
    private compressLengthMax: number,
    emit?: (chunk: Uint8Array) => void,
  ) {
    super(emit)
  }

  /** Starts over. Only without chunks. */
  begin(compressLengthMax: number): this {
    this.forget()
    this.compressLengthMax = compressLengthMax
    return this
  }

  /** @param length - 0..2^53-1 */
  length(length: number): void {
    if (length < 0x40) {
      this.byte(length)
      return
    }
    this.reserve(LENGTH_BYTES_MAX)
    if (length < 0x4000) {
      this.bytes[this.at++] = LENGTH_14 | (length >>> 8)
      this.bytes[this.at++] = length
    } else if (length <= 0xffff_ffff) {
      this.bytes[this.at++] = LENGTH_32
      this.uint32BE(length)
    } else {
      this.uint64Length(length)
    }
  }

  /** A length that may use all of its 64 bits. @param value - unsigned */
  longLength(value: Int64): void {
    if (typeof value === 'number') this.length(value)
    else this.uint64Length(value)
  }

  /** Signed, eight bytes, little-endian. */
  int64LE(value: number): void {
    // The greatest one is kept as the nearest number, which is 2^63.
    const isBeyond = value >= 2 ** 63
    this.uint32LE(isBeyond ? 0xffffffff : lowHalf(value))
    this.uint32LE(isBeyond ? 0x7fffffff : highHalf(value))
  }

  /** Eight bytes, little-endian. */
  double(value: number): void {
    this.reserve(8)
    this.bytes.writeDoubleLE(value, this.at)
    this.at += 8
  }

  /** As an integer if it is one, compressed if that pays, or as it is. */
  string(text: string): void {
    const {length} = text
    if (length < COMPRESS_LENGTH_MIN || length > this.compressLengthMax) {
      if (length <= INT32_TEXT_MAX && this.integer(text)) return
      this.length(length)
      this.raw(text)
      return
    }
    if (!this.reserve(LENGTH_BYTES_MAX + length)) {
      this.inPieces((out) => out.string(text))
      return
    }
    const headAt = this.at
    this.length(length)
    const textAt = this.at
    // Most are found not to compress, and what is there then stays.
    this.raw(text)
    this.compress(headAt, textAt)
  }

  /** A string that is the listpack of the elements (`listpack.ts`). */
  listpack(elements: readonly string[]): void {
    if (!this.reserveListpack(elements)) {
      this.inPieces((out) => out.listpack(elements))
      return
    }
    const headAt = this.at
    // Most heads are two bytes long; another length moves the text once more.
    const from = headAt + 2
    this.at = from + LISTPACK_HEAD_BYTES
    for (const element of elements) this.listpackEntry(element)
    this.byte(LISTPACK_END)
    const length = this.at - from
    this.bytes.writeUInt32LE(length, from)
    this.bytes.writeUInt16LE(Math.min(elements.length, LISTPACK_COUNT_MAX), from + 4)
    const textAt = headAt + lengthBytes(length)
    if (textAt !== from) {
      this.reserve(LENGTH_BYTES_MAX - 2)
      this.bytes.copyWithin(textAt, from, this.at)
    }
    this.at = headAt
    this.length(length)
    this.at += length
    this.compress(headAt, textAt)
  }

  private uint64Length(value: Int64): void {
    this.byte(LENGTH_64)
    this.uint32BE(highHalf(value))
    this.uint32BE(lowHalf(value))
  }

  /** @returns false if `text` is no canonical 32-bit integer (no leading zeros, no plus, no -0); nothing is written then */
  private integer(text: string): boolean {
    // What ends or begins otherwise is no integer.
    if (text.length === 0 || text.charCodeAt(0) > NINE || text.charCodeAt(text.length - 1) > NINE) return false
    const value = Number(text) | 0
    if (String(value) !== text) return false
    this.reserve(5)
    const {bytes} = this
    if (value >= -0x80 && value <= 0x7f) {
      bytes[this.at++] = INT8
      bytes[this.at++] = value
    } else if (value >= -0x8000 && value <= 0x7fff) {
      bytes[this.at++] = INT16
      bytes[this.at++] = value
      bytes[this.at++] = value >>> 8
    } else {
      bytes[this.at++] = INT32
      this.uint32LE(value)
    }
    return true
  }

  /** Compresses the string whose head and text begin there and which ends here, if that saves enough. */
  private compress(headAt: number, textAt: number): void {
    const length = this.at - textAt
    if (length < COMPRESS_LENGTH_MIN || length > this.compressLengthMax) return
    const stream = length <= COMPRESSED.length ? COMPRESSED : newBytes(length)
    const streamLength = lzfCompress(this.bytes, textAt, this.at, stream, length - COMPRESS_GAIN_MIN)
    if (streamLength === 0) return
    this.at = headAt
    this.byte(LZF)
    this.length(streamLength)
    this.length(length)
    stream.copy(this.bytes, this.at, 0, streamLength)
    this.at += streamLength
  }

  /** What no chunk holds in one piece is put together in memory first. */
  private inPieces(write: (out: RdbOutput) => void): void {
    const whole = IN_MEMORY.begin(this.compressLengthMax)
    try {
      write(whole)
      this.rawBytes(whole.written())
    } finally {
      whole.forget()
    }
  }

  /** @returns false if no chunk has room for so long a listpack in one piece */
  private reserveListpack(elements: readonly string[]): boolean {
    const around = LENGTH_BYTES_MAX + LISTPACK_FRAME_BYTES
    if (!this.hasChunks) return this.reserve(around)
    let bytesMax = around
    for (const {length} of elements) {
      bytesMax += length + (length <= SHORT_ENTRY_MAX ? AROUND_SHORT_ENTRY_BYTES : AROUND_ENTRY_BYTES)
    }
    return this.reserve(bytesMax)
  }

  /** One element of a listpack, with its back-length. */
  private listpackEntry(text: string): void {
    const {length} = text
    const mayBeInteger = length > 0 && text.charCodeAt(length - 1) <= NINE && text.charCodeAt(0) <= NINE
    if (length > SHORT_ENTRY_MAX || mayBeInteger) {
      this.raw(listpackEntry(text))
      return
    }
    this.byte(0x80 | length)
    this.raw(text)
    this.byte(length + 1)
  }
}

function lengthBytes(length: number): number {
  if (length < 0x40) return 1
  if (length < 0x4000) return 2
  return length <= 0xffff_ffff ? 5 : LENGTH_BYTES_MAX
}

const IN_MEMORY = new RdbOutput(0)

/**
 * What `write` writes, as a binary string. One at a time: `write` must not call this.
 *
 * @throws Error if it is longer than a string can be
 */
export function written(compress: boolean, write: (out: RdbOutput) => void): string {
  const out = IN_MEMORY.begin(compress ? Number.POSITIVE_INFINITY : 0)
  try {
    write(out)
    return out.text()
  } finally {
    out.forget()
  }
}
