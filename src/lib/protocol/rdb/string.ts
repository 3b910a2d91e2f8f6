import {lzfDecompress} from '../lzf.js'
import {RdbError, RdbReader} from './reader.js'
import {type RdbWriter, written} from './writer.js'

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
/** Of a length. */
const HEAD_BYTES_MAX = 9

/** @param length - 0..2^53-1 */
export function writeLength(writer: RdbWriter, length: number): void {
  if (length < 0x40) {
    writer.byte(length)
  } else if (length < 0x4000) {
    writer.byte(0x40 | (length >>> 8))
    writer.byte(length & 0xff)
  } else if (length <= 0xffff_ffff) {
    writer.byte(0x80)
    write32BE(writer, length)
  } else {
    writer.byte(0x81)
    write32BE(writer, Math.floor(length / 0x1_0000_0000))
    write32BE(writer, length >>> 0)
  }
}

function write32BE(writer: RdbWriter, value: number): void {
  for (let shift = 24; shift >= 0; shift -= 8) writer.byte((value >>> shift) & 0xff)
}

/** The integer form, if `text` is a canonical 32-bit integer (no leading zeros, no plus, no -0). @returns whether it is */
function writeInteger(writer: RdbWriter, text: string): boolean {
  const {length} = text
  if (length === 0 || length > INT32_TEXT_MAX || text.charCodeAt(0) > 57 || text.charCodeAt(length - 1) > 57) {
    return false
  }
  const value = Number(text) | 0
  if (String(value) !== text) return false
  const width = value >= -0x80 && value <= 0x7f ? 1 : value >= -0x8000 && value <= 0x7fff ? 2 : 4
  writer.byte(SPECIAL | (width === 1 ? INT8 : width === 2 ? INT16 : INT32))
  for (let shift = 0; shift < 8 * width; shift += 8) writer.byte((value >>> shift) & 0xff)
  return true
}

/** @param compress - the configuration's `rdbcompression` */
export function writeString(writer: RdbWriter, text: string, compress: boolean): void {
  if (writeInteger(writer, text)) return
  const headFrom = writer.length
  writeLength(writer, text.length)
  const from = writer.length
  writer.text(text)
  if (compress) compressString(writer, headFrom, from)
}

/** The listpack of the elements as a string. */
export function writeListpackString(writer: RdbWriter, elements: readonly string[], compress: boolean): void {
  const headFrom = writer.length
  // Most heads are two bytes long; another length moves the text once more.
  writer.room(HEAD_BYTES_MAX)
  writer.length += 2
  writer.listpack(elements)
  const length = writer.length - headFrom - 2
  const headLength = length < 0x40 ? 1 : length < 0x4000 ? 2 : length <= 0xffff_ffff ? 5 : 9
  writer.room(HEAD_BYTES_MAX)
  if (headLength !== 2) writer.bytes.copyWithin(headFrom + headLength, headFrom + 2, writer.length)
  writer.length = headFrom
  writeLength(writer, length)
  const from = writer.length
  writer.length += length
  if (compress) compressString(writer, headFrom, from)
}

/** Compresses the string whose head and text begin there, if that saves enough. */
function compressString(writer: RdbWriter, headFrom: number, from: number): void {
  const end = writer.length
  const length = end - from
  if (length < COMPRESS_LENGTH_MIN) return
  const streamLength = writer.compressed(from, length - COMPRESS_GAIN_MIN)
  if (streamLength === 0) return
  // The head is shorter than the text it goes over, so the stream behind the text stays.
  writer.length = headFrom
  writer.byte(SPECIAL | LZF)
  writeLength(writer, streamLength)
  writeLength(writer, length)
  writer.bytes.copyWithin(writer.length, end, end + streamLength)
  writer.length += streamLength
}

export function encodeLength(length: number): string {
  return written((writer) => writeLength(writer, length))
}

/** {@link writeString} alone. */
export function encodeString(text: string, compress: boolean): string {
  return written((writer) => writeString(writer, text, compress))
}

/** @throws RdbError on anything but a whole, valid string */
export function readString(reader: RdbReader): string {
  const special = readHead(reader)
  switch (special) {
    case undefined:
      return reader.bytes(length)
    case INT8:
      return String((reader.byte() << 24) >> 24)
    case INT16:
      return String((reader.uintLE(2) << 16) >> 16)
    case INT32:
      return String(reader.uintLE(4) | 0)
    default: {
      const inner = expanded(reader, special)
      return inner.bytes(inner.left)
    }
  }
}

/** The bytes of a string that holds a value of its own. @throws RdbError as `readString` does */
export function readBlob(reader: RdbReader): RdbReader {
  const special = readHead(reader)
  if (special === undefined) return reader.part(length)
  if (special !== LZF) throw new RdbError(`an integer instead of a blob at ${reader.offset}`)
  return expanded(reader, special)
}

/** Of a string without special encoding; what `readHead` found. */
let length = 0

/** @returns the special encoding; undefined without one */
function readHead(reader: RdbReader): number | undefined {
  const head = reader.lengthOrSpecial()
  if (head.kind === 'special') return head.encoding
  length = head.length
  return undefined
}

function expanded(reader: RdbReader, encoding: number): RdbReader {
  if (encoding !== LZF) throw new RdbError(`unknown string encoding ${encoding}`)
  const streamLength = reader.length()
  const length = reader.length()
  const stream = reader.part(streamLength)
  const bytes = lzfDecompress(stream.source, stream.offset, stream.end, length)
  if (bytes === undefined) throw new RdbError(`bad LZF stream at ${stream.offset}`)
  return new RdbReader(bytes)
}
