import {RdbOutput} from './output.js'
import {RdbError, type RdbReader} from './reader.js'

/** Lengths and strings as RDB and DUMP store them (wire.md 3.2). All text is binary (latin1). */

const INT8 = 0
const INT16 = 1
const INT32 = 2
const LZF = 3

/** @param length - 0..2^53-1 */
export function encodeLength(length: number): string {
  const out = new RdbOutput(0)
  out.length(length)
  return out.text()
}

/** @param compress - the configuration's `rdbcompression` */
export function encodeString(text: string, compress: boolean): string {
  const out = new RdbOutput(compress ? Number.POSITIVE_INFINITY : 0)
  out.string(text)
  return out.text()
}

/** @throws RdbError on anything but a whole, valid string */
export function readString(reader: RdbReader): string {
  const head = reader.lengthOrSpecial()
  if (head.kind === 'length') return reader.bytes(head.length)
  return readEncodedString(reader, head.encoding)
}

/** What follows the byte that says how the string is encoded. */
export function readEncodedString(reader: RdbReader, encoding: number): string {
  switch (encoding) {
    case INT8:
      return String((reader.byte() << 24) >> 24)
    case INT16:
      return String((reader.uintLE(2) << 16) >> 16)
    case INT32:
      return String(reader.uintLE(4) | 0)
    case LZF: {
      const streamLength = reader.length()
      const length = reader.length()
      const text = reader.lzf(streamLength, length)
      if (text === undefined) throw new RdbError(`bad LZF stream before ${reader.offset}`)
      return text
    }
    default:
      throw new RdbError(`unknown string encoding ${encoding}`)
  }
}
