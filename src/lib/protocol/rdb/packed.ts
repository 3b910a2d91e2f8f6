import {RdbError, RdbReader} from './reader.js'

/** Blobs that hold many elements: listpack, ziplist, intset, zipmap (wire.md 3.3 and 3.4). Text is binary (latin1). */

const ZIPLIST_HEAD = 10
const END = 0xff
/** The counts in headers stop here: more are to be counted by walking. */
const COUNT_MAX = 65_535

/** What is left of a reader, or a binary string. */
function readerOf(blob: string | RdbReader): RdbReader {
  return typeof blob === 'string' ? new RdbReader(blob) : blob
}

/** A signed integer of 1..8 bytes, little-endian, as decimal text. */
function signedLE(reader: RdbReader, width: number): string {
  if (width <= 4) {
    const unused = 32 - 8 * width
    return String((reader.uintLE(width) << unused) >> unused)
  }
  let value = 0n
  for (let i = 0; i < width; i++) value |= BigInt(reader.byte()) << BigInt(8 * i)
  return BigInt.asIntN(8 * width, value).toString()
}

/** @throws {RdbError} on bytes that are no listpack */
export function listpackElements(blob: string | RdbReader): string[] {
  const reader = readerOf(blob)
  const total = reader.left
  const bytes = reader.uintLE(4)
  const count = reader.uintLE(2)
  const elements: string[] = []
  for (;;) {
    const start = reader.offset
    const first = reader.byte()
    if (first === END) {
      requireFrame(reader, total, bytes, count, elements.length)
      return elements
    }
    elements.push(listpackElement(reader, first))
    skipBackLength(reader, reader.offset - start)
  }
}

/** What a header said must be what was found, and nothing may follow. */
function requireFrame(reader: RdbReader, total: number, bytes: number, count: number, found: number): void {
  if (reader.left > 0 || bytes !== total) throw new RdbError(`${total} bytes, not ${bytes}`)
  if (count !== COUNT_MAX && count !== found) throw new RdbError(`${found} elements, not ${count}`)
}

/** Seven bits a byte, most significant first; all bytes but the first have their top bit set. */
function skipBackLength(reader: RdbReader, length: number): void {
  const width = length <= 127 ? 1 : length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5
  for (let at = width - 1; at >= 0; at--) {
    const expected = (Math.floor(length / 2 ** (7 * at)) & 0x7f) | (at === width - 1 ? 0 : 0x80)
    if (reader.byte() !== expected) throw new RdbError(`a wrong back-length before ${reader.offset}`)
  }
}

function listpackElement(reader: RdbReader, first: number): string {
  if (first < 0x80) return String(first)
  if (first < 0xc0) return reader.bytes(first & 0x3f)
  if (first < 0xe0) return String(((((first & 0x1f) << 8) | reader.byte()) << 19) >> 19)
  if (first < 0xf0) return reader.bytes(((first & 0x0f) << 8) | reader.byte())
  if (first === 0xf0) return reader.bytes(reader.uintLE(4))
  const width = [2, 3, 4, 8][first - 0xf1]
  if (width === undefined) throw new RdbError(`unknown listpack encoding ${first}`)
  return signedLE(reader, width)
}

/** @throws {RdbError} on bytes that are no ziplist */
export function ziplistElements(blob: string | RdbReader): string[] {
  const reader = readerOf(blob)
  const total = reader.left
  const begin = reader.offset
  const bytes = reader.uintLE(4)
  const tail = reader.uintLE(4)
  const count = reader.uintLE(2)
  const elements: string[] = []
  let last = begin + ZIPLIST_HEAD
  for (;;) {
    const start = reader.offset
    const previous = reader.byte()
    if (previous === END) {
      requireFrame(reader, total, bytes, count, elements.length)
      if (begin + tail !== last) throw new RdbError(`a tail at ${last - begin}, not ${tail}`)
      return elements
    }
    if ((previous === 0xfe ? reader.uintLE(4) : previous) !== start - last)
      throw new RdbError(`a broken link at ${start}`)
    last = start
    elements.push(ziplistElement(reader, reader.byte()))
  }
}

const ZIPLIST_WIDTHS: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xd0, 4],
  [0xe0, 8],
  [0xf0, 3],
  [0xfe, 1],
])

function ziplistElement(reader: RdbReader, first: number): string {
  if (first < 0x40) return reader.bytes(first)
  if (first < 0x80) return reader.bytes(((first & 0x3f) << 8) | reader.byte())
  if (first === 0x80) return reader.bytes(reader.uintBE(4))
  const width = ZIPLIST_WIDTHS.get(first)
  if (width !== undefined) return signedLE(reader, width)
  if (first > 0xf0 && first < 0xfe) return String((first & 0x0f) - 1)
  throw new RdbError(`unknown ziplist encoding ${first}`)
}

/** @throws {RdbError} on bytes that are no intset */
export function intsetElements(blob: string | RdbReader): string[] {
  const reader = readerOf(blob)
  const width = reader.uintLE(4)
  const count = reader.uintLE(4)
  if (![2, 4, 8].includes(width)) throw new RdbError(`an intset of width ${width}`)
  if (reader.left !== width * count) throw new RdbError(`${reader.left} bytes for ${count} integers`)
  return Array.from({length: count}, () => signedLE(reader, width))
}

/** @returns field, value, field, value, ... @throws {RdbError} on bytes that are no zipmap */
export function zipmapElements(blob: string | RdbReader): string[] {
  const reader = readerOf(blob)
  reader.byte()
  const elements: string[] = []
  for (;;) {
    const first = reader.byte()
    if (first === END) {
      if (reader.left > 0) throw new RdbError(`bytes behind the end at ${reader.offset}`)
      return elements
    }
    elements.push(reader.bytes(zipmapLength(reader, first)))
    const length = zipmapLength(reader, reader.byte())
    const free = reader.byte()
    elements.push(reader.bytes(length))
    reader.bytes(free)
  }
}

function zipmapLength(reader: RdbReader, first: number): number {
  return first < 0xfe ? first : reader.uintLE(4)
}
