import {compareIds, isZeroId} from '../../../protocol/stream-id.js'
import {requireInt64, requireInteger} from '../../arguments.js'
import {NOTIFY_STREAM} from '../../keyspace/notifications.js'
import {NO_SUCH_KEY, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Stream} from '../../values/stream/stream.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {STREAM} from './facts.js'
import {requireEnd, requireId, requireStart} from './ids.js'
import {writeRange} from './reply-range.js'

/** The last COUNT counts. @returns undefined without one */
function countOption(argv: readonly string[]): number | undefined {
  let count: number | undefined
  for (let at = 4; at < argv.length; at += 2) {
    if (argv[at]!.toLowerCase() !== 'count' || at + 1 >= argv.length) throw new ReplyError(SYNTAX_ERROR)
    count = Math.max(0, requireInteger(argv[at + 1]!))
  }
  return count
}

function ranging(isReverse: boolean): CommandHandler {
  return ({db, reply}, argv) => {
    const start = requireStart(argv[isReverse ? 3 : 2]!)
    const end = requireEnd(argv[isReverse ? 2 : 3]!)
    const count = countOption(argv)
    const stream = db.getObject<Stream>(argv[1]!, 'stream')
    if (stream === undefined) reply.array(0)
    else if (count === 0) reply.nilArray()
    else writeRange(reply, stream.range(start, end, isReverse), count ?? 0)
  }
}

function xlen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<Stream>(argv[1]!, 'stream')?.length ?? 0)
}

function xdel({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const stream = db.getObjectForWrite<Stream>(key, 'stream')
  if (stream === undefined) {
    reply.integer(0)
    return
  }
  const ids = argv.slice(2).map(requireId)
  let deleted = 0
  for (const id of ids) if (stream.delete(id)) deleted++
  if (deleted > 0) {
    stream.renewFirstId()
    db.touched(key)
    db.notify(NOTIFY_STREAM, 'xdel', key)
  }
  reply.integer(deleted)
}

const SETID = 'ERR The ID specified in XSETID is smaller than'

function xsetid({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const id = requireId(argv[2]!)
  let entriesAdded: number | bigint | undefined
  let maxDeletedId = requireId('0')
  for (let at = 3; at < argv.length; at += 2) {
    const option = at + 1 < argv.length ? argv[at]!.toLowerCase() : ''
    const value = argv[at + 1]!
    if (option === 'entriesadded') {
      entriesAdded = requireInt64(value)
      if (entriesAdded < 0) throw new ReplyError('ERR entries_added must be positive')
    } else if (option === 'maxdeletedid') {
      maxDeletedId = requireId(value)
      if (compareIds(id, maxDeletedId) < 0) throw new ReplyError(`${SETID} the provided max_deleted_entry_id`)
    } else {
      throw new ReplyError(SYNTAX_ERROR)
    }
  }
  const stream = db.getObjectForWrite<Stream>(key, 'stream')
  if (stream === undefined) throw new ReplyError(NO_SUCH_KEY)
  if (stream.length > 0) {
    if (compareIds(id, stream.lastLiveId()) < 0) throw new ReplyError(`${SETID} the target stream top item`)
    if (entriesAdded !== undefined && stream.length > entriesAdded) {
      throw new ReplyError('ERR The entries_added specified in XSETID is smaller than the target stream length')
    }
  }
  stream.lastId = id
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded
  if (!isZeroId(maxDeletedId)) stream.maxDeletedId = maxDeletedId
  // Who waits for entries hears nothing of it: there are none.
  db.state.dirty++
  db.notify(NOTIFY_STREAM, 'xsetid', key)
  reply.ok()
}

export const rangeCommands: readonly Command[] = [
  defineCommand({...STREAM.xrange, run: ranging(false)}),
  defineCommand({...STREAM.xrevrange, run: ranging(true)}),
  defineCommand({...STREAM.xlen, run: xlen}),
  defineCommand({...STREAM.xdel, run: xdel}),
  defineCommand({...STREAM.xsetid, run: xsetid}),
]
