/**
 * SHA-256 (FIPS 180-4) of a binary string, as 64 lower-case hex characters: the form in which ACL rules keep passwords.
 * This layer may not import node:crypto.
 *
 *   message | 0x80 | zeros | length in bits (64, big-endian)   in blocks of 64 bytes, 64 rounds each
 */
export function sha256(text: string): string {
  const schedule = new Int32Array(ROUNDS)
  const state = Int32Array.from(START)
  const blocks = padded(text)
  for (let at = 0; at < blocks.length; at += BLOCK_WORDS) compress(state, blocks, at, schedule)
  let hex = ''
  for (const word of state) hex += (word >>> 0).toString(16).padStart(8, '0')
  return hex
}

const BLOCK_WORDS = 16
const ROUNDS = 64

/** The first 32 bits of the fractional parts of the cube (`power` 3) or square roots of the first primes. */
function rootsOfPrimes(count: number, power: 2 | 3): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false
    if (isPrime) found.push(fraction32(candidate, power))
  }
  return found
}

/** floor(root(value) * 2^32) modulo 2^32, exactly: the root of `value * 2^(32 * power)` among the integers. */
function fraction32(value: number, power: 2 | 3): number {
  const target = BigInt(value) << BigInt(32 * power)
  const exponent = BigInt(power)
  let root = 0n
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root | bit) ** exponent <= target) root |= bit
  return Number(BigInt.asIntN(32, root))
}

const START = rootsOfPrimes(8, 2)
const ROUND_CONSTANTS = Int32Array.from(rootsOfPrimes(ROUNDS, 3))

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
  return (value >>> bits) | (value << (32 - bits))
}

function compress(state: Int32Array, blocks: Int32Array, at: number, schedule: Int32Array): void {
  for (let i = 0; i < BLOCK_WORDS; i++) schedule[i] = blocks[at + i]!
  for (let i = BLOCK_WORDS; i < ROUNDS; i++) {
    const [early, late] = [schedule[i - 15]!, schedule[i - 2]!]
    const first = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const second = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    schedule[i] = schedule[i - 16]! + first + schedule[i - 7]! + second
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < ROUNDS; i++) {
    const one = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const mixed = (h + one + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i]! + schedule[i]!) | 0
    const zero = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + mixed) | 0
    d = c
    c = b
    b = a
    a = (mixed + zero + majority) | 0
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
  state[5]! += f
  state[6]! += g
  state[7]! += h
}
