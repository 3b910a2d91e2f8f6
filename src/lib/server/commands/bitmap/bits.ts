import {COPIED_BYTES_MAX, type StringBytes, scratchWith} from '../../keyspace/string-bytes.js'

/** Bits of a string as Redis numbers them: bit 0 is the highest of the first byte. */
export type Bytes = string | StringBytes

export function byteAt(held: Bytes, index: number): number {
  return typeof held === 'string' ? held.charCodeAt(index) : held.bytes[index]!
}

const BITS_IN_BYTE = Uint8Array.from({length: 256}, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

const STEPWISE_MAX = 64

/** Number of ones in bytes from..to, both included. */
export function countOnes(held: Bytes, from: number, to: number): number {
  if (typeof held !== 'string') return countInBytes(held.bytes, from, to)
  let count = 0
  if (to - from < STEPWISE_MAX) {
    for (let i = from; i <= to; i++) count += BITS_IN_BYTE[held.charCodeAt(i)]!
    return count
  }
  // Copied as bytes, piece by piece, it can be counted by words: four times as fast.
  for (let i = from; i <= to; i += COPIED_BYTES_MAX) {
    const length = Math.min(COPIED_BYTES_MAX, to + 1 - i)
    count += countInBytes(scratchWith(held.slice(i, i + length), length), 0, length - 1)
  }
  return count
}

function countInBytes(bytes: Uint8Array, from: number, to: number): number {
  let count = 0
  let i = from
  for (; i <= to && ((bytes.byteOffset + i) & 3) !== 0; i++) count += BITS_IN_BYTE[bytes[i]!]!
  const words = (to + 1 - i) >> 2
  if (words > 0) {
    count += countInWords(new Uint32Array(bytes.buffer, bytes.byteOffset + i, words))
    i += words * 4
  }
  for (; i <= to; i++) count += BITS_IN_BYTE[bytes[i]!]!
  return count
}

/** Sums of neighbouring bits, pairs, nibbles, then all bytes by one multiplication. */
function countInWords(words: Uint32Array): number {
  let count = 0
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** The first byte in from..to (both included) that is not `byte`, which is 0 or 0xff; to + 1 if there is none. */
export function skipBytes(held: Bytes, byte: number, from: number, to: number): number {
  if (typeof held !== 'string') return skipInBytes(held.bytes, byte, from, to)
  let i = from
  const stepwiseTo = Math.min(to, from + STEPWISE_MAX)
  while (i <= stepwiseTo && held.charCodeAt(i) === byte) i++
  if (i <= stepwiseTo) return i
  for (; i <= to; i += COPIED_BYTES_MAX) {
    const length = Math.min(COPIED_BYTES_MAX, to + 1 - i)
    const index = skipInBytes(scratchWith(held.slice(i, i + length), length), byte, 0, length - 1)
    if (index < length) return i + index
  }
  return to + 1
}

function skipInBytes(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let i = from
  while (i <= to && ((bytes.byteOffset + i) & 3) !== 0 && bytes[i] === byte) i++
  if (((bytes.byteOffset + i) & 3) === 0 && i + 4 <= to) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + i, (to + 1 - i) >> 2)
    const word = byte === 0 ? 0 : -1
    let skipped = 0
    while (skipped < words.length && words[skipped] === word) skipped++
    i += 4 * skipped
  }
  while (i <= to && bytes[i] === byte) i++
  return i
}

/** The first bit of that value in the byte, from bit `first` to bit `last`; -1 if there is none. */
export function findInByte(byte: number, bit: number, first: number, last: number): number {
  for (let i = first; i <= last; i++) if (((byte >> (7 - i)) & 1) === bit) return i
  return -1
}
