import type {CrdtCore} from '../core/api.js'
import type {Moment} from '../durability/moments.js'
import type {ChangedSlots, Sweep} from './changed-slots.js'
import type {Pull} from './pull.js'

/** In one acknowledgement; more take their turn in the next ones. */
const VECTORS_MAX = 256
/** Acknowledgements that wait for the shard's replicas and disk; what changes beyond takes its turn later. */
const WAITING_MAX = 100

/** Whether the shard keeps what this node has applied (durability/moments.ts). */
export interface Keeping {
  moment(): Moment
  isKept(moment: Moment): boolean
}

/** What a node of another region has yet to be told. */
export interface Telling {
  readonly sweep: Sweep
  /** Vectors, packed, as they were at a moment; oldest first. */
  readonly waiting: {readonly moment: Moment; readonly vectors: string}[]
}

/**
 * Tells nodes of other regions how far this one is, and those that have use for them the vectors that have changed.
 *
 * What regions acknowledge by vectors is dropped as garbage everywhere, so this must not be taken back by a failover or a
 * restart: vectors leave once the shard keeps what they name. How far the ring was read is told at once.
 */
export class Acknowledgements {
  constructor(
    private readonly core: Pick<CrdtCore, 'packVectors'>,
    private readonly slots: ChangedSlots,
    private readonly keeping: Keeping,
  ) {}

  /** The node is asked for effects now. What it is told of vectors with that does not count as acknowledged: all comes again. */
  beginWith(pull: Pull): void {
    pull.telling = {sweep: this.slots.newSweep(pull.slots), waiting: []}
  }

  /** What there is to tell, some of it. */
  due(pulls: readonly Pull[]): void {
    for (const pull of pulls) this.tell(pull, VECTORS_MAX)
  }

  /** To everybody, all that may be told. */
  all(pulls: readonly Pull[]): void {
    for (const pull of pulls) {
      if (pull.telling !== undefined) pull.telling.sweep.nextSlot = 0
      if (!this.tell(pull, Number.POSITIVE_INFINITY)) pull.acknowledge()
    }
  }

  /** @returns whether anything was sent */
  private tell(pull: Pull, countMax: number): boolean {
    const {telling} = pull
    let isSent = false
    if (pull.wantsVectors && telling !== undefined) {
      this.gather(telling, countMax)
      for (let first = telling.waiting[0]; first !== undefined; first = telling.waiting[0]) {
        if (!this.isKept(first.moment)) break
        telling.waiting.shift()
        pull.acknowledge(first.vectors)
        isSent = true
      }
    }
    if (isSent || !pull.owesAck) return isSent
    pull.acknowledge()
    return true
  }

  private isKept(moment: Moment): boolean {
    return this.keeping.isKept(moment)
  }

  private gather({sweep, waiting}: Telling, countMax: number): void {
    if (waiting.length >= WAITING_MAX) return
    const changed = this.slots.take(sweep, countMax)
    if (changed.length === 0) return
    waiting.push({moment: this.keeping.moment(), vectors: this.core.packVectors(changed)})
  }
}
