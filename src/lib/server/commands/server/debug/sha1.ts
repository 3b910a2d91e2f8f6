/**
 * SHA-1 (FIPS 180-4) over the bytes of a binary string. Not for secrets: DEBUG DIGEST of redis-server is made of it, and
 * this layer may not import node:crypto.
 *
 *   message | 0x80 | zeros | length in bits (64, big-endian)   in blocks of 64 bytes, 80 rounds each
 */
export function sha1(text: string): Uint8Array {
  const schedule = new Int32Array(80)
  const state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0])
  const blocks = padded(text)
  for (let at = 0; at < blocks.length; at += BLOCK_WORDS) compress(state, blocks, at, schedule)
  const out = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i++) out[i] = state[i >> 2]! >>> (24 - 8 * (i & 3))
  return out
}

export const DIGEST_BYTES = 20
const BLOCK_WORDS = 16

function padded(text: string): Int32Array {
  const {length} = text
  const words = new Int32Array((((length + 8) >>> 6) + 1) * BLOCK_WORDS)
  for (let i = 0; i < length; i++) words[i >> 2]! |= text.charCodeAt(i) << (24 - 8 * (i & 3))
  words[length >> 2]! |= 0x80 << (24 - 8 * (length & 3))
  words[words.length - 2] = Math.floor(length / 0x2000_0000)
  words[words.length - 1] = length << 3
  return words
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function compress(state: Int32Array, blocks: Int32Array, at: number, schedule: Int32Array): void {
  for (let i = 0; i < BLOCK_WORDS; i++) schedule[i] = blocks[at + i]!
  for (let i = BLOCK_WORDS; i < 80; i++) {
    schedule[i] = rotate(schedule[i - 3]! ^ schedule[i - 8]! ^ schedule[i - 14]! ^ schedule[i - 16]!, 1)
  }
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
  for (let i = 0; i < 80; i++) {
    const next = (rotate(a, 5) + mix(i, b, c, d) + e + schedule[i]!) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = next
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
}

/** The round's function and constant. */
function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + (0x8f1bbcdc | 0)
  return (b ^ c ^ d) + (0xca62c1d6 | 0)
}
