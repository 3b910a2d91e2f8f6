import {lzfDecompress} from '../lzf.js'

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
 * A cursor over RDB bytes in a binary (latin1) string. Every read checks the bounds before it takes anything, so
 * that a hostile length costs nothing.
 */
export class RdbReader {
  /** Invariant: 0 <= offset <= end <= text.length. */
  offset: number
  readonly end: number

  constructor(
    readonly text: string,
    start = 0,
    end = text.length,
  ) {
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
    this.need(1)
    return this.text.charCodeAt(this.offset++)
  }

  /** @param width - 1..6 bytes */
  uintLE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.text.charCodeAt(this.offset + i)
    this.offset += width
    return value
  }

  /** Eight bytes give a rounded value beyond 2^53, which is more than any length that can be real. */
  uintBE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + this.text.charCodeAt(this.offset + i)
    this.offset += width
    return value
  }

  bytes(count: number): string {
    this.need(count)
    const text = this.text.slice(this.offset, this.offset + count)
    this.offset += count
    return text
  }

  /** The byte that comes next. */
  peek(): number {
    this.need(1)
    return this.text.charCodeAt(this.offset)
  }

  /** @param length - of what the LZF stream of `streamLength` bytes must expand to @returns undefined if it does not */
  lzf(streamLength: number, length: number): string | undefined {
    this.need(streamLength)
    const end = this.offset + streamLength
    const text = lzfDecompress(this.text, this.offset, end, length)
    this.offset = end
    return text
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
