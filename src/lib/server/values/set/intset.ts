import {flat, ownString} from '../../../kernel/own-string.js'
import {parseInt64} from '../../arguments.js'

const TWO_32 = 0x1_0000_0000
const HEAD_BYTES = 8
const {fromCharCode} = String

type Width = 2 | 4 | 8

function littleEndian32(value: number): string {
  return fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
}

function narrowest(high: number, low: number): Width {
  if (high !== low >> 31) return 8
  return low >= -0x8000 && low < 0x8000 ? 2 : 4
}

/** What `parse` and `locate` found last: neither an object per call nor room in every set. */
let high = 0
let low = 0
let place = 0

/** Sets `high` and `low`. @returns whether it is a 64-bit integer in the one spelling Redis takes */
function parse(text: string): boolean {
  const value = parseInt64(text)
  if (value === undefined) return false
  if (typeof value === 'number') {
    high = Math.floor(value / TWO_32)
    low = value | 0
  } else {
    high = Number(value >> 32n)
    low = Number(BigInt.asIntN(32, value))
  }
  return true
}

/**
 * 64-bit integers, ascending, packed into one binary string as redis-server packs them: the width, 2, 4 or 8 bytes, is
 * the narrowest that all fitted in when the widest of them came; it never shrinks. Numbers are handled as two signed
 * halves of 32 bits (`low` is to be read as unsigned when it is compared).
 */
export class Intset {
  private bytes = ''
  private width: Width = 2

  get size(): number {
    return this.bytes.length / this.width
  }

  get byteLength(): number {
    return this.bytes.length
  }

  /** @param blob - a valid one: RDB's form */
  static fromBlob(blob: string): Intset {
    const set = new Intset()
    set.width = blob.charCodeAt(0) as Width
    set.bytes = ownString(blob.slice(HEAD_BYTES))
    return set
  }

  /** RDB's form: width and number, 32 bits each, then the integers; all little-endian. */
  toBlob(): string {
    return littleEndian32(this.width) + littleEndian32(this.size) + this.bytes
  }

  copy(): Intset {
    const copy = new Intset()
    copy.width = this.width
    copy.bytes = this.bytes
    return copy
  }

  has(text: string): boolean {
    return parse(text) && this.locate()
  }

  /** @returns whether it was added; undefined if it is no 64-bit integer in the one spelling Redis takes */
  add(text: string): boolean | undefined {
    if (!parse(text)) return undefined
    const needed = narrowest(high, low)
    if (needed > this.width) this.widen(needed)
    if (this.locate()) return false
    const {bytes, width} = this
    const at = place * width
    this.bytes = flat(bytes.slice(0, at) + encode(high, low, width) + bytes.slice(at))
    return true
  }

  remove(text: string): boolean {
    if (!this.has(text)) return false
    this.removeAt(place)
    return true
  }

  removeAt(at: number): void {
    const {bytes, width} = this
    this.bytes = flat(bytes.slice(0, at * width) + bytes.slice((at + 1) * width))
  }

  at(index: number): string {
    const upper = this.highAt(index)
    const lower = this.lowAt(index) >>> 0
    const value = upper * TWO_32 + lower
    return Number.isSafeInteger(value) ? String(value) : String((BigInt(upper) << 32n) + BigInt(lower))
  }

  /** Sets `place`: where `high` and `low` are, or where they would be. @returns whether they are there */
  private locate(): boolean {
    let from = 0
    let to = this.size
    while (from < to) {
      const middle = (from + to) >>> 1
      const difference = this.highAt(middle) - high || (this.lowAt(middle) >>> 0) - (low >>> 0)
      if (difference === 0) {
        place = middle
        return true
      }
      if (difference < 0) from = middle + 1
      else to = middle
    }
    place = from
    return false
  }

  private lowAt(index: number): number {
    const {bytes, width} = this
    const at = index * width
    const half = bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
    return width === 2 ? (half << 16) >> 16 : half | (bytes.charCodeAt(at + 2) << 16) | (bytes.charCodeAt(at + 3) << 24)
  }

  private highAt(index: number): number {
    const {bytes, width} = this
    if (width !== 8) return this.lowAt(index) >> 31
    const at = index * 8 + 4
    return (
      bytes.charCodeAt(at) |
      (bytes.charCodeAt(at + 1) << 8) |
      (bytes.charCodeAt(at + 2) << 16) |
      (bytes.charCodeAt(at + 3) << 24)
    )
  }

  private widen(width: Width): void {
    const wide: string[] = []
    for (let i = 0; i < this.size; i++) wide.push(encode(this.highAt(i), this.lowAt(i), width))
    this.bytes = wide.join('')
    this.width = width
  }
}

function encode(high: number, low: number, width: Width): string {
  if (width === 2) return fromCharCode(low & 0xff, (low >>> 8) & 0xff)
  return width === 4 ? littleEndian32(low) : littleEndian32(low) + littleEndian32(high)
}
