import type {Rng} from '../../kernel/rng.js'
import type {Condition} from './rules.js'

/** TCP sends a lost packet again after this, then after twice that ... (RFC 6298; Linux's least). */
const RETRANSMIT_MS = 200
/** Sending it again this often takes longer than any node waits. */
const RETRANSMITS_MAX = 8

interface Item<T> {
  readonly value: T
  readonly byteCount: number
  /** Not before this, nor before the item ahead. */
  readonly dueMs: number
}

/**
 * One direction of a connection, with what is under way in it. Nothing is lost and nothing overtakes: a connection shows
 * faults of the network as time.
 *
 *   push -> [item due at 5] [item due at 9] -> take(nowMs), unless the lane is dropped
 *
 * Once the fault is over, whatever is under way is due.
 */
export class Lane<T> {
  /** Bytes under way. */
  byteCount = 0
  private readonly items: Item<T>[] = []
  condition: Condition | undefined

  constructor(private readonly rng: Rng) {}

  get isDropped(): boolean {
    return this.condition?.dropped === true
  }

  /** Nothing is in the way of what comes now. */
  get isClear(): boolean {
    return this.condition === undefined && this.items.length === 0
  }

  get isEmpty(): boolean {
    return this.items.length === 0
  }

  push(value: T, byteCount: number, nowMs: number): void {
    this.byteCount += byteCount
    this.items.push({byteCount, dueMs: nowMs + this.transitMs(), value})
  }

  /** Milliseconds a packet that leaves now is under way. */
  transitMs(): number {
    if (this.condition === undefined) return 0
    const {delayMs, jitterMs, loss} = this.condition
    const spread = jitterMs === 0 ? 0 : (this.rng.uint32() / 0x1_0000_0000) * 2 * jitterMs - jitterMs
    return Math.max(0, delayMs + spread) + (loss === 0 ? 0 : this.retransmitMs(loss))
  }

  private retransmitMs(loss: number): number {
    let total = 0
    for (let count = 0; count < RETRANSMITS_MAX && this.rng.chance(loss); count++) total += RETRANSMIT_MS << count
    return total
  }

  /** The next item that has arrived; undefined if none has. */
  take(nowMs: number): T | undefined {
    const [first] = this.items
    if (first === undefined || this.isDropped) return undefined
    if (this.condition !== undefined && first.dueMs > nowMs) return undefined
    this.items.shift()
    this.byteCount -= first.byteCount
    return first.value
  }

  /** When `take` gives something again, if nothing is changed before; undefined: never. */
  get nextDueMs(): number | undefined {
    const [first] = this.items
    if (first === undefined || this.isDropped) return undefined
    return this.condition === undefined ? 0 : first.dueMs
  }

  clear(): void {
    this.items.length = 0
    this.byteCount = 0
  }
}
