import {TEXT_LENGTH_MAX} from '../bytes.js'
import {ChunkBuffer} from '../chunk-buffer.js'
import {Crc64} from '../crc64.js'
import {RdbError, RdbReader} from './reader.js'
import {readString} from './string.js'

export {INCOMPLETE} from '../chunk-buffer.js'

const SPECIAL = 0xc0
const LZF = 0xc3
/** Bytes after the first one of an integer in its short forms. */
const INTEGER_BYTES = [1, 2, 4] as const

/** A cursor over RDB bytes that come in chunks. Bytes behind `keep` are added to the checksum with the next chunk. */
export class ChunkCursor extends ChunkBuffer {
  /** Bytes before it are in the checksum; invariant: 0 <= summed <= at. */
  private summed = 0
  private readonly crc = new Crc64()

  /** @param sums - whether a checksum is wanted */
  constructor(private readonly sums = true) {
    super()
  }

  override push(chunk: Uint8Array): void {
    this.sum()
    super.push(chunk)
    this.summed = this.at
  }

  /** CRC-64 of everything up to the cursor, 8 bytes in a binary string. */
  checksum(): string {
    this.sum()
    return this.crc.digest()
  }

  /** Eight bytes give a rounded value beyond 2^53. */
  uintBE(width: 4 | 8): number {
    this.need(width)
    const high = this.bytes.readUInt32BE(this.at)
    const value = width === 4 ? high : high * 0x1_0000_0000 + this.bytes.readUInt32BE(this.at + 4)
    this.at += width
    return value
  }

  int32LE(): number {
    this.need(4)
    this.at += 4
    return this.bytes.readInt32LE(this.at - 4)
  }

  int64LE(): number {
    this.need(8)
    this.at += 8
    return this.bytes.readInt32LE(this.at - 4) * 0x1_0000_0000 + this.bytes.readUInt32LE(this.at - 8)
  }

  /** Bytes from `from`, a position of `at` since the last `push`, to the cursor. */
  textSince(from: number): string {
    return this.bytes.latin1Slice(from, this.at)
  }

  /** @throws {RdbError} if an encoded string stands here instead */
  length(): number {
    const first = this.byte()
    if (first >= SPECIAL) throw new RdbError(`a length wanted at ${this.offset - 1}, byte ${first} found`)
    return this.lengthAfter(first)
  }

  /** Reads the head of a string. @returns how many bytes of it follow */
  stringBody(): number {
    const first = this.byte()
    if (first < SPECIAL) return this.lengthAfter(first)
    if (first === LZF) {
      const stream = this.length()
      this.length()
      return stream
    }
    const bytes = INTEGER_BYTES[first - SPECIAL]
    if (bytes === undefined) throw new RdbError(`unknown string encoding ${first} at ${this.offset - 1}`)
    return bytes
  }

  /** A whole string, decoded. */
  string(): string {
    const start = this.at
    const first = this.byte()
    if (first >= SPECIAL) return this.encodedString(start)
    const length = first < 0x40 ? first : this.lengthAfter(first)
    if (length > TEXT_LENGTH_MAX) throw this.tooLong(length, start)
    return this.text(length)
  }

  /** The bytes from `keep` to the cursor, to be read once more. Good until the next `push`. */
  keptReader(): RdbReader {
    return new RdbReader(this.bytes, this.keep, this.at)
  }

  /** @param start - where its head stands */
  private encodedString(start: number): string {
    this.at = start
    const body = this.stringBody()
    if (body > TEXT_LENGTH_MAX) throw this.tooLong(body, start)
    this.need(body)
    this.at += body
    return readString(new RdbReader(this.bytes, start, this.at))
  }

  private tooLong(length: number, start: number): RdbError {
    return new RdbError(`a string of ${length} bytes at ${this.offset - this.at + start}`)
  }

  private lengthAfter(first: number): number {
    switch (first >>> 6) {
      case 0:
        return first
      case 1:
        return ((first & 0x3f) << 8) | this.byte()
      default:
        if (first === 0x80) return this.uintBE(4)
        if (first === 0x81) return this.uintBE(8)
        throw new RdbError(`unknown length byte ${first} at ${this.offset - 1}`)
    }
  }

  private sum(): void {
    if (this.sums) this.crc.addBytes(this.bytes.subarray(this.summed, this.at))
    this.summed = this.at
  }
}
