/**
 * CRC-64/Jones as Redis uses it: reflected, polynomial 0xad93d23594c935a9, initial 0, no final xor (wire.md 3.6).
 *
 * 64 bits are kept as two Int32 halves, and eight bytes are folded per step ("slice-by-8"): table k holds the
 * effect of a byte that is followed by k zero bytes.
 */

const POLY_LOW = 0x94c935a9 | 0
const POLY_HIGH = 0xad93d235 | 0

/** Bits 0..31 reversed. */
function reverse32(word: number): number {
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) reversed |= ((word >>> bit) & 1) << (31 - bit)
  return reversed
}

const LOW = new Int32Array(8 * 256)
const HIGH = new Int32Array(8 * 256)

function fillTables(): void {
  // Reflection swaps the halves as well as the bits within each.
  const polyLow = reverse32(POLY_HIGH)
  const polyHigh = reverse32(POLY_LOW)
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (odd) {
        low ^= polyLow
        high ^= polyHigh
      }
    }
    LOW[byte] = low
    HIGH[byte] = high
  }
  for (let i = 256; i < 8 * 256; i++) {
    const low = LOW[i - 256] as number
    const high = HIGH[i - 256] as number
    const index = low & 0xff
    LOW[i] = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number)
    HIGH[i] = (high >>> 8) ^ (HIGH[index] as number)
  }
}

fillTables()

/** A running CRC-64. Feed it text or bytes in any cuts; the value depends on their concatenation alone. */
export class Crc64 {
  /** Bits 0..31 and 32..63 of the value, as signed integers. */
  low = 0
  high = 0

  /** @param text - a binary (latin1) string; `[start, end)` is added */
  addText(text: string, start = 0, end = text.length): this {
    let {low, high} = this
    let i = start
    for (; i + 8 <= end; i += 8) {
      const a = low ^ word(text, i)
      const b = high ^ word(text, i + 4)
      low = fold(LOW, a, b)
      high = fold(HIGH, a, b)
    }
    for (; i < end; i++) {
      const index = (low ^ text.charCodeAt(i)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number)
      high = (high >>> 8) ^ (HIGH[index] as number)
    }
    this.low = low
    this.high = high
    return this
  }

  addBytes(bytes: Uint8Array): this {
    let {low, high} = this
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let i = 0
    for (; i + 8 <= bytes.length; i += 8) {
      const a = low ^ view.getInt32(i, true)
      const b = high ^ view.getInt32(i + 4, true)
      low = fold(LOW, a, b)
      high = fold(HIGH, a, b)
    }
    for (; i < bytes.length; i++) {
      const index = (low ^ (bytes[i] as number)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number)
      high = (high >>> 8) ^ (HIGH[index] as number)
    }
    this.low = low
    this.high = high
    return this
  }

  /** The value as 8 bytes, little-endian, in a binary string: how DUMP and RDB files store it. */
  digest(): string {
    const {low, high} = this
    return String.fromCharCode(
      low & 0xff,
      (low >>> 8) & 0xff,
      (low >>> 16) & 0xff,
      low >>> 24,
      high & 0xff,
      (high >>> 8) & 0xff,
      (high >>> 16) & 0xff,
      high >>> 24,
    )
  }
}

/** Four bytes of a binary string as a little-endian Int32. */
function word(text: string, i: number): number {
  return (
    text.charCodeAt(i) | (text.charCodeAt(i + 1) << 8) | (text.charCodeAt(i + 2) << 16) | (text.charCodeAt(i + 3) << 24)
  )
}

/** One half of the CRC of the eight bytes `a` (first four) and `b`. */
function fold(table: Int32Array, a: number, b: number): number {
  return (
    (table[0x700 + (a & 0xff)] as number) ^
    (table[0x600 + ((a >>> 8) & 0xff)] as number) ^
    (table[0x500 + ((a >>> 16) & 0xff)] as number) ^
    (table[0x400 + (a >>> 24)] as number) ^
    (table[0x300 + (b & 0xff)] as number) ^
    (table[0x200 + ((b >>> 8) & 0xff)] as number) ^
    (table[0x100 + ((b >>> 16) & 0xff)] as number) ^
    (table[b >>> 24] as number)
  )
}

/** CRC-64 of `[start, end)` of a binary string, as 8 little-endian bytes. */
export function crc64(text: string, start = 0, end = text.length): string {
  return new Crc64().addText(text, start, end).digest()
}
