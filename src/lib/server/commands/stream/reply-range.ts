import {formatId, type StreamId} from '../../../protocol/stream-id.js'
import {addReplyToRun, beginRun, endRun} from '../../bulk-run.js'
import type {ReplyWriter} from '../../reply.js'
import type {RangeCursor} from '../../values/stream/range-cursor.js'
import {addEntryToRun} from '../../values/stream/range-cursor.js'

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

/** @param limit - at most so many entries; 0 = all @param onEntry - is told the id of each; writes nothing */
export function writeRange(
  reply: ReplyWriter,
  cursor: Pick<RangeCursor, 'next'>,
  limit: number,
  onEntry?: (id: StreamId) => void,
): number {
  return writeCounted(reply, () => {
    let count = 0
    beginRun()
    for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
      onEntry?.(entry)
      addEntryToRun(reply, entry)
      if (++count === limit) break
    }
    endRun(reply)
    return count
  })
}

export function writeId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(formatId(id))
}

/** `writeId` as part of a run. */
export function addIdToRun(reply: ReplyWriter, id: StreamId): void {
  const text = formatId(id)
  addReplyToRun(reply, `$${text.length}\r\n${text}\r\n`)
}
