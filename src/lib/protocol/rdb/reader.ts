import {Buffer} from 'node:buffer'
import type {Bytes} from '../bytes.js'
import {SHORT_BYTES_MAX, shortText} from '../resp/short-text.js'

/** The bytes are not a valid RDB value. The message says where and why; callers reply `ERR Bad data format`. */
export class RdbError extends Error {
  override readonly name = 'RdbError'
}

/** A collection without elements, which Redis passes over in files: versions with a bug wrote such. */
export class EmptyValueError extends RdbError {}

/** What a length's two top bits and their 6 low bits can say besides a length (wire.md 3.2). */
export type RdbLength =
  | {readonly kind: 'length'; readonly length: number}
  | {readonly kind: 'special'; readonly encoding: number}

/**
 * A cursor over RDB bytes. Every read checks the bounds before it takes anything, so that a hostile length costs nothing.
 * Strings that are read are binary (latin1), flat and of their own: nothing keeps the whole alive.
 */
export class RdbReader {
  readonly source: Bytes
  /** Invariant: 0 <= offset <= end <= source.length. */
  offset: number
  readonly end: number

  /** @param source - a binary string, or bytes that do not change while they are read */
  constructor(source: string | Buffer, start = 0, end = source.length) {
    this.source = (typeof source === 'string' ? Buffer.from(source, 'latin1') : source) as Bytes
    this.offset = start
    this.end = end
  }

  /** Bytes left. */
  get left(): number {
    return this.end - this.offset
  }

  /** @throws RdbError if fewer than `count` bytes are left */
  need(count: number): void {
    if (count > this.left) throw new RdbError(`${count} bytes wanted at ${this.offset}, ${this.left} left`)
  }

  byte(): number {
    if (this.offset >= this.end) this.need(1)
    return this.source[this.offset++]!
  }

  /** @param width - 1..6 bytes */
  uintLE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.source[this.offset + i]!
    this.offset += width
    return value
  }

  /** Eight bytes give a rounded value beyond 2^53, which is more than any length that can be real. */
  uintBE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + this.source[this.offset + i]!
    this.offset += width
    return value
  }

  doubleLE(): number {
    this.need(8)
    const value = this.source.readDoubleLE(this.offset)
    this.offset += 8
    return value
  }

  bytes(count: number): string {
    if (count > this.end - this.offset) this.need(count)
    const {offset, source} = this
    this.offset = offset + count
    return count <= SHORT_BYTES_MAX ? shortText(source, offset, count) : source.latin1Slice(offset, offset + count)
  }

  /** The next `count` bytes, to be read by themselves; this reader goes on behind them. */
  part(count: number): RdbReader {
    this.need(count)
    const from = this.offset
    this.offset += count
    return new RdbReader(this.source, from, this.offset)
  }

  lengthOrSpecial(): RdbLength {
    const first = this.byte()
    const low = first & 0x3f
    switch (first >>> 6) {
      case 0:
        return {kind: 'length', length: low}
      case 1:
        return {kind: 'length', length: (low << 8) | this.byte()}
      case 2:
        if (first === 0x80) return {kind: 'length', length: this.uintBE(4)}
        if (first === 0x81) return {kind: 'length', length: this.uintBE(8)}
        throw new RdbError(`unknown length byte ${first} at ${this.offset - 1}`)
      default:
        return {kind: 'special', encoding: low}
    }
  }

  /** @throws RdbError if a specially encoded string stands here instead */
  length(): number {
    const read = this.lengthOrSpecial()
    if (read.kind === 'special') throw new RdbError(`a length wanted, encoding ${read.encoding} found`)
    return read.length
  }
}
