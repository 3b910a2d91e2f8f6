import {compareIds, idAfter, type StreamId} from '../../../protocol/stream-id.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_STREAM} from '../../keyspace/notifications.js'
import type {ReplyWriter} from '../../reply.js'
import {Consumer, countDelivery, type Group} from '../../values/stream/group.js'
import {advance} from '../../values/stream/lag.js'
import {type RangeCursor, writeEntry} from '../../values/stream/range-cursor.js'
import type {Stream} from '../../values/stream/stream.js'
import {propagateClaim, propagateConsumer, propagateLastId} from './propagate.js'
import {writeCounted, writeId, writeRange} from './reply-range.js'

/** Who reads for a group. */
export interface Reader {
  readonly db: Database
  readonly key: string
  /** The consumer was made for this very call. */
  readonly isNew: boolean
  readonly group: Group
  readonly consumer: Consumer
  readonly noAck: boolean
}

/** The consumer of this name, who is seen now; made if there is none. */
export function consumerFor(db: Database, key: string, group: Group, name: string): Consumer {
  const {nowMs} = db.state
  const known = group.consumers.get(name)
  if (known !== undefined) {
    known.seenMs = nowMs
    return known
  }
  return createConsumer(db, key, group, name)
}

export function createConsumer(db: Database, key: string, group: Group, name: string): Consumer {
  const consumer = new Consumer(name, db.state.nowMs)
  group.consumers.set(name, consumer)
  db.touchedUnwatched(key)
  db.notify(NOTIFY_STREAM, 'xgroup-createconsumer', key)
  return consumer
}

/** Writes the entries after `after`; those a reader gets become its own. */
export function writeAfter(
  reply: ReplyWriter,
  stream: Stream,
  after: StreamId,
  count: number,
  reader: Reader | undefined,
  nowMs: number,
): void {
  const start = idAfter(after)
  if (start === undefined) {
    reply.array(0)
    return
  }
  const cursor = stream.range(start)
  if (reader === undefined) {
    writeRange(reply, cursor, count)
    return
  }
  const {consumer, db, group, isNew, key, noAck} = reader
  if (noAck && isNew) propagateConsumer(db, key, group, consumer)
  writeRange(reply, group.hasLate ? lateFirst(stream, group, cursor) : cursor, count, (id) => {
    if (compareIds(id, group.lastId) > 0) advance(stream, group, id)
    if (noAck) return
    const pending = group.deliver(id, consumer, nowMs)
    propagateClaim(db, key, group, pending)
  })
  if (noAck) propagateLastId(db, key, group)
}

/** Entries that came late, then those of `cursor`. */
function lateFirst(stream: Stream, group: Group, cursor: RangeCursor): Pick<RangeCursor, 'next'> {
  return {
    next() {
      for (let id = group.late?.first(); id !== undefined; id = group.late?.first()) {
        group.late!.delete(id)
        const entry = stream.find(id)
        if (entry !== undefined) return entry
      }
      return cursor.next()
    },
  }
}

/** Writes what the consumer has got after `after` and not acknowledged; entries that are gone have nil for fields. */
export function writeHistory(
  reply: ReplyWriter,
  stream: Stream,
  after: StreamId,
  count: number,
  consumer: Consumer,
  nowMs: number,
): void {
  writeCounted(reply, () => {
    let written = 0
    let pending = consumer.pending.after(after)
    while (pending !== undefined && (count === 0 || written < count)) {
      const entry = stream.find(pending)
      if (entry === undefined) {
        reply.array(2)
        writeId(reply, pending)
        reply.nilArray()
      } else {
        writeEntry(reply, entry)
        countDelivery(pending, nowMs)
      }
      written++
      pending = consumer.pending.after(pending)
    }
    return written
  })
}
