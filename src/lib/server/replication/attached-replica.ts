import type {Client} from '../client.js'
import type {SnapshotParts} from '../persistence/snapshot.js'

export type ReplicaState = 'wait_bgsave' | 'send_bulk' | 'online'

/** A replica of this node: what its connection's REPLCONFs told, and how far it is. */
export class AttachedReplica {
  state: ReplicaState = 'wait_bgsave'
  /** What it acknowledged last, and when (unix milliseconds). */
  ackOffset = 0
  ackMs: number
  /** Stream that it is to get behind its snapshot, and how many bytes that is. */
  private held: string[] = []
  private heldBytes = 0
  /** Its snapshot ended with a mark: nothing may follow before its first ACK. */
  waitsForAck = false
  /** It wants the snapshot and nothing after it. */
  isLast = false

  constructor(
    readonly client: Client,
    nowMs: number,
  ) {
    this.ackMs = nowMs
  }

  /** What came since its snapshot began, then all that comes. */
  goOnline(): void {
    this.state = 'online'
    const {held} = this
    this.held = []
    this.heldBytes = 0
    for (const text of held) this.client.pushInline(text)
  }

  /** Some of the stream, which comes after what it has or is being sent. @param bytesMax - of what waits here @returns whether there was room */
  take(text: string, bytesMax: number): boolean {
    if (this.state === 'online') {
      if (this.client.reply.out.length + text.length > bytesMax) return false
      this.client.pushInline(text)
    } else if (this.state === 'send_bulk' && !this.isLast) {
      this.heldBytes += text.length
      if (this.heldBytes > bytesMax) return false
      this.held.push(text)
    }
    return true
  }

  /** Seconds since it was last heard of. */
  lagSeconds(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.ackMs) / 1000))
  }
}

/** Of a replica that can follow an active-active database (wire.md 7.10). */
export const CRDT_CAPABILITY = 'crdt1'

/** What a connection tells of itself before it asks for the stream. */
export interface ReplicaFacts {
  port: number
  ip: string
  /** Understands a snapshot whose length nobody knows. */
  eof: boolean
  /** Understands +CONTINUE with another id. */
  psync2: boolean
  /** Understands the state of active-active databases, in snapshots and in the stream. */
  crdt: boolean
  /** It wants a snapshot and nothing after it. */
  rdbOnly: boolean
  /** What it wants of the snapshot. */
  filter: SnapshotParts
}
