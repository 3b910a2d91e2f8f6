/**
 * One direction of a connection, made worse: what is pushed comes out in the same order, but later, or only once the silence
 * is over. Nothing is ever lost from it: TCP shows a lost packet as a pause.
 */
export interface Shape {
  /** Silence: all is kept. */
  readonly dropped: boolean
  readonly delayMs: number
  /** Each piece takes up to that much more or less, as far as their order allows. */
  readonly jitterMs: number
  /** 0..1; 1 is silence. */
  readonly lossProbability: number
}

export const UNSHAPED: Shape = {delayMs: 0, dropped: false, jitterMs: 0, lossProbability: 0}

/** @returns false if it takes no more before `ShapedFlow.goOn` */
export type Deliver<T> = (item: T) => boolean

/** As much as a connection has under way; whoever reads the source stops there. */
const QUEUED_BYTES_MAX = 1 << 20
/** Linux sends a lost packet again after that at the soonest, and waits twice as long each time. */
const RESEND_MS = 200
const RESEND_MS_MAX = 5000
const TIMER_MS_MAX = 2 ** 31 - 1

interface Queued<T> {
  readonly item: T
  readonly bytes: number
  /** Not before, nor before the one ahead. */
  dueMs: number
}

export class ShapedFlow<T> {
  private current: Shape = UNSHAPED
  private queue: Queued<T>[] = []
  private queuedBytes = 0
  private blocked = false
  private delivering = false
  private timer: NodeJS.Timeout | undefined

  /** @param chance - 0 <= result < 1 */
  constructor(
    private readonly deliver: Deliver<T>,
    private readonly chance: () => number = Math.random,
  ) {}

  /** Whether the source should be left unread for now. */
  get isFull(): boolean {
    return this.queuedBytes >= QUEUED_BYTES_MAX
  }

  get isSilent(): boolean {
    return this.current.dropped || this.current.lossProbability >= 1
  }

  push(item: T, bytes = 0): void {
    const {delayMs, jitterMs} = this.current
    const dueMs = performance.now() + Math.max(0, delayMs + jitterMs * (2 * this.chance() - 1)) + this.resendingMs()
    this.queue.push({bytes, dueMs, item})
    this.queuedBytes += bytes
    this.pump()
  }

  /** From now on; what is under way comes no later than what is pushed now. */
  shape(next: Shape): void {
    const {delayMs, jitterMs, lossProbability} = next
    this.current = next
    const latestMs = lossProbability > 0 ? Number.POSITIVE_INFINITY : performance.now() + delayMs + jitterMs
    for (const queued of this.queue) queued.dueMs = Math.min(queued.dueMs, latestMs)
    this.pump()
  }

  /** The sink takes again. */
  goOn(): void {
    this.blocked = false
    this.pump()
  }

  /** Forgets what is under way. */
  close(): void {
    clearTimeout(this.timer)
    this.queue = []
    this.queuedBytes = 0
    this.blocked = true
  }

  private resendingMs(): number {
    const {lossProbability} = this.current
    let totalMs = 0
    if (lossProbability >= 1) return totalMs
    for (let waitMs = RESEND_MS; this.chance() < lossProbability; waitMs = Math.min(2 * waitMs, RESEND_MS_MAX)) {
      totalMs += waitMs
    }
    return totalMs
  }

  private pump(): void {
    // A sink may push, close or go on while it takes something.
    if (this.delivering) return
    this.delivering = true
    clearTimeout(this.timer)
    const nowMs = performance.now()
    for (
      let [first] = this.queue;
      first && first.dueMs <= nowMs && !this.blocked && !this.isSilent;
      [first] = this.queue
    ) {
      this.queue.shift()
      this.queuedBytes -= first.bytes
      if (!this.deliver(first.item)) this.blocked = true
    }
    this.delivering = false
    const [next] = this.queue
    if (!next || this.blocked || this.isSilent) return
    this.timer = setTimeout(() => this.pump(), Math.min(Math.ceil(next.dueMs - nowMs), TIMER_MS_MAX))
  }
}
