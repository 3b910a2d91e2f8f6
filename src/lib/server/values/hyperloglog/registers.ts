import {REGISTER_COUNT, RUN_BITS} from './element-hash.js'
import {HEADER_BYTES} from './header.js'

/** The dense form, and what the registers of all forms add up to. */

export function denseRegister(bytes: Uint8Array, register: number): number {
  const bit = register * 6
  const at = HEADER_BYTES + (bit >> 3)
  return (((bytes[at]! | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & 63) as number
}

/** @returns whether the register was lower */
export function raiseDense(bytes: Uint8Array, register: number, count: number): boolean {
  if (denseRegister(bytes, register) >= count) return false
  const bit = register * 6
  const at = HEADER_BYTES + (bit >> 3)
  const shift = bit & 7
  bytes[at] = (bytes[at]! & ~(63 << shift)) | (count << shift)
  if (shift > 2) bytes[at + 1] = (bytes[at + 1]! & ~(63 >> (8 - shift))) | (count >> (8 - shift))
  return true
}

/** Calls `visit` with all registers in order: four of them are three bytes. */
export function eachDense(bytes: Uint8Array, visit: (register: number, count: number) => void): void {
  let at = HEADER_BYTES
  for (let register = 0; register < REGISTER_COUNT; register += 4) {
    const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    at += 3
    visit(register, three & 63)
    visit(register + 1, (three >> 6) & 63)
    visit(register + 2, (three >> 12) & 63)
    visit(register + 3, three >> 18)
  }
}

/** Raises `registers` to the dense ones: what `eachDense` would do, without a call for each. */
export function mergeDense(registers: Uint8Array, bytes: Uint8Array): void {
  let at = HEADER_BYTES
  for (let register = 0; register < REGISTER_COUNT; register += 4) {
    const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    at += 3
    if ((three & 63) > registers[register]!) registers[register] = three & 63
    if (((three >> 6) & 63) > registers[register + 1]!) registers[register + 1] = (three >> 6) & 63
    if (((three >> 12) & 63) > registers[register + 2]!) registers[register + 2] = (three >> 12) & 63
    if (three >> 18 > registers[register + 3]!) registers[register + 3] = three >> 18
  }
}

/** The other way round: all registers at once. */
export function packDense(bytes: Uint8Array, registers: Uint8Array): void {
  let at = HEADER_BYTES
  for (let i = 0; i < REGISTER_COUNT; i += 4) {
    const three = registers[i]! | (registers[i + 1]! << 6) | (registers[i + 2]! << 12) | (registers[i + 3]! << 18)
    bytes[at] = three
    bytes[at + 1] = three >> 8
    bytes[at + 2] = three >> 16
    at += 3
  }
}

export function addDense(histogram: Histogram, bytes: Uint8Array): void {
  const end = HEADER_BYTES + (REGISTER_COUNT / 4) * 3
  for (let at = HEADER_BYTES; at < end; at += 3) {
    const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    histogram[three & 63]!++
    histogram[(three >> 6) & 63]!++
    histogram[(three >> 12) & 63]!++
    histogram[three >> 18]!++
  }
}

/** Registers by count. */
export type Histogram = Int32Array

export function emptyHistogram(): Histogram {
  return new Int32Array(64)
}

/** What registers that no elements left would count to, or beyond, is the lowest integer of 64 bits to redis-server. */
const COUNT_END = 2 ** 63

/** 1 / (2 ln 2) */
const ALPHA_INFINITY = 0.7213475204444817

/**
 * How many different elements left these registers: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (2017), as Redis does.
 */
export function estimate(histogram: Histogram): number {
  const m = REGISTER_COUNT
  let z = m * tau((m - histogram[RUN_BITS + 1]!) / m)
  for (let i = RUN_BITS; i >= 1; i--) z = (z + histogram[i]!) * 0.5
  z += m * sigma(histogram[0]! / m)
  const count = (ALPHA_INFINITY * m * m) / z
  return count < COUNT_END ? Math.round(count) : -COUNT_END
}

function tau(of: number): number {
  if (of === 0 || of === 1) return 0
  let x = of
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; z !== before; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}

function sigma(of: number): number {
  if (of === 1) return Number.POSITIVE_INFINITY
  let x = of
  let y = 1
  let z = x
  for (let before = Number.NaN; z !== before; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}
