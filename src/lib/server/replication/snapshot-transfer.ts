import type {Snapshot} from '../persistence/snapshot.js'
import type {Server} from '../server.js'
import type {AttachedReplica} from './attached-replica.js'
import {replicationEffects} from './link-effects.js'

export interface Receiver {
  readonly replica: AttachedReplica
  /** It knows the end by a mark; others have to be told the length first. */
  readonly hasMark: boolean
}

/** For how long pieces are made in one turn of the loop, in microseconds. */
const TURN_US = 2000
/** No more is made while a replica has not taken this much. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024

/** One snapshot on its way to all replicas that asked for it, at the pace of the slowest. */
export class SnapshotTransfer {
  private readonly receivers: Set<Receiver>
  /** For those who must be told the length. */
  private readonly pieces: string[] = []
  private isOver = false
  private isWaiting = false

  constructor(
    private readonly server: Server,
    private readonly source: Snapshot,
    private readonly mark: string,
    receivers: readonly Receiver[],
    private readonly onEnd: () => void,
  ) {
    this.receivers = new Set(receivers)
    for (const {hasMark, replica} of receivers) {
      if (hasMark) replica.client.pushInline(`$EOF:${mark}\r\n`)
      replica.client.onDrain = () => {
        replica.ackMs = this.server.state.nowMs
        this.goOn()
      }
    }
  }

  /** The replica is gone. */
  drop(replica: AttachedReplica): void {
    for (const receiver of this.receivers) if (receiver.replica === replica) this.receivers.delete(receiver)
    if (this.receivers.size === 0) this.end()
    else this.goOn()
  }

  /** Waits no longer for somebody to take what was sent. */
  private goOn(): void {
    if (this.isWaiting && !this.mustWait()) this.run()
  }

  run(): void {
    this.isWaiting = false
    const {effects} = this.server
    const startedUs = effects.monotonicUs()
    while (!this.isOver && !this.mustWait()) {
      const piece = this.source.next()
      if (piece === undefined) {
        this.finish()
        return
      }
      if (piece.length > 0) this.give(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1'))
      if (effects.monotonicUs() - startedUs > TURN_US) break
    }
    if (this.isOver) return
    this.isWaiting = this.mustWait()
    if (!this.isWaiting) replicationEffects(this.server).soon(() => this.run())
  }

  private mustWait(): boolean {
    for (const {replica} of this.receivers) if (replica.client.unsentBytes > UNSENT_BYTES_MAX) return true
    return false
  }

  private give(piece: string): void {
    let isKept = false
    for (const {hasMark, replica} of this.receivers) {
      if (hasMark) replica.client.pushInline(piece)
      else isKept = true
    }
    if (isKept) this.pieces.push(piece)
  }

  private finish(): void {
    const length = this.pieces.reduce((sum, piece) => sum + piece.length, 0)
    for (const {hasMark, replica} of this.receivers) {
      if (hasMark) {
        replica.client.pushInline(this.mark)
        // A replica looks for the mark at the end of what it has read: nothing may follow before its answer.
        replica.waitsForAck = !replica.isLast
      } else {
        replica.client.pushInline(`$${length}\r\n`)
        for (const piece of this.pieces) replica.client.pushInline(piece)
        if (!replica.isLast) replica.goOnline()
      }
      replica.ackMs = this.server.state.nowMs
    }
    this.end()
  }

  private end(): void {
    if (this.isOver) return
    this.isOver = true
    for (const {replica} of this.receivers) replica.client.onDrain = undefined
    this.source.close()
    this.onEnd()
  }
}
