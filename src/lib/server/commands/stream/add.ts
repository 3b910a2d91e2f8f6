import {plus, UINT64_MAX} from '../../../kernel/uint64.js'
import {compareIds, formatId, ID_MAX, isZeroId, type StreamId} from '../../../protocol/stream-id.js'
import {NOTIFY_STREAM} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import {addedBytes, NODE_BYTES_MAX, Stream} from '../../values/stream/stream.js'
import {trim} from '../../values/stream/trim.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {STREAM} from './facts.js'
import type {GivenId} from './ids.js'
import {TrimOptionsReader} from './trim-options.js'

const TOO_LARGE = 'ERR Elements are too large to be stored'
const NOT_GREATER = 'ERR The ID specified in XADD is equal or smaller than the target stream top item'

function xadd(context: CommandContext, argv: string[]): void {
  const {db, nowMs, reply, server} = context
  const options = new TrimOptionsReader(server, argv)
  const {fieldsAt, id: given, noMkStream, trim: trimming} = options.readAdd()
  const pairs = argv.length - fieldsAt
  if (pairs < 2 || pairs % 2 === 1) throw new ReplyError("ERR wrong number of arguments for 'xadd' command")
  if (given?.ms === 0 && given.seq === 0) {
    throw new ReplyError('ERR The ID specified in XADD must be greater than 0-0')
  }
  const key = argv[1]!
  let stream = db.getObjectForWrite<Stream>(key, 'stream')
  if (stream === undefined && noMkStream) {
    reply.nil()
    return
  }
  const id = chooseId(stream ?? EMPTY, given, nowMs)
  if (addedBytes(argv, fieldsAt) > NODE_BYTES_MAX) throw new ReplyError(TOO_LARGE)
  const isNew = stream === undefined
  stream ??= new Stream()
  stream.append(id, argv, fieldsAt, server.config.values)
  if (isNew) db.set(key, stream)
  else db.touched(key)
  db.notify(NOTIFY_STREAM, 'xadd', key)
  if (trimming !== undefined && trim(stream, trimming) > 0) db.notify(NOTIFY_STREAM, 'xtrim', key)
  const {propagation} = server.state
  if (propagation.isOn) {
    const words = options.exact(stream)
    words[fieldsAt - 1] = formatId(id)
    propagation.instead(db.index, words)
  }
  reply.bulk(formatId(id))
}

/** For its ids alone. */
const EMPTY = new Stream()

/** @throws ReplyError if the new id would not be the greatest */
function chooseId(stream: Stream, given: GivenId | undefined, nowMs: number): StreamId {
  const {lastId} = stream
  if (compareIds(lastId, ID_MAX) === 0) {
    throw new ReplyError('ERR The stream has exhausted the last possible ID, unable to add more items')
  }
  if (given === undefined) return stream.nextId(nowMs)!
  if (given.seq === undefined && given.ms === lastId.ms) {
    // The text is redis-server's, though nothing is too large.
    if (lastId.seq === UINT64_MAX) throw new ReplyError(TOO_LARGE)
    return {ms: lastId.ms, seq: plus(lastId.seq, 1)}
  }
  const id = {ms: given.ms, seq: given.seq ?? 0}
  if (compareIds(id, lastId) <= 0 || isZeroId(id)) throw new ReplyError(NOT_GREATER)
  return id
}

function xtrim({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const options = new TrimOptionsReader(server, argv)
  const trimming = options.readTrim()
  const stream = db.getObjectForWrite<Stream>(key, 'stream')
  const deleted = stream === undefined ? 0 : trim(stream, trimming)
  if (stream !== undefined && deleted > 0) {
    db.touched(key)
    server.state.propagation.instead(db.index, options.exact(stream))
    db.notify(NOTIFY_STREAM, 'xtrim', key)
  }
  reply.integer(deleted)
}

export const addCommands: readonly Command[] = [
  defineCommand({...STREAM.xadd, run: xadd}),
  defineCommand({...STREAM.xtrim, run: xtrim}),
]
