import type {ReplicaWait} from '../durability/replica-wait.js'
import type {FeedOutput} from './feed.js'

interface Held {
  readonly offset: number
  readonly text: string
}

/** What a feed sends, in order: it stays here while what this node wrote last waits for replicas. */
export class HeldOutput {
  private held: Held[] = []
  private heldBytes = 0
  private onTaken: (() => void) | undefined = undefined

  constructor(
    private readonly output: FeedOutput,
    private readonly wait: Pick<ReplicaWait, 'begin' | 'isOver'>,
  ) {}

  /** @param isOwn - there may be writes of this node in it */
  send(text: string, isOwn: boolean): void {
    const last = this.held.at(-1)
    const offset = isOwn ? (this.wait.begin() ?? last?.offset) : last?.offset
    if (offset === undefined) {
      this.output.send(text)
      return
    }
    this.held.push({offset, text})
    this.heldBytes += text.length
  }

  get unsentBytes(): number {
    return this.heldBytes + this.output.unsentBytes
  }

  whenTaken(run: () => void): void {
    if (this.held.length === 0) this.output.whenTaken(run)
    else this.onTaken = run
  }

  /** About every 50 ms: what has waited long enough leaves. */
  letOut(): void {
    let count = 0
    for (const {offset, text} of this.held) {
      if (!this.wait.isOver(offset)) break
      count++
      this.heldBytes -= text.length
      this.output.send(text)
    }
    if (count === 0) return
    this.held = this.held.slice(count)
    this.tellTaken()
  }

  /** What waits is not sent: the receiver asks anew, by what it has. */
  drop(): void {
    this.held = []
    this.heldBytes = 0
    this.tellTaken()
  }

  private tellTaken(): void {
    const {onTaken} = this
    if (this.held.length > 0 || onTaken === undefined) return
    this.onTaken = undefined
    this.output.whenTaken(onTaken)
  }

  close(): void {
    this.output.close()
  }
}
