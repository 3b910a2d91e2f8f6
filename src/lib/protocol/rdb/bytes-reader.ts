import type {Bytes} from '../chunk-output.js'
import {lzfDecompressBytes} from '../lzf.js'
import {SHORT_BYTES_MAX, shortText} from '../resp/short-text.js'
import {RdbReader} from './reader.js'

/**
 * A reader over bytes. What it gives are strings of their own, while a reader over a text cuts them from it; and a value
 * may be longer than any text.
 */
export class RdbBytesReader extends RdbReader {
  constructor(
    private readonly source: Bytes,
    start: number,
    end: number,
  ) {
    super('', start, end)
  }

  override byte(): number {
    if (this.offset >= this.end) this.need(1)
    return this.source[this.offset++] as number
  }

  override peek(): number {
    this.need(1)
    return this.source[this.offset] as number
  }

  override uintLE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = width - 1; i >= 0; i--) value = value * 256 + (this.source[this.offset + i] as number)
    this.offset += width
    return value
  }

  override uintBE(width: number): number {
    this.need(width)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + (this.source[this.offset + i] as number)
    this.offset += width
    return value
  }

  override bytes(count: number): string {
    this.need(count)
    const {offset, source} = this
    this.offset = offset + count
    return count <= SHORT_BYTES_MAX ? shortText(source, offset, count) : source.latin1Slice(offset, offset + count)
  }

  override lzf(streamLength: number, length: number): string | undefined {
    this.need(streamLength)
    const end = this.offset + streamLength
    const text = lzfDecompressBytes(this.source, this.offset, end, length)
    this.offset = end
    return text
  }
}
