import {Buffer} from 'node:buffer'
import {Crc64} from '../crc64.js'
import {RdbError, RdbReader} from './reader.js'
import {readString} from './string.js'

/** Thrown when what is read has not all arrived; one object, since every chunk ends with it. */
export const INCOMPLETE = Symbol('incomplete')

/** Redis's own limit of a string (proto-max-bulk-len); a longer one that must be held is a corrupt length. */
const STRING_BYTES_MAX = 512 * 1024 * 1024
const SPECIAL = 0xc0
const LZF = 0xc3
/** Bytes after the first one of an integer in its short forms. */
const INTEGER_BYTES = [1, 2, 4] as const

/**
 * A cursor over RDB bytes that come in chunks. Bytes behind `keep` are dropped and added to the checksum with the next
 * chunk, so what is held is one chunk and what the caller keeps.
 */
export class ChunkCursor {
  /** Invariant: 0 <= summed, keep <= at <= end <= bytes.length. */
  at = 0
  /** What is before it is not needed any more. */
  keep = 0
  private bytes = Buffer.alloc(0)
  private end = 0
  private summed = 0
  private dropped = 0
  private readonly crc = new Crc64()

  /** Bytes from the start of the file to the cursor. */
  get offset(): number {
    return this.dropped + this.at
  }

  get left(): number {
    return this.end - this.at
  }

  /** Bytes held, whether read yet or not. */
  get heldBytes(): number {
    return this.end - this.keep
  }

  /** Copies the chunk; the caller may use it again. */
  push(chunk: Uint8Array): void {
    this.sum()
    const held = this.end - this.keep
    const wanted = held + chunk.length
    const target = wanted > this.bytes.length ? Buffer.allocUnsafe(Math.max(wanted, held * 2)) : this.bytes
    this.bytes.copy(target, 0, this.keep, this.end)
    target.set(chunk, held)
    this.bytes = target
    this.dropped += this.keep
    this.at -= this.keep
    this.summed -= this.keep
    this.end = wanted
    this.keep = 0
  }

  /** CRC-64 of everything up to the cursor, 8 bytes in a binary string. */
  checksum(): string {
    this.sum()
    return this.crc.digest()
  }

  /** @throws INCOMPLETE */
  need(count: number): void {
    if (count > this.end - this.at) throw INCOMPLETE
  }

  byte(): number {
    this.need(1)
    return this.bytes[this.at++] as number
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

  /** Bytes as a binary (latin1) string. */
  text(count: number): string {
    this.need(count)
    this.at += count
    return this.bytes.toString('latin1', this.at - count, this.at)
  }

  /** Bytes from `from`, a position of `at` since the last `push`, to the cursor. */
  textSince(from: number): string {
    return this.bytes.toString('latin1', from, this.at)
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
    const body = this.stringBody()
    if (body > STRING_BYTES_MAX) throw new RdbError(`a string of ${body} bytes at ${this.dropped + start}`)
    this.need(body)
    this.at += body
    return readString(new RdbReader(this.bytes.toString('latin1', start, this.at)))
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
    this.crc.addBytes(this.bytes.subarray(this.summed, this.at))
    this.summed = this.at
  }
}
