/**
 * SHA-1 (FIPS 180-4) over the bytes of a binary string. Not for secrets: DEBUG DIGEST of redis-server is made of it, and
 * this layer may not import node:crypto.
 *
 *   message | 0x80 | zeros | length in bits (64, big-endian)   in blocks of 64 bytes, 80 rounds each
 */

export const DIGEST_BYTES = 20
const BLOCK_BYTES = 64
/** Of the block's end: the message's length. */
const LENGTH_BYTES = 8

/** The words of a block, then those that the rounds make of them. */
const words = new Int32Array(80)
const state = new Int32Array(5)
const digest = new Uint8Array(DIGEST_BYTES)

/** @returns one array for all calls: good until the next */
export function sha1(text: string): Uint8Array {
  begin()
  const {length} = text
  let at = 0
  for (; at + BLOCK_BYTES <= length; at += BLOCK_BYTES) {
    for (let i = 0; i < 16; i++) {
      const from = at + 4 * i
      words[i] =
        (text.charCodeAt(from) << 24) |
        (text.charCodeAt(from + 1) << 16) |
        (text.charCodeAt(from + 2) << 8) |
        text.charCodeAt(from + 3)
    }
    compress()
  }
  words.fill(0, 0, 16)
  for (let i = at; i < length; i++) words[(i - at) >> 2]! |= text.charCodeAt(i) << (24 - 8 * (i & 3))
  return end(length - at, length)
}

/** Of a digest's bytes. @returns as `sha1` */
export function sha1OfDigest(bytes: Uint8Array): Uint8Array {
  begin()
  words.fill(0, 0, 16)
  for (let i = 0; i < DIGEST_BYTES; i++) words[i >> 2]! |= bytes[i]! << (24 - 8 * (i & 3))
  return end(DIGEST_BYTES, DIGEST_BYTES)
}

function begin(): void {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0
}

/** @param filled - bytes in the last block @param length - of the message */
function end(filled: number, length: number): Uint8Array {
  words[filled >> 2]! |= 0x80 << (24 - 8 * (filled & 3))
  if (filled >= BLOCK_BYTES - LENGTH_BYTES) {
    compress()
    words.fill(0, 0, 16)
  }
  words[14] = Math.floor(length / 0x2000_0000)
  words[15] = length << 3
  compress()
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] = state[i >> 2]! >>> (24 - 8 * (i & 3))
  return digest
}

function compress(): void {
  for (let i = 16; i < 80; i++) {
    const mixed = words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!
    words[i] = (mixed << 1) | (mixed >>> 31)
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  for (let i = 0; i < 80; i++) {
    // The round's function and constant.
    const mixed =
      i < 20
        ? ((b & c) | (~b & d)) + 0x5a827999
        : i < 40
          ? (b ^ c ^ d) + 0x6ed9eba1
          : i < 60
            ? ((b & c) | (b & d) | (c & d)) - 0x70e44324
            : (b ^ c ^ d) - 0x359d3e2a
    const next = (((a << 5) | (a >>> 27)) + mixed + e + words[i]!) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
}
