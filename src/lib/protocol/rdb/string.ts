import {lzfCompress, lzfDecompress} from '../lzf.js'
import {RdbError, type RdbReader} from './reader.js'

/** Lengths and strings as RDB and DUMP store them (wire.md 3.2). All text is binary (latin1). */

const INT8 = 0
const INT16 = 1
const INT32 = 2
const LZF = 3
const SPECIAL = 0xc0

/** Shorter strings are never compressed: the frame would eat the gain. */
const COMPRESS_LENGTH_MIN = 21
/** A compressed string must save at least this many bytes. */
const COMPRESS_GAIN_MIN = 4
const INT32_TEXT_MAX = 11

const {fromCharCode} = String

function bytesLE(value: number, width: number): string {
  let text = ''
  for (let i = 0; i < width; i++) text += fromCharCode((value >>> (8 * i)) & 0xff)
  return text
}

function bytes32BE(value: number): string {
  return fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** @param length - 0..2^53-1 */
export function encodeLength(length: number): string {
  if (length < 0x40) return fromCharCode(length)
  if (length < 0x4000) return fromCharCode(0x40 | (length >>> 8), length & 0xff)
  if (length <= 0xffff_ffff) return `\x80${bytes32BE(length)}`
  return `\x81${bytes32BE(Math.floor(length / 0x1_0000_0000))}${bytes32BE(length >>> 0)}`
}

/** The integer form, if `text` is a canonical 32-bit integer (no leading zeros, no plus, no -0). */
function encodeInteger(text: string): string | undefined {
  if (text.length === 0 || text.length > INT32_TEXT_MAX || text.charCodeAt(0) > 57) return undefined
  const value = Number(text) | 0
  if (String(value) !== text) return undefined
  if (value >= -0x80 && value <= 0x7f) return fromCharCode(SPECIAL | INT8) + bytesLE(value, 1)
  if (value >= -0x8000 && value <= 0x7fff) return fromCharCode(SPECIAL | INT16) + bytesLE(value, 2)
  return fromCharCode(SPECIAL | INT32) + bytesLE(value, 4)
}

/** @param compress - the configuration's `rdbcompression` */
export function encodeString(text: string, compress: boolean): string {
  const integer = encodeInteger(text)
  if (integer !== undefined) return integer
  if (compress && text.length >= COMPRESS_LENGTH_MIN) {
    const stream = lzfCompress(text, text.length - COMPRESS_GAIN_MIN)
    if (stream !== undefined) {
      return fromCharCode(SPECIAL | LZF) + encodeLength(stream.length) + encodeLength(text.length) + stream
    }
  }
  return encodeLength(text.length) + text
}

/** @throws RdbError on anything but a whole, valid string */
export function readString(reader: RdbReader): string {
  const head = reader.lengthOrSpecial()
  if (head.kind === 'length') return reader.bytes(head.length)
  switch (head.encoding) {
    case INT8:
      return String((reader.byte() << 24) >> 24)
    case INT16:
      return String((reader.uintLE(2) << 16) >> 16)
    case INT32:
      return String(reader.uintLE(4) | 0)
    case LZF: {
      const streamLength = reader.length()
      const length = reader.length()
      reader.need(streamLength)
      const text = lzfDecompress(reader.text, reader.offset, reader.offset + streamLength, length)
      if (text === undefined) throw new RdbError(`bad LZF stream at ${reader.offset}`)
      reader.offset += streamLength
      return text
    }
    default:
      throw new RdbError(`unknown string encoding ${head.encoding}`)
  }
}
