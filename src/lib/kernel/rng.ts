/** Chance as an argument. Pure code never calls Math.random: same seed, same run. */
export interface Rng {
  /** A uniform 32-bit unsigned integer. */
  uint32(): number
  /** A uniform integer in 0..limit-1. @param limit - 1..2^32 */
  below(limit: number): number
  /** True with the given probability, 0..1. */
  chance(probability: number): boolean
  /** A uniform element. @param items - not empty */
  pick<T>(items: readonly T[]): T
  /** `count` lower-case hex characters. */
  hex(count: number): string
  /** An independent stream, so that one more draw here does not reshuffle what others see. */
  fork(): Rng
}

const HEX_DIGITS = '0123456789abcdef'

/** All that can be drawn, from 32 random bits at a time. */
export abstract class BitRng implements Rng {
  abstract uint32(): number
  abstract fork(): Rng

  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit)
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  hex(count: number): string {
    let text = ''
    for (let i = 0; i < count; i++) text += HEX_DIGITS[this.below(16)]
    return text
  }
}

class SeededRng extends BitRng {
  private state: number

  constructor(seed: number) {
    super()
    this.state = seed >>> 0
  }

  /** mulberry32: full period 2^32, passes gjrand; see Tommy Ettinger's public-domain note. */
  uint32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  fork(): Rng {
    return new SeededRng(this.uint32())
  }
}

/** @param seed - any 32-bit integer */
export function seededRng(seed: number): Rng {
  return new SeededRng(seed)
}
