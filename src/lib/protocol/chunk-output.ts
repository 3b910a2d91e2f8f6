import {Buffer} from 'node:buffer'
import {type Bytes, newBytes} from './bytes.js'

/** Of a chunk that is handed out. */
export const CHUNK_BYTES = 64 * 1024

/** Up to here a loop over the characters is faster than a call that leaves JavaScript. */
const LOOP_LENGTH_MAX = 24
/** The same for bytes: a call needs a view made of them. */
const LOOP_BYTES_MAX = 96

/** Without chunks: kept from one use to the next, no more. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024

/**
 * Bytes that are written one after the other into chunks, which are handed out as they fill up. Or, without anybody to
 * hand them to, into one buffer that grows. Strings that are put together of millions of small ones cost many times what
 * their bytes cost.
 */
export class ChunkOutput {
  /** Invariant: 0 <= at <= bytes.length. */
  protected at = 0
  protected bytes: Bytes = newBytes(CHUNK_BYTES)
  private handedOut = 0
  private spare: Bytes[] | undefined

  /** @param emit - is given chunks of 1..CHUNK_BYTES bytes, which are its own from then on */
  constructor(private readonly emit: ((chunk: Uint8Array) => void) | undefined) {}

  protected get hasChunks(): boolean {
    return this.emit !== undefined
  }

  /** Bytes written since the start. */
  get position(): number {
    return this.handedOut + this.at
  }

  /** Hands out what is there, be it less than a chunk. */
  flush(): void {
    if (this.at === 0 || this.emit === undefined) return
    const full = this.at === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.at)
    this.handedOut += this.at
    this.bytes = this.spare?.pop() ?? newBytes(CHUNK_BYTES)
    this.at = 0
    this.emit(full)
  }

  /** Gives a chunk back that is not needed any more, for another one to be made of its memory. */
  giveBack(chunk: Uint8Array): void {
    const whole = Buffer.from(chunk.buffer) as unknown as Bytes
    if (whole.length !== CHUNK_BYTES) return
    this.spare ??= []
    this.spare.push(whole)
  }

  /** All that was written, as a binary (latin1) string. Only without chunks. @throws Error if no string is that long */
  text(): string {
    return this.bytes.latin1Slice(0, this.at)
  }

  /** All that was written; good until the next write. Only without chunks. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }

  /** Starts over. Only without chunks. */
  forget(): void {
    this.at = 0
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = newBytes(CHUNK_BYTES)
  }

  byte(value: number): void {
    if (this.at === this.bytes.length) this.makeRoom(1)
    this.bytes[this.at++] = value
  }

  /** Little-endian, the lower 32 bits. */
  uint32LE(value: number): void {
    this.reserve(4)
    const {at, bytes} = this
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
    this.at = at + 4
  }

  /** Big-endian, the lower 32 bits. */
  uint32BE(value: number): void {
    this.reserve(4)
    const {at, bytes} = this
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
    this.at = at + 4
  }

  /** @param text - binary (latin1), of any length */
  raw(text: string): void {
    const {length} = text
    if (length > this.bytes.length - this.at) {
      if (this.emit !== undefined) {
        this.rawInPieces(text)
        return
      }
      this.makeRoom(length)
    }
    const {at, bytes} = this
    if (length <= LOOP_LENGTH_MAX) {
      for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
    } else {
      bytes.latin1Write(text, at, length)
    }
    this.at = at + length
  }

  /** @param source - of which the first `length` bytes are written, any number */
  protected piece(source: Uint8Array, length: number): void {
    if (length > LOOP_BYTES_MAX || !this.reserve(length)) {
      this.rawBytes(source.subarray(0, length))
      return
    }
    const {at, bytes} = this
    for (let i = 0; i < length; i++) bytes[at + i] = source[i]!
    this.at = at + length
  }

  /** Of any length. */
  rawBytes(source: Uint8Array): void {
    for (let from = 0; from < source.length; ) {
      if (this.at === this.bytes.length) this.makeRoom(1)
      const piece = source.subarray(from, from + this.bytes.length - this.at)
      this.bytes.set(piece, this.at)
      this.at += piece.length
      from += piece.length
    }
  }

  /** Makes sure of that many bytes in one piece. @returns false if no chunk has as many; nothing is done then */
  protected reserve(count: number): boolean {
    if (count <= this.bytes.length - this.at) return true
    if (this.emit !== undefined && count > CHUNK_BYTES) return false
    this.makeRoom(count)
    return true
  }

  private makeRoom(count: number): void {
    if (this.emit !== undefined) {
      this.flush()
      return
    }
    const grown = newBytes(Math.max(this.at + count, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
  }

  private rawInPieces(text: string): void {
    for (let from = 0; from < text.length; ) {
      if (this.at === this.bytes.length) this.flush()
      const piece = text.slice(from, from + this.bytes.length - this.at)
      this.bytes.latin1Write(piece, this.at, piece.length)
      this.at += piece.length
      from += piece.length
    }
  }
}
