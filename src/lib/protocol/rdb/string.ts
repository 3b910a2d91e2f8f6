import {lzfDecompress} from '../lzf.js'
import {written} from './output.js'
import {RdbError, RdbReader} from './reader.js'

/** Lengths and strings as RDB and DUMP store them (wire.md 3.2). All text is binary (latin1). */

const INT8 = 0
const INT16 = 1
const INT32 = 2
const LZF = 3

/** @param length - 0..2^53-1 */
export function encodeLength(length: number): string {
  return written(false, (out) => out.length(length))
}

/** @param compress - the configuration's `rdbcompression` */
export function encodeString(text: string, compress: boolean): string {
  return written(compress, (out) => out.string(text))
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
