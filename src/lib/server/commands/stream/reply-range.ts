import {formatId, type StreamId} from '../../../protocol/stream-id.js'
import type {ReplyWriter} from '../../reply.js'
import type {RangeCursor} from '../../values/stream/range-cursor.js'
import {writeEntry} from '../../values/stream/range-cursor.js'

/** Runs `write`, which tells how many elements it wrote, and puts the head of their array before them. */
export function writeCounted(reply: ReplyWriter, write: () => number): number {
  const before = reply.out
  reply.out = ''
  const count = write()
  const body = reply.out
  reply.out = before
  reply.array(count)
  reply.raw(body)
  return count
}

/** @param limit - at most so many entries; 0 = all @param onEntry - is told the id of each */
export function writeRange(
  reply: ReplyWriter,
  cursor: RangeCursor,
  limit: number,
  onEntry?: (id: StreamId) => void,
): number {
  return writeCounted(reply, () => {
    let count = 0
    for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
      onEntry?.(entry)
      writeEntry(reply, entry)
      if (++count === limit) break
    }
    return count
  })
}

export function writeId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(formatId(id))
}
