import {Buffer} from 'node:buffer'

/**
 * The end of the replication stream, for replicas that were away for a moment: a ring of the last bytes, addressed by
 * offset. The first byte of a stream has offset 1 (wire.md 2.4).
 */
export class Backlog {
  private ring: Buffer
  /** Offset of the byte that comes next. */
  private next: number
  private held = 0

  /** @param size - bytes @param next - offset of the byte that comes next */
  constructor(size: number, next: number) {
    this.ring = Buffer.allocUnsafeSlow(size)
    this.next = next
  }

  get size(): number {
    return this.ring.length
  }

  /** Bytes held. */
  get length(): number {
    return this.held
  }

  /** Offset of the first byte held; of the next one if there is none. */
  get firstOffset(): number {
    return this.next - this.held
  }

  /** @param text - binary string */
  append(text: string): void {
    const {ring} = this
    const {length} = text
    // Of more than the ring holds only the end is of use.
    const from = Math.max(0, length - ring.length)
    const at = (this.next + from) % ring.length
    const untilEnd = Math.min(length - from, ring.length - at)
    ring.write(text.slice(from, from + untilEnd), at, 'latin1')
    if (from + untilEnd < length) ring.write(text.slice(from + untilEnd), 0, 'latin1')
    this.next += length
    this.held = Math.min(ring.length, this.held + length)
  }

  /** Can a stream go on from this offset on? */
  has(offset: number): boolean {
    return offset >= this.firstOffset && offset <= this.next
  }

  /** All bytes from an offset on, which the backlog must have. */
  from(offset: number): string {
    const {next, ring} = this
    if (offset === next) return ''
    const [first, last] = [offset % ring.length, next % ring.length]
    if (first < last) return ring.toString('latin1', first, last)
    return ring.toString('latin1', first) + ring.toString('latin1', 0, last)
  }

  /** Another size; the last bytes stay. */
  resize(size: number): void {
    if (size === this.ring.length) return
    const kept = this.from(Math.max(this.firstOffset, this.next - size))
    this.ring = Buffer.allocUnsafeSlow(size)
    this.next -= kept.length
    this.held = 0
    this.append(kept)
  }
}
