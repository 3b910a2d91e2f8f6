import {Client, SPECIAL_PRIMARY} from '../client.js'
import type {Server} from '../server.js'
import type {Replication} from './replication.js'

/** Requests of a primary may be as large as they come. */
const LIMITS = {bulkBytesMax: Number.MAX_SAFE_INTEGER, requestBytesMax: Number.MAX_SAFE_INTEGER}

/**
 * Carries out the primary's stream. The offset moves with each command that is whole, a transaction counting as one, and
 * just these bytes go on to the replicas of this node.
 */
export class StreamApplier {
  private client: Client
  /** Of what was received, what is not applied yet. */
  private pending = ''

  /** @param onGetAck - the primary wants to know the offset @param selected - the database that the stream begins in */
  constructor(
    private readonly server: Server,
    private readonly replication: Replication,
    private readonly onGetAck: () => void,
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
    this.pending = ''
  }

  close(): void {
    this.client.discard()
  }

  feed(bytes: Uint8Array): void {
    const {client, server} = this
    const {parser, reply} = client
    const {state} = server
    this.pending += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    parser.feed(bytes, bytes.length)
    client.context.nowMs = state.nowMs
    let applied = 0
    state.isApplying = true
    for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
      if (argv[0]!.toLowerCase() === 'replconf') {
        // The answer tells how far the stream was before the question.
        this.settle(applied)
        applied = 0
        if (argv[1]?.toLowerCase() === 'getack') this.onGetAck()
      } else {
        server.execute(client, argv)
        reply.out = ''
      }
      if (client.queue === undefined) applied = this.pending.length - parser.pendingBytes
    }
    state.isApplying = false
    parser.keep()
    this.settle(applied)
    if (state.hasReady) server.serveBlocked()
    server.tracking.flushBroadcasts()
  }

  private settle(length: number): void {
    if (length === 0) return
    const applied = this.pending.slice(0, length)
    this.pending = this.pending.slice(length)
    this.replication.relay(applied)
  }
}
