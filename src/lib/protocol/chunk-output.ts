import {Buffer} from 'node:buffer'

/** Node's Buffer has these; its types do not say so. Cheaper than `write` and `toString('latin1')`. */
export interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

/** Of a chunk that is handed out. */
export const CHUNK_BYTES = 64 * 1024

/** Up to here a loop over the characters is faster than a call that leaves JavaScript. */
const LOOP_LENGTH_MAX = 24

/** Where every text in memory starts; one that outgrows it gets a buffer of its own. */
const SCRATCH = Buffer.allocUnsafeSlow(CHUNK_BYTES) as unknown as Bytes

/**
 * Bytes that are written one after the other into chunks, which are handed out as they fill up. Or, without anybody to
 * hand them to, into one buffer that grows: then only one output may be in use at a time, as all start in one scratch
 * buffer.
 */
export class ChunkOutput {
  /** Invariant: 0 <= at <= bytes.length. */
  protected at = 0
  protected bytes: Bytes
  private handedOut = 0
  private spare: Bytes[] | undefined

  /** @param emit - is given chunks of 1..CHUNK_BYTES bytes, which are its own from then on */
  constructor(private readonly emit: ((chunk: Uint8Array) => void) | undefined) {
    this.bytes = emit === undefined ? SCRATCH : newChunk()
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
    this.bytes = this.spare?.pop() ?? newChunk()
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

  /** All that was written, as a binary (latin1) string. Only without chunks. */
  text(): string {
    return this.bytes.latin1Slice(0, this.at)
  }

  /** All that was written; good until the next output starts. Only without chunks. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at)
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
      this.rawInPieces(text)
      return
    }
    const {at, bytes} = this
    if (length <= LOOP_LENGTH_MAX) {
      for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
    } else {
      bytes.latin1Write(text, at, length)
    }
    this.at = at + length
  }

  /** Makes sure of that many bytes in one piece. @param count - at most CHUNK_BYTES, unless without chunks */
  protected reserve(count: number): void {
    if (count > this.bytes.length - this.at) this.makeRoom(count)
  }

  private makeRoom(count: number): void {
    if (this.emit !== undefined) {
      this.flush()
      return
    }
    const grown = Buffer.allocUnsafe(Math.max(this.at + count, this.bytes.length * 2)) as unknown as Bytes
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
  }

  private rawInPieces(text: string): void {
    if (this.emit === undefined) {
      this.makeRoom(text.length)
      this.raw(text)
      return
    }
    for (let from = 0; from < text.length; ) {
      if (this.at === this.bytes.length) this.flush()
      const piece = text.slice(from, from + this.bytes.length - this.at)
      this.bytes.latin1Write(piece, this.at, piece.length)
      this.at += piece.length
      from += piece.length
    }
  }
}

function newChunk(): Bytes {
  return Buffer.allocUnsafeSlow(CHUNK_BYTES) as unknown as Bytes
}
