/**
 * Writing listpacks byte for byte as redis-server does (wire.md 3.4); `packed.ts` reads them. Text is binary (latin1).
 *
 *   | total bytes, u32 LE | count, u16 LE | entries ... | 0xFF |        entry = | encoding, data | back-length |
 *
 * What is the decimal of a 64-bit integer is stored as that integer.
 */

/** Header and end byte: what a listpack takes beside its entries. */
export const LISTPACK_FRAME_BYTES = 7

/** The header's count saturates here; readers then count by walking. */
const COUNT_MAX = 65_535

const END = '\xff'
const {fromCharCode} = String

/** @param entries - whole entries, concatenated @param count - how many they are */
export function frameListpack(entries: string, count: number): string {
  const bytes = entries.length + LISTPACK_FRAME_BYTES
  const shown = Math.min(count, COUNT_MAX)
  const size = fromCharCode(bytes & 0xff, (bytes >>> 8) & 0xff, (bytes >>> 16) & 0xff, bytes >>> 24)
  return `${size}${fromCharCode(shown & 0xff, shown >>> 8)}${entries}${END}`
}

export function encodeListpack(elements: readonly string[]): string {
  let entries = ''
  for (const element of elements) entries += listpackEntry(element)
  return frameListpack(entries, elements.length)
}

/** One element with its back-length. */
export function listpackEntry(text: string): string {
  const integer = integerBody(text)
  // No integer takes more than nine bytes.
  if (integer !== undefined) return integer + fromCharCode(integer.length)
  const {length} = text
  if (length < 0x40) return fromCharCode(0x80 | length) + text + fromCharCode(length + 1)
  const head = length < 0x1000 ? fromCharCode(0xe0 | (length >>> 8), length & 0xff) : `\xf0${littleEndian(length, 4)}`
  return head + text + backLength(head.length + length)
}

/** Bytes that the entry of `text` takes, without making it. */
export function listpackEntryBytes(text: string): number {
  const {length} = text
  const integer = integerBody(text)
  if (integer !== undefined) return integer.length + 1
  const body = length + (length < 0x40 ? 1 : length < 0x1000 ? 2 : 5)
  return body + backLengthBytes(body)
}

/** Encoding and data of canonical 64-bit decimals: no plus, no leading zero, no -0. */
function integerBody(text: string): string | undefined {
  const {length} = text
  if (length === 0 || length > 20 || text.charCodeAt(length - 1) > 57 || text.charCodeAt(0) > 57) return undefined
  if (length > 15) return bigIntegerBody(text)
  const value = Number(text)
  // Beyond safe integers JavaScript has texts with exponents: `1e+21` is not one to store.
  if (!Number.isSafeInteger(value) || String(value) !== text) return undefined
  if (value >= 0 && value < 0x80) return fromCharCode(value)
  if (value >= -0x1000 && value < 0x1000) return fromCharCode(0xc0 | ((value >>> 8) & 0x1f), value & 0xff)
  if (value >= -0x8000 && value < 0x8000) return `\xf1${littleEndian(value, 2)}`
  if (value >= -0x80_0000 && value < 0x80_0000) return `\xf2${littleEndian(value, 3)}`
  if (value >= -0x8000_0000 && value < 0x8000_0000) return `\xf3${littleEndian(value, 4)}`
  return `\xf4${littleEndian(value, 4)}${littleEndian(Math.floor(value / 0x1_0000_0000), 4)}`
}

const CANONICAL = /^-?[1-9][0-9]{14,18}$/

function bigIntegerBody(text: string): string | undefined {
  if (!CANONICAL.test(text)) return undefined
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value) return undefined
  return `\xf4${littleEndian(Number(value & 0xffff_ffffn), 4)}${littleEndian(Number((value >> 32n) & 0xffff_ffffn), 4)}`
}

/** The low `width` bytes. */
function littleEndian(value: number, width: number): string {
  let text = ''
  for (let at = 0; at < width; at++) text += fromCharCode((value >>> (8 * at)) & 0xff)
  return text
}

/** The limits are redis-server's own, one off at 16383 and up; deep validation compares the length with them. */
function backLengthBytes(length: number): number {
  if (length <= 0x7f) return 1
  if (length < 0x3fff) return 2
  if (length < 0x1f_ffff) return 3
  return length < 0xfff_ffff ? 4 : 5
}

/** Seven bits a byte, most significant first; all bytes but the first have their top bit set. */
function backLength(length: number): string {
  let text = ''
  for (let at = backLengthBytes(length) - 1, isFirst = true; at >= 0; at--, isFirst = false) {
    text += fromCharCode((Math.floor(length / 2 ** (7 * at)) & 0x7f) | (isFirst ? 0 : 0x80))
  }
  return text
}
