import {Buffer, constants} from 'node:buffer'
import type {Bytes} from './bytes.js'
import {SHORT_BYTES_MAX, shortText} from './resp/short-text.js'

/** Thrown when what is read has not all arrived; one object, since every chunk ends with it. */
export const INCOMPLETE = Symbol('incomplete')

/** A cursor over bytes that come in chunks. Held is one chunk and what the caller keeps before it. */
export class ChunkBuffer {
  /** Invariant: keep <= at <= end <= bytes.length. */
  at = 0
  /** What is before it is not needed any more. */
  keep = 0
  protected bytes = Buffer.alloc(0) as unknown as Bytes
  protected end = 0
  private dropped = 0

  /** Bytes from the start to the cursor. */
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
    const held = this.end - this.keep
    const wanted = held + chunk.length
    let target = this.bytes
    if (wanted > target.length) {
      const capacity = Math.max(wanted, Math.min(held * 2, constants.MAX_LENGTH))
      target = Buffer.allocUnsafe(capacity) as unknown as Bytes
    }
    // What stays where it is must not be moved with every chunk of a long value.
    if (target !== this.bytes || this.keep > 0) this.bytes.copy(target, 0, this.keep, this.end)
    target.set(chunk, held)
    this.bytes = target
    this.dropped += this.keep
    this.at -= this.keep
    this.end = wanted
    this.keep = 0
  }

  /** Bytes that have arrived and were not read; a view that is good until the next `push`. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.end)
  }

  /** @throws INCOMPLETE */
  need(count: number): void {
    if (count > this.end - this.at) throw INCOMPLETE
  }

  byte(): number {
    if (this.at === this.end) throw INCOMPLETE
    return this.bytes[this.at++] as number
  }

  /** Bytes as a binary (latin1) string. @param count - at most TEXT_LENGTH_MAX */
  text(count: number): string {
    const {at} = this
    if (count > this.end - at) throw INCOMPLETE
    this.at = at + count
    return count <= SHORT_BYTES_MAX ? shortText(this.bytes, at, count) : this.bytes.latin1Slice(at, at + count)
  }
}
