import {INT64_MAX} from '../../arguments.js'

/** Integers of 1 to 64 bits anywhere in a string, the highest bit first; and what happens to one that does not fit. */

/** What BITFIELD does where the result does not fit. */
export type Overflow = 'wrap' | 'sat' | 'fail'

export interface FieldType {
  readonly isSigned: boolean
  readonly bits: number
}

/** Up to here plain numbers do; beyond, two halves make a bigint. */
const NUMBER_BITS_MAX = 32
/** A sum of this and any field of NUMBER_BITS_MAX bits is exact. */
const GIVEN_MAX = 2 ** 52

/** Bits beyond `length` bytes read as zero. @param bits - up to 32 */
function readBits(source: string | Uint8Array, length: number, offset: number, bits: number): number {
  const first = Math.floor(offset / 8)
  const end = offset + bits
  const last = Math.floor((end - 1) / 8)
  let value = 0
  for (let i = first; i <= last; i++) {
    const byte = i >= length ? 0 : typeof source === 'string' ? source.charCodeAt(i) : source[i]!
    value = value * 256 + (i === first ? byte & (0xff >> (offset & 7)) : byte)
  }
  return Math.floor(value / 2 ** ((last + 1) * 8 - end))
}

/** @param bits - up to 32; of `value`, which is not negative, the lowest */
function writeBits(bytes: Uint8Array, offset: number, bits: number, value: number): void {
  let end = offset + bits
  let rest = value
  while (end > offset) {
    const index = Math.floor((end - 1) / 8)
    const shift = 7 - ((end - 1) & 7)
    const count = Math.min(8 - shift, end - offset)
    const mask = ((1 << count) - 1) << shift
    bytes[index] = (bytes[index]! & ~mask) | ((rest << shift) & mask)
    rest = Math.floor(rest / 2 ** count)
    end -= count
  }
}

export function readField(
  source: string | Uint8Array,
  length: number,
  offset: number,
  {bits, isSigned}: FieldType,
): number | bigint {
  if (bits <= NUMBER_BITS_MAX) {
    const value = readBits(source, length, offset, bits)
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
  }
  const highBits = bits - NUMBER_BITS_MAX
  const high = BigInt(readBits(source, length, offset, highBits))
  const value = (high << 32n) | BigInt(readBits(source, length, offset + highBits, NUMBER_BITS_MAX))
  return isSigned ? BigInt.asIntN(bits, value) : value
}

export function writeField(bytes: Uint8Array, offset: number, {bits}: FieldType, value: number | bigint): void {
  if (bits <= NUMBER_BITS_MAX) {
    const number = Number(value)
    writeBits(bytes, offset, bits, number < 0 ? number + 2 ** bits : number)
    return
  }
  const unsigned = BigInt.asUintN(bits, BigInt(value))
  const highBits = bits - NUMBER_BITS_MAX
  writeBits(bytes, offset, highBits, Number(unsigned >> 32n))
  writeBits(bytes, offset + highBits, NUMBER_BITS_MAX, Number(unsigned & 0xffff_ffffn))
}

/**
 * What a field becomes.
 *
 * @param before - undefined: it is set to `given`; else `given` is added to it
 * @returns undefined: it does not fit, and `overflow` says to leave it
 */
export function fieldAfter(
  type: FieldType,
  overflow: Overflow,
  before: number | bigint | undefined,
  given: number | bigint,
): number | bigint | undefined {
  const {bits} = type
  if (bits <= NUMBER_BITS_MAX && given < GIVEN_MAX && given > -GIVEN_MAX) {
    return fitNumber(type, overflow, Number(before ?? 0) + Number(given), before === undefined)
  }
  const after = fitExact(type, overflow, before, given)
  return after !== undefined && bits <= NUMBER_BITS_MAX ? Number(after) : after
}

function fitExact(
  {bits, isSigned}: FieldType,
  overflow: Overflow,
  before: number | bigint | undefined,
  given: number | bigint,
): bigint | undefined {
  // What a field is set to counts as unsigned 64 bits where the field is unsigned: -1 is too large, not too small.
  const exact = BigInt(given)
  const sum = before === undefined ? (isSigned ? exact : BigInt.asUintN(64, exact)) : BigInt(before) + exact
  const max = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n
  const min = isSigned ? -max - 1n : 0n
  if (sum <= max && sum >= min) return sum
  if (overflow === 'fail') return undefined
  // Set to so little that redis-server's own 64 bits overflow, it takes the value for too large.
  if (overflow === 'sat') return sum > max || (before === undefined && sum < max - INT64_MAX) ? max : min
  return isSigned ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum)
}

function fitNumber({bits, isSigned}: FieldType, overflow: Overflow, sum: number, isSet: boolean): number | undefined {
  const range = 2 ** bits
  const max = isSigned ? range / 2 - 1 : range - 1
  const min = isSigned ? -range / 2 : 0
  if (sum <= max && sum >= min) return sum
  if (overflow === 'fail') return undefined
  if (overflow === 'sat') return sum > max || (isSet && !isSigned) ? max : min
  const wrapped = ((sum % range) + range) % range
  return isSigned && wrapped > max ? wrapped - range : wrapped
}
