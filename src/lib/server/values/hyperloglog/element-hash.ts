/**
 * Which register an element belongs to and what it says there: MurmurHash64A (Austin Appleby, public domain) with Redis's
 * seed. 64 bits are two halves of 32: the multiplication of such is four small ones, and a bigint would be far slower.
 */
const SEED = 0xadc83b19
const M_HIGH = 0xc6a4a793
const M_LOW = 0x5bd1e995
const M_LOW_0 = M_LOW & 0xffff
const M_LOW_1 = M_LOW >>> 16

/** The lowest bits of the hash name one of 2^14 registers. */
export const REGISTER_BITS = 14
export const REGISTER_COUNT = 1 << REGISTER_BITS
/** Of the other bits the run of zeros is counted. */
export const RUN_BITS = 64 - REGISTER_BITS

/** A pattern is `register * COUNT_LIMIT + count`, so that it is one number. */
export const COUNT_LIMIT = 64

/** The high half of the product with M. */
function timesMHigh(high: number, low: number): number {
  const low0 = low & 0xffff
  const low1 = low >>> 16
  const p01 = low0 * M_LOW_1
  const p10 = low1 * M_LOW_0
  const middle = ((low0 * M_LOW_0) >>> 16) + (p01 & 0xffff) + (p10 & 0xffff)
  const carried = low1 * M_LOW_1 + (p01 >>> 16) + (p10 >>> 16) + (middle >>> 16)
  return (carried + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}

export function patternOf(element: string): number {
  const {length} = element
  let high = timesMHigh(0, length)
  let low = Math.imul(length, M_LOW) ^ SEED
  const blocksEnd = length & ~7
  for (let i = 0; i < blocksEnd; i += 8) {
    let kLow = fourBytes(element, i)
    let kHigh = timesMHigh(fourBytes(element, i + 4), kLow)
    kLow = Math.imul(kLow, M_LOW)
    kLow ^= kHigh >>> 15
    high ^= timesMHigh(kHigh, kLow)
    low ^= Math.imul(kLow, M_LOW)
    kHigh = timesMHigh(high, low)
    low = Math.imul(low, M_LOW)
    high = kHigh
  }
  if (blocksEnd < length) {
    for (let i = blocksEnd; i < length; i++) {
      const byte = element.charCodeAt(i)
      const at = i - blocksEnd
      if (at < 4) low ^= byte << (at * 8)
      else high ^= byte << ((at - 4) * 8)
    }
    high = timesMHigh(high, low)
    low = Math.imul(low, M_LOW)
  }
  low ^= high >>> 15
  high = timesMHigh(high, low)
  low = Math.imul(low, M_LOW)
  low ^= high >>> 15

  const runLow = (low >>> REGISTER_BITS) | (high << (32 - REGISTER_BITS))
  // A bit beyond the last ends the run in any case.
  const runHigh = (high >>> REGISTER_BITS) | (1 << (RUN_BITS - 32))
  const zeros = runLow !== 0 ? trailingZeros(runLow) : 32 + trailingZeros(runHigh)
  return (low & (REGISTER_COUNT - 1)) * COUNT_LIMIT + zeros + 1
}

function fourBytes(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  )
}
