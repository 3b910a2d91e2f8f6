import {Buffer} from 'node:buffer'
import {highHalf, type Int64, lowHalf} from '../../kernel/uint64.js'
import {CHUNK_BYTES, ChunkOutput} from '../chunk-output.js'
import {lzfCompressBytes} from '../lzf.js'

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
/** A length may need five bytes; longer strings go the slow way. */
const FAST_LENGTH_MAX = CHUNK_BYTES / 2

const COMPRESSED = Buffer.allocUnsafeSlow(FAST_LENGTH_MAX)

const scratchDouble = new DataView(new ArrayBuffer(8))

export class RdbOutput extends ChunkOutput {
  /**
   * @param compressLengthMax - longer strings are not compressed: it would take too long at a stretch. 0 for none at all
   */
  constructor(
    private readonly compressLengthMax: number,
    emit?: (chunk: Uint8Array) => void,
  ) {
    super(emit)
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
    this.uint32LE(lowHalf(value))
    this.uint32LE(highHalf(value))
  }

  double(value: number): void {
    scratchDouble.setFloat64(0, value, true)
    this.uint32LE(scratchDouble.getInt32(0, true))
    this.uint32LE(scratchDouble.getInt32(4, true))
  }

  /** As an integer if it is one, compressed if that pays, or as it is. */
  string(text: string): void {
    const {length} = text
    if (length <= INT32_TEXT_MAX) {
      if (length > 0 && text.charCodeAt(0) <= 57 && this.integer(text)) return
      this.length(length)
      this.raw(text)
      return
    }
    if (length < COMPRESS_LENGTH_MIN || length > this.compressLengthMax) {
      this.length(length)
      this.raw(text)
    } else if (length > FAST_LENGTH_MAX) {
      this.longCompressed(text)
    } else {
      this.compressed(text)
    }
  }

  private uint64Length(value: Int64): void {
    this.byte(LENGTH_64)
    this.uint32BE(highHalf(value))
    this.uint32BE(lowHalf(value))
  }

  /** @returns false if `text` is no canonical 32-bit integer (no leading zeros, no plus, no -0); nothing is written then */
  private integer(text: string): boolean {
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

  /** Writes the text as it is first: most are found not to compress, and what is there then stays. */
  private compressed(text: string): void {
    const {length} = text
    this.reserve(LENGTH_BYTES_MAX + length)
    const {at, bytes} = this
    this.length(length)
    const textAt = this.at
    bytes.latin1Write(text, textAt, length)
    this.at = textAt + length
    const streamLength = lzfCompressBytes(bytes, textAt, this.at, COMPRESSED, length - COMPRESS_GAIN_MIN)
    if (streamLength === 0) return
    this.at = at
    this.lzfHead(streamLength, length)
    COMPRESSED.copy(bytes, this.at, 0, streamLength)
    this.at += streamLength
  }

  private longCompressed(text: string): void {
    const input = Buffer.from(text, 'latin1')
    const output = Buffer.allocUnsafe(input.length)
    const streamLength = lzfCompressBytes(input, 0, input.length, output, input.length - COMPRESS_GAIN_MIN)
    if (streamLength === 0) {
      this.length(text.length)
      this.raw(text)
      return
    }
    this.lzfHead(streamLength, text.length)
    this.raw(output.toString('latin1', 0, streamLength))
  }

  private lzfHead(streamLength: number, length: number): void {
    this.byte(LZF)
    this.length(streamLength)
    this.length(length)
  }
}
