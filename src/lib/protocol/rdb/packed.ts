import {RdbError, RdbReader} from './reader.js'

/** Blobs that hold many elements: listpack, ziplist, intset, zipmap (wire.md 3.3 and 3.4). Text is binary (latin1). */

const LISTPACK_HEAD = 6
const ZIPLIST_HEAD = 10
const END = 0xff

/** A signed integer of 1..8 bytes, little-endian, as decimal text. */
function signedLE(reader: RdbReader, width: number): string {
  let value = 0n
  for (let i = 0; i < width; i++) value |= BigInt(reader.byte()) << BigInt(8 * i)
  return BigInt.asIntN(8 * width, value).toString()
}

/** @throws {RdbError} on bytes that are no listpack */
export function listpackElements(blob: string): string[] {
  const reader = new RdbReader(blob, LISTPACK_HEAD)
  const elements: string[] = []
  for (;;) {
    const start = reader.offset
    const first = reader.byte()
    if (first === END) return elements
    elements.push(listpackElement(reader, first))
    const length = reader.offset - start
    reader.bytes(length <= 127 ? 1 : length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5)
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
export function ziplistElements(blob: string): string[] {
  const reader = new RdbReader(blob, ZIPLIST_HEAD)
  const elements: string[] = []
  for (;;) {
    const previous = reader.byte()
    if (previous === END) return elements
    if (previous === 0xfe) reader.bytes(4)
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
export function intsetElements(blob: string): string[] {
  const reader = new RdbReader(blob)
  const width = reader.uintLE(4)
  const count = reader.uintLE(4)
  if (![2, 4, 8].includes(width)) throw new RdbError(`an intset of width ${width}`)
  reader.need(width * count)
  return Array.from({length: count}, () => signedLE(reader, width))
}

/** @returns field, value, field, value, ... @throws {RdbError} on bytes that are no zipmap */
export function zipmapElements(blob: string): string[] {
  const reader = new RdbReader(blob, 1)
  const elements: string[] = []
  for (;;) {
    const first = reader.byte()
    if (first === END) return elements
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
