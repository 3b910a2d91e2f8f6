import {AT, fixedFrameBytes, GOSSIP_BYTES, HEADER_BYTES, SIGNATURE, TYPE_NAMES} from './layout.js'

/** What must have arrived before a frame's kind and length are known. */
const PEEK_BYTES = 16
/** Room for the extensions of one ping. */
const EXTENSION_BYTES_MAX = 64 * 1024
/** The longest PUBLISH or MODULE frame taken from a known peer; longer ones are skipped. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024
/** The same for a peer that has not said anything valid yet: garbage must not cost memory. */
export const STRANGER_FRAME_BYTES_MAX = 256 * 1024

/**
 * Cuts a byte stream into frames (wire.md 1.1).
 *
 *   peek (16 bytes) --length and type make sense--> collect --whole--> onFrame, peek
 *        |                                 `-- else --> skip that many bytes, unbuffered, peek
 *        `-- not `RCmb` or shorter than a header --> broken: drop the socket
 *
 * Never holds more than one frame of at most `frameBytesMax`, and reserves memory only as bytes arrive.
 */
export class FrameDecoder {
  /** May be raised once the peer is known. */
  frameBytesMax = STRANGER_FRAME_BYTES_MAX
  /** Frames left out because of their version, type or length. */
  skippedFrames = 0
  private buffer = Buffer.allocUnsafe(0)
  private held = 0
  /** Total bytes of the frame being collected; 0 = still peeking. */
  private wanted = 0
  private skipBytes = 0
  private broken = false

  /**
   * @param onFrame - gets each whole frame; the bytes are only valid during the call
   * @returns false if the stream is not the cluster bus: drop the socket
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): boolean {
    let at = 0
    while (at < chunk.length && !this.broken) {
      if (this.skipBytes > 0) {
        const taken = Math.min(this.skipBytes, chunk.length - at)
        this.skipBytes -= taken
        at += taken
        continue
      }
      const missing = (this.wanted || PEEK_BYTES) - this.held
      // A whole frame inside the chunk needs no copy.
      if (this.held === 0 && this.wanted === 0 && chunk.length - at >= PEEK_BYTES) {
        const bytes = this.frameBytes(chunk.subarray(at, at + PEEK_BYTES))
        if (bytes > 0 && bytes <= chunk.length - at) {
          onFrame(chunk.subarray(at, at + bytes))
          at += bytes
          continue
        }
        if (bytes <= 0) continue
      }
      const taken = Math.min(missing, chunk.length - at)
      this.append(chunk.subarray(at, at + taken))
      at += taken
      if (taken === missing) this.advance(onFrame)
    }
    return !this.broken
  }

  /** Bytes held for an unfinished frame. */
  get heldBytes(): number {
    return this.buffer.length
  }

  private advance(onFrame: (frame: Buffer) => void): void {
    if (this.wanted === 0) {
      const bytes = this.frameBytes(this.buffer.subarray(0, this.held))
      if (bytes > 0) this.wanted = bytes
      else if (!this.broken) {
        this.skipBytes -= this.held
        this.held = 0
      }
      return
    }
    const frame = this.buffer.subarray(0, this.wanted)
    this.buffer = Buffer.allocUnsafe(0)
    this.held = 0
    this.wanted = 0
    onFrame(frame)
  }

  private append(bytes: Buffer): void {
    const needed = this.held + bytes.length
    if (this.buffer.length < needed) {
      const limit = Math.max(this.wanted, PEEK_BYTES)
      const grown = Buffer.allocUnsafe(Math.min(limit, Math.max(needed, this.buffer.length * 2)))
      this.buffer.copy(grown, 0, 0, this.held)
      this.buffer = grown
    }
    bytes.copy(this.buffer, this.held)
    this.held = needed
  }

  /** @returns the frame's length; 0 after having set `skipBytes` (from the frame's start) or `broken` */
  private frameBytes(peek: Buffer): number {
    const bytes = peek.readUInt32BE(AT.totalBytes)
    if (peek.readUInt32BE(AT.signature) !== SIGNATURE || bytes < HEADER_BYTES) {
      this.broken = true
      return 0
    }
    if (this.isExpected(peek, bytes)) return bytes
    this.skippedFrames++
    this.skipBytes = bytes
    return 0
  }

  private isExpected(peek: Buffer, bytes: number): boolean {
    const type = TYPE_NAMES[peek.readUInt16BE(AT.type)]
    if (peek.readUInt16BE(AT.version) !== 1 || type === undefined) return false
    if (type === 'ping' || type === 'pong' || type === 'meet') {
      const least = HEADER_BYTES + peek.readUInt16BE(AT.count) * GOSSIP_BYTES
      return bytes >= least && bytes <= least + EXTENSION_BYTES_MAX
    }
    const fixed = fixedFrameBytes(type)
    return fixed === undefined ? bytes <= this.frameBytesMax : bytes === fixed
  }
}
