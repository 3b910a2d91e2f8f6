import {Buffer} from 'node:buffer'
import {getHeapStatistics} from 'node:v8'
import {Fault} from './target.js'

/** What a decoder may take for an input of a few bytes: buffers that grow, a value of its own, garbage of one run. */
const ALLOWED_BYTES = 4 * 1024 * 1024
/** LZF gives at most 88 bytes for one, and what it gives is held as bytes and as text. */
const ALLOWED_PER_BYTE = 300
/** Between two collections garbage gathers, whoever made it; this much for one input is not by accident. */
const HEAP_GROWTH_MAX = 128 * 1024 * 1024

type Allocate = (size: number, ...rest: never[]) => Buffer

const NAMES = ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const

/**
 * Watches what an input costs in memory. A buffer is refused when it is asked for, however briefly it would live: a length
 * that is only announced must not be allocated.
 */
export class MemoryWatch {
  private readonly originals = NAMES.map((name) => Buffer[name] as unknown as Allocate)
  private allowed = Number.POSITIVE_INFINITY
  private before = 0

  constructor() {
    for (const [index, name] of NAMES.entries()) {
      const original = this.originals[index]!
      const watched: Allocate = (size, ...rest) => {
        if (size > this.allowed) throw new Fault(`Buffer.${name} of ${size} bytes, ${this.allowed} are allowed`)
        return original(size, ...rest)
      }
      Object.defineProperty(Buffer, name, {configurable: true, value: watched, writable: true})
    }
  }

  /** Before an input of so many bytes. */
  begin(length: number): void {
    this.allowed = ALLOWED_BYTES + length * ALLOWED_PER_BYTE
    this.before = heldBytes()
  }

  /** @throws Fault */
  end(): void {
    this.allowed = Number.POSITIVE_INFINITY
    const growth = heldBytes() - this.before
    if (growth > HEAP_GROWTH_MAX) throw new Fault(`the heap grew by ${growth} bytes`)
  }

  /** Buffers as they were. */
  release(): void {
    for (const [index, name] of NAMES.entries()) {
      Object.defineProperty(Buffer, name, {configurable: true, value: this.originals[index], writable: true})
    }
  }
}

function heldBytes(): number {
  const {external_memory, used_heap_size} = getHeapStatistics()
  return used_heap_size + external_memory
}
