import {messageOf} from '../../kernel/errors.js'
import {Client, SPECIAL_PRIMARY} from '../client.js'
import type {Server} from '../server.js'
import type {Replication} from './replication.js'

/** Requests of a primary may be as large as they come. */
const LIMITS = {bulkBytesMax: Number.MAX_SAFE_INTEGER, requestBytesMax: Number.MAX_SAFE_INTEGER}

const NAME_LENGTH_MAX = 128

/**
 * Carries out the primary's stream. The offset moves with each command that is whole, a transaction counting as one, and
 * just these bytes go on to the replicas of this node.
 */
export class StreamApplier {
  private client: Client
  /** Of what was received, what is not applied yet, in pieces: it may be more than a string holds. */
  private pending: string[] = []
  private pendingBytes = 0

  /**
   * @param onGetAck - the primary wants to know the offset @param onBroken - what comes is no stream of commands: nothing
   * more is applied @param selected - the database that the stream begins in
   */
  constructor(
    private readonly server: Server,
    private readonly replication: Replication,
    private readonly onGetAck: () => void,
    private readonly onBroken: (reason: string) => void,
    selected: number,
  ) {
    this.client = this.makeClient(selected)
  }

  get selected(): number {
    return this.client.db.index
  }

  private makeClient(database: number): Client {
    const {server} = this
    const options = {address: '', localAddress: '', nowMs: server.state.nowMs}
    const client = new Client(server, 0, options, LIMITS)
    client.special = SPECIAL_PRIMARY
    client.parser.trusted = true
    client.db = server.databases[database] ?? server.databases[0]!
    return client
  }

  /** The connection was lost: a command that had come in part comes whole, from the next connection. */
  restart(): void {
    this.client = this.makeClient(this.selected)
    this.pending = []
    this.pendingBytes = 0
  }

  close(): void {
    this.client.discard()
  }

  feed(bytes: Uint8Array): void {
    const {client, server} = this
    const {parser} = client
    const {state} = server
    this.pending.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
    this.pendingBytes += bytes.length
    parser.feed(bytes, bytes.length)
    client.context.nowMs = state.nowMs
    state.isApplying = true
    let broken: string | undefined
    try {
      this.apply()
      broken = parser.error
    } catch (error) {
      broken = messageOf(error)
    } finally {
      state.isApplying = false
    }
    parser.keep()
    if (state.hasReady) server.serveBlocked()
    server.tracking.flushBroadcasts()
    if (broken !== undefined) this.onBroken(broken)
  }

  /** @throws Error if a command holds what no string can */
  private apply(): void {
    const {parser} = this.client
    let applied = 0
    try {
      for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
        if (argv[0]!.toLowerCase() === 'replconf') {
          // The answer tells how far the stream was before the question.
          this.settle(applied)
          applied = 0
          if (argv[1]?.toLowerCase() === 'getack') this.onGetAck()
        } else {
          this.execute(argv)
        }
        if (this.client.queue === undefined) applied = this.pendingBytes - parser.pendingBytes
      }
    } finally {
      this.settle(applied)
    }
  }

  private execute(argv: string[]): void {
    const {client, server} = this
    const {reply} = client
    const {errorCount} = reply
    server.execute(client, argv)
    reply.out = ''
    if (reply.errorCount === errorCount) return
    const what = `'${reply.lastError}' after processing the command '${argv[0]!.slice(0, NAME_LENGTH_MAX)}'`
    server.effects.log('warning', `== CRITICAL == This replica is sending an error to its master: ${what}`)
  }

  private settle(length: number): void {
    const {pending} = this
    let count = 0
    for (let left = length; left > 0; ) {
      const piece = pending[count]!
      if (piece.length > left) {
        this.replication.relay(piece.slice(0, left))
        pending[count] = piece.slice(left)
        break
      }
      this.replication.relay(piece)
      left -= piece.length
      count++
    }
    if (count > 0) pending.splice(0, count)
    this.pendingBytes -= length
  }
}
