const TWO_32 = 0x1_0000_0000
const DIGIT_0 = 0x30
const LETTER_A = 0x61

/**
 * A 64-bit sum of hashes: the order in which things are added does not matter. A thing is hashed from parts, in order:
 * `begin`, parts, `end`. Every node comes to the same sums: nothing here is seeded.
 */
export class Digest {
  private high = 0
  private low = 0
  private a = 0
  private b = 0

  /** @param kind - keeps different kinds of things apart */
  begin(kind: number): this {
    this.a = 0x9e3779b1 ^ kind
    this.b = 0x85ebca6b + kind
    return this
  }

  number(value: number): this {
    if (value >= 0 && value < TWO_32 && Number.isInteger(value)) return this.word(value, 1)
    double[0] = value
    return this.word(words[0]!, 2).word(words[1]!, 3)
  }

  text(text: string): this {
    const {length} = text
    let {a, b} = this
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(((b << 5) | (b >>> 27)) ^ code, 0x2545f491)
    }
    this.a = a
    this.b = b
    return this.word(length, 4)
  }

  /** As `text` of what the other's `toString` gives, which is not made for that. */
  digits({high, low}: Digest): this {
    let {a, b} = this
    for (let i = 0; i < 16; i++) {
      const digit = ((i < 8 ? high : low) >>> (28 - 4 * (i % 8))) & 15
      const code = digit < 10 ? DIGIT_0 + digit : LETTER_A + digit - 10
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(((b << 5) | (b >>> 27)) ^ code, 0x2545f491)
    }
    this.a = a
    this.b = b
    return this.word(16, 4)
  }

  end(): void {
    this.add(mix(this.a ^ Math.imul(this.b, 0x9e3779b1)), mix(this.b ^ Math.imul(this.a, 0xc2b2ae35)))
  }

  /** Adds all of another. */
  include(other: Digest): void {
    this.add(other.high, other.low)
  }

  private add(high: number, low: number): void {
    const sum = this.low + (low >>> 0)
    this.low = sum >>> 0
    this.high = (this.high + (high >>> 0) + (sum >= TWO_32 ? 1 : 0)) >>> 0
  }

  private word(word: number, kind: number): this {
    this.a = Math.imul((this.a ^ word) + kind, 0x85ebca6b)
    this.a ^= this.a >>> 15
    this.b = Math.imul((this.b + word) ^ kind, 0xc2b2ae35)
    this.b ^= this.b >>> 13
    return this
  }

  /** 16 hex digits. */
  toString(): string {
    return this.high.toString(16).padStart(8, '0') + this.low.toString(16).padStart(8, '0')
  }
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
