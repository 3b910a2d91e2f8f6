import type {Int64} from '../../../kernel/uint64.js'
import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import type {Wait} from '../../blocked-clients.js'
import type {Client} from '../../client.js'
import type {Database} from '../../keyspace/database.js'
import type {Value} from '../../keyspace/value.js'
import type {Group} from '../../values/stream/group.js'
import type {Stream} from '../../values/stream/stream.js'
import {consumerFor, writeAfter} from './deliver.js'

/** A key that XREAD waits for, and how it was when last looked at. */
export interface Awaited {
  readonly after: StreamId
  stream: Stream | undefined
  added: Int64 | undefined
  group: Group | undefined
}

interface BlockedReadOptions {
  /** Undefined for XREAD. */
  readonly group: string | undefined
  readonly consumer: string
  readonly noAck: boolean
  readonly count: number
}

/** A client that XREAD or XREADGROUP keeps until one of its streams gets an entry, or is none any more. */
export class StreamWait implements Wait {
  readonly keys: readonly string[]
  readonly type = 'stream'
  /** That a group has gone ends a wait; XREAD waits for the stream to come again. */
  readonly needsKey: boolean

  constructor(
    private readonly client: Client,
    readonly db: Database,
    private readonly awaited: ReadonlyMap<string, Awaited>,
    readonly deadlineMs: number,
    private readonly options: BlockedReadOptions,
  ) {
    this.keys = [...awaited.keys()]
    this.needsKey = options.group === undefined
  }

  serve(key: string): boolean {
    const value = this.db.peek(key)
    const stream = streamOf(value)
    return this.options.group === undefined ? this.serveAlone(key, stream) : this.serveInGroup(key, stream)
  }

  private serveAlone(key: string, stream: Stream | undefined): boolean {
    const known = this.awaited.get(key)!
    if (stream === undefined || !isAddedTo(known, stream)) return false
    if (compareIds(stream.lastId, known.after) <= 0) return false
    this.writeHead(key)
    writeAfter(this.client.reply, stream, known.after, this.options.count, undefined, 0)
    return true
  }

  private serveInGroup(key: string, stream: Stream | undefined): boolean {
    const {client, db, options} = this
    const {reply} = client
    const known = this.awaited.get(key)!
    if (stream === undefined) {
      reply.error('UNBLOCKED the stream key no longer exists')
      return true
    }
    const group = stream.groups.get(options.group!)
    if (group === undefined) {
      reply.error('NOGROUP the consumer group this client was blocked on no longer exists')
      return true
    }
    const isOther = group !== known.group
    known.group = group
    if (!isAddedTo(known, stream) && !isOther) return false
    if (compareIds(stream.lastId, group.lastId) <= 0 && !group.hasLate) return false
    const isNew = !group.consumers.has(options.consumer)
    const consumer = consumerFor(db, key, group, options.consumer)
    this.writeHead(key)
    writeAfter(
      reply,
      stream,
      group.lastId,
      options.count,
      {consumer, db, group, isNew, key, noAck: options.noAck},
      db.state.nowMs,
    )
    db.touchedUnwatched(key)
    return true
  }

  private writeHead(key: string): void {
    const {reply} = this.client
    if (reply.resp === 3) {
      reply.map(1)
    } else {
      reply.array(1)
      reply.array(2)
    }
    reply.bulk(key)
  }

  timeOut(): void {
    this.client.reply.nilArray()
  }
}

function streamOf(value: Value | undefined): Stream | undefined {
  return typeof value === 'object' && value.type === 'stream' ? (value as Stream) : undefined
}

/** Other changes of a stream, such as of its groups, wake nobody. */
function isAddedTo(known: Awaited, stream: Stream): boolean {
  if (known.stream === stream && known.added === stream.entriesAdded) return false
  known.stream = stream
  known.added = stream.entriesAdded
  return true
}
