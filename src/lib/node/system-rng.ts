import {randomFillSync} from 'node:crypto'
import type {Rng} from '../kernel/rng.js'

const HEX_DIGITS = '0123456789abcdef'

/** Chance from the system: node ids must not meet by accident. Drawn in batches, since each call costs microseconds. */
class SystemRng implements Rng {
  private readonly batch = new Uint32Array(256)
  private used = this.batch.length

  uint32(): number {
    if (this.used === this.batch.length) {
      randomFillSync(this.batch)
      this.used = 0
    }
    return this.batch[this.used++]!
  }

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

  fork(): Rng {
    return this
  }
}

export function systemRng(): Rng {
  return new SystemRng()
}
