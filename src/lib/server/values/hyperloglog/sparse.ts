import {Buffer} from 'node:buffer'
import {REGISTER_COUNT} from './element-hash.js'
import {DENSE, DENSE_BYTES, ENCODING_AT, HEADER_BYTES} from './header.js'
import {raiseDense} from './registers.js'

/**
 * The sparse form: all registers in order as runs.
 *
 *   ZERO   00nnnnnn           n + 1 registers of 0
 *   XZERO  01nnnnnn nnnnnnnn  n + 1 registers of 0
 *   VAL    1vvvvvnn           n + 1 registers of v + 1
 *
 * What a change leaves must be redis-server's bytes: which runs are split, which are joined, and when it gives up.
 */
const ZERO_MAX = 64
const RUN_MAX = 4
/** Registers of more are for the dense form alone. */
const COUNT_MAX = 32
/** So many runs from the one before a change on are looked at for joining. */
const JOIN_RUNS = 5

function isXZero(byte: number): boolean {
  return (byte & 0xc0) === 0x40
}

function isVal(byte: number): boolean {
  return (byte & 0x80) !== 0
}

function valCount(byte: number): number {
  return ((byte >> 2) & 31) + 1
}

function valLength(byte: number): number {
  return (byte & 3) + 1
}

function val(count: number, length: number): number {
  return 0x80 | ((count - 1) << 2) | (length - 1)
}

/** Visits runs in order. @returns whether they are exactly all registers */
export function eachRun(
  bytes: Uint8Array,
  length: number,
  visit: (first: number, runLength: number, count: number, isLong: boolean) => void,
): boolean {
  let first = 0
  let at = HEADER_BYTES
  while (at < length) {
    const byte = bytes[at++]!
    let run: number
    let count = 0
    if (isVal(byte)) {
      run = valLength(byte)
      count = valCount(byte)
    } else if (isXZero(byte)) {
      // Behind the last byte there is a zero, as redis-server reads it.
      run = ((byte & 63) << 8) + (at < length ? bytes[at]! : 0) + 1
      at++
    } else run = byte + 1
    visit(first, run, count, isXZero(byte))
    first += run
  }
  return first === REGISTER_COUNT
}

/** undefined: the runs are not exactly all registers. Header and cached count are kept. */
export function toDense(bytes: Uint8Array, length: number): Buffer | undefined {
  const dense = Buffer.alloc(DENSE_BYTES)
  dense.set(bytes.subarray(0, HEADER_BYTES))
  dense[ENCODING_AT] = DENSE
  const isWhole = eachRun(bytes, length, (first, run, count) => {
    if (count > 0) for (let i = 0; i < run; i++) raiseDense(dense, first + i, count)
  })
  return isWhole ? dense : undefined
}

/** What came of raising a register: `dense` = the sparse form cannot hold it. */
export type Raised = 'raised' | 'not-needed' | 'dense' | 'corrupt'

/** A sparse HyperLogLog being changed. */
export class SparseEdit {
  bytes: Buffer
  length: number
  /** Some run and its first register from where the next search may start: raising many in order is not quadratic. */
  private searchAt = HEADER_BYTES
  private searchFirst = 0

  constructor(source: Uint8Array, length: number) {
    this.bytes = Buffer.allocUnsafe(length + 64)
    this.bytes.set(source.subarray(0, length))
    this.length = length
  }

  raise(register: number, count: number, bytesMax: number): Raised {
    if (count > COUNT_MAX) return 'dense'
    return this.raiseFrom(register, count, bytesMax, register > this.searchFirst) ?? 'corrupt'
  }

  /** @param fromHint - false: search from the first run */
  private raiseFrom(register: number, count: number, bytesMax: number, fromHint: boolean): Raised | undefined {
    const {length} = this
    const start = fromHint ? this.searchAt : HEADER_BYTES
    let at = start
    let first = fromHint ? this.searchFirst : 0
    let before = -1
    let beforeFirst = 0
    let run = 0
    while (at < length) {
      run = this.runAt(at)
      if (register < first + run) break
      before = at
      beforeFirst = first
      at += this.opcodeBytes(at)
      first += run
    }
    if (run === 0 || at >= length) return undefined
    // Joining starts at the run before, which is out of sight if the search began at this one.
    if (before < 0 && start !== HEADER_BYTES) return this.raiseFrom(register, count, bytesMax, false)
    this.searchAt = before < 0 ? HEADER_BYTES : before
    this.searchFirst = before < 0 ? 0 : beforeFirst

    const byte = this.bytes[at]!
    if (isVal(byte) && valCount(byte) >= count) return 'not-needed'
    if (run === 1 && !isXZero(byte)) this.bytes[at] = val(count, 1)
    else if (!this.split(at, first, run, register, count, bytesMax)) return 'dense'
    this.join(this.searchAt)
    return 'raised'
  }

  private runAt(at: number): number {
    const byte = this.bytes[at]!
    if (isVal(byte)) return valLength(byte)
    if (isXZero(byte)) return ((byte & 63) << 8) + (at + 1 < this.length ? this.bytes[at + 1]! : 0) + 1
    return byte + 1
  }

  private opcodeBytes(at: number): number {
    return isXZero(this.bytes[at]!) ? 2 : 1
  }

  /** The run becomes up to three. @returns false if that is longer than allowed */
  private split(at: number, first: number, run: number, register: number, count: number, bytesMax: number): boolean {
    const byte = this.bytes[at]!
    const parts: number[] = []
    const add = (length: number): void => {
      if (length === 0) return
      if (isVal(byte)) parts.push(val(valCount(byte), length))
      else if (length > ZERO_MAX) parts.push(0x40 | ((length - 1) >> 8), (length - 1) & 0xff)
      else parts.push(length - 1)
    }
    add(register - first)
    parts.push(val(count, 1))
    add(first + run - 1 - register)
    const oldBytes = this.opcodeBytes(at)
    const more = parts.length - oldBytes
    if (more > 0 && this.length + more > bytesMax) return false
    this.reserve(this.length + more)
    this.bytes.copyWithin(at + parts.length, at + oldBytes, this.length)
    this.bytes.set(parts, at)
    this.length += more
    return true
  }

  private reserve(length: number): void {
    if (length <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(length * 2)
    grown.set(this.bytes)
    this.bytes = grown
  }

  private join(from: number): void {
    const {bytes} = this
    let at = from
    for (let runs = JOIN_RUNS; runs > 0 && at < this.length; runs--) {
      const byte = bytes[at]!
      const next = bytes[at + 1]!
      if (isVal(byte) && at + 1 < this.length && isVal(next) && valCount(byte) === valCount(next)) {
        const length = valLength(byte) + valLength(next)
        if (length <= RUN_MAX) {
          bytes[at + 1] = val(valCount(byte), length)
          bytes.copyWithin(at, at + 1, this.length)
          this.length--
          continue
        }
      }
      at += this.opcodeBytes(at)
    }
  }
}
