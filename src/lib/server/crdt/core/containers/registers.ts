import {Buffer} from 'node:buffer'
import {COUNT_LIMIT, REGISTER_COUNT} from '../../../values/hyperloglog/element-hash.js'
import {
  DENSE,
  DENSE_BYTES,
  EMPTY,
  ENCODING_AT,
  encodingOf,
  HEADER_BYTES,
  invalidateCount,
  invalidObject,
  requireHyperLogLog,
} from '../../../values/hyperloglog/header.js'
import {denseRegister, eachDense, raiseDense} from '../../../values/hyperloglog/registers.js'
import {eachRun} from '../../../values/hyperloglog/sparse.js'

/** `register * COUNT_LIMIT + count`, ascending, at most one of a register. */
export type Patterns = readonly number[]

/** Of more registers than this the dense form takes less. */
const PATTERNS_MAX = 1500
/** As redis-server is set by default: what is longer is written densely. */
const SPARSE_BYTES_MAX = 3000
const SPARSE_COUNT_MAX = 32
const ZERO_MAX = 64
const VAL_MAX = 4
/** Of the dense form are compared at once: three words. */
const GROUP_REGISTERS = 16

/**
 * The registers of a HyperLogLog, joined by maximum. `text` is the same in all regions, but need not be the bytes that a
 * client's PFADDs made: those depend on their order.
 */
export class Registers {
  /** Undefined once there is the dense form. */
  private sparse: Patterns | undefined = []
  private dense: Buffer | undefined

  /** @returns those that rose */
  raise(patterns: Patterns): Patterns {
    const {dense} = this
    if (dense !== undefined) {
      return patterns.filter((pattern) => raiseDense(dense, Math.floor(pattern / COUNT_LIMIT), pattern % COUNT_LIMIT))
    }
    return this.raiseSparse(this.sparse!, patterns)
  }

  private raiseSparse(before: Patterns, patterns: Patterns): Patterns {
    const joined: number[] = []
    const raised: number[] = []
    let at = 0
    for (const pattern of patterns) {
      const register = Math.floor(pattern / COUNT_LIMIT)
      while (at < before.length && before[at]! < register * COUNT_LIMIT) joined.push(before[at++]!)
      const isHeld = at < before.length && before[at]! < (register + 1) * COUNT_LIMIT
      if (isHeld && before[at]! >= pattern) continue
      if (isHeld) at++
      joined.push(pattern)
      raised.push(pattern)
    }
    if (raised.length === 0) return raised
    while (at < before.length) joined.push(before[at++]!)
    if (joined.length <= PATTERNS_MAX) this.sparse = joined
    else {
      this.sparse = undefined
      this.dense = denseOf(joined)
    }
    return raised
  }

  /**
   * Raises them to those of a string as GET shows it.
   *
   * @returns those that rose
   * @throws ReplyError if it is no HyperLogLog
   */
  raiseTo(text: string): Patterns {
    const bytes = Buffer.alloc(text.length, text, 'latin1')
    requireHyperLogLog(bytes, bytes.length)
    if (encodingOf(bytes) !== DENSE) return this.raise(patternsOfRuns(bytes))
    return this.raise(this.dense === undefined ? patternsOfDense(bytes) : differing(this.dense, bytes))
  }

  patterns(): Patterns {
    return this.sparse ?? patternsOfDense(this.dense!)
  }

  /** As redis-server has it, without a cached count. */
  text(): string {
    const {sparse} = this
    if (sparse?.length === 0) return EMPTY
    const runs = sparse === undefined ? undefined : runsOf(sparse)
    if (runs !== undefined) return runs
    const bytes = Buffer.from(this.dense ?? denseOf(sparse!))
    invalidateCount(bytes)
    return bytes.toString('latin1')
  }

  get bytes(): number {
    return this.sparse === undefined ? DENSE_BYTES : this.sparse.length * 8
  }
}

function denseOf(patterns: Patterns): Buffer {
  const dense = Buffer.alloc(DENSE_BYTES)
  dense.write(EMPTY.slice(0, 4), 'latin1')
  dense[ENCODING_AT] = DENSE
  for (const pattern of patterns) raiseDense(dense, Math.floor(pattern / COUNT_LIMIT), pattern % COUNT_LIMIT)
  return dense
}

function patternsOfDense(dense: Uint8Array): Patterns {
  const patterns: number[] = []
  eachDense(dense, (register, count) => {
    if (count > 0) patterns.push(register * COUNT_LIMIT + count)
  })
  return patterns
}

function patternsOfRuns(bytes: Uint8Array): Patterns {
  const patterns: number[] = []
  const isWhole = eachRun(bytes, bytes.length, (first, run, count) => {
    if (count > 0) for (let i = first; i < first + run; i++) patterns.push(i * COUNT_LIMIT + count)
  })
  if (!isWhole) throw invalidObject()
  return patterns
}

/** What `theirs` has in places where the bytes differ: few after one PFADD. */
function differing(mine: Uint8Array, theirs: Uint8Array): Patterns {
  const a = new Int32Array(mine.buffer, mine.byteOffset + HEADER_BYTES, (DENSE_BYTES - HEADER_BYTES) / 4)
  const b = new Int32Array(theirs.buffer, theirs.byteOffset + HEADER_BYTES, a.length)
  const patterns: number[] = []
  for (let i = 0; i < a.length; i += 3) {
    if (a[i] === b[i] && a[i + 1] === b[i + 1] && a[i + 2] === b[i + 2]) continue
    const first = (i / 3) * GROUP_REGISTERS
    for (let register = first; register < first + GROUP_REGISTERS; register++) {
      const count = denseRegister(theirs, register)
      if (count > denseRegister(mine, register)) patterns.push(register * COUNT_LIMIT + count)
    }
  }
  return patterns
}

/** @returns undefined if the sparse form cannot hold them, or is too long */
function runsOf(patterns: Patterns): string | undefined {
  const runs: number[] = []
  const zeros = (count: number): void => {
    if (count > ZERO_MAX) runs.push(0x40 | ((count - 1) >> 8), (count - 1) & 0xff)
    else if (count > 0) runs.push(count - 1)
  }
  let next = 0
  for (let i = 0; i < patterns.length; ) {
    const register = Math.floor(patterns[i]! / COUNT_LIMIT)
    const count = patterns[i]! % COUNT_LIMIT
    if (count > SPARSE_COUNT_MAX) return undefined
    let length = 1
    while (length < VAL_MAX && patterns[i + length] === patterns[i]! + length * COUNT_LIMIT) length++
    zeros(register - next)
    runs.push(0x80 | ((count - 1) << 2) | (length - 1))
    next = register + length
    i += length
  }
  zeros(REGISTER_COUNT - next)
  if (HEADER_BYTES + runs.length > SPARSE_BYTES_MAX) return undefined
  const bytes = Buffer.concat([Buffer.from(EMPTY.slice(0, HEADER_BYTES), 'latin1'), Buffer.from(runs)])
  invalidateCount(bytes)
  return bytes.toString('latin1')
}
