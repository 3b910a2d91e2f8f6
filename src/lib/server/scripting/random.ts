const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n
const SEED_LOW = 0x330en
/** What the generator gives is below this. */
const RANDOM_MAX = 2147483647

/** lrand48: math.random is to give the same numbers on every node. */
export class ScriptRandom {
  private state = 0x1234abcd330en

  /** @param seed - 32 bits of it count */
  seed(seed: number): void {
    this.state = (BigInt(seed >>> 0) << 16n) | SEED_LOW
  }

  /** 0 <= value < 1 */
  next(): number {
    this.state = (this.state * MULTIPLIER + 0xbn) & MASK
    return (Number(this.state >> 17n) % RANDOM_MAX) / RANDOM_MAX
  }
}
