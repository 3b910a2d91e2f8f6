import {randomFillSync} from 'node:crypto'
import {BitRng, type Rng} from '../kernel/rng.js'

/** Chance from the system: node ids must not meet by accident. Drawn in batches, since each call costs microseconds. */
class SystemRng extends BitRng {
  private readonly batch = new Uint32Array(256)
  private used = this.batch.length

  uint32(): number {
    if (this.used === this.batch.length) {
      randomFillSync(this.batch)
      this.used = 0
    }
    return this.batch[this.used++]!
  }

  fork(): Rng {
    return this
  }
}

export function systemRng(): Rng {
  return new SystemRng()
}
