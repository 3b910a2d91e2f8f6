import {asInt64, plus} from '../../../kernel/uint64.js'
import {compareIds, ID_MAX, ID_MIN, type StreamId} from '../../../protocol/stream-id.js'
import {SCRIPT_CLIENT_ID} from '../../client.js'
import type {Database} from '../../keyspace/database.js'
import {ReplyError} from '../../reply-error.js'
import type {Group} from '../../values/stream/group.js'
import type {Stream} from '../../values/stream/stream.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {type Awaited, StreamWait} from './blocked-read.js'
import {consumerFor, writeAfter, writeHistory} from './deliver.js'
import {STREAM} from './facts.js'
import {requireId} from './ids.js'
import {parseReadOptions, type ReadOptions, readKeyIndexes} from './read-options.js'

/** Who waits asked for what comes; what came long ago is not to keep the node busy. */
const BLOCKED_COUNT = 1000

/** One stream of a call. */
interface Source {
  readonly key: string
  /** What comes after it is wanted; ID_MAX in a group: what nobody of the group got. */
  readonly after: StreamId
  readonly group: Group | undefined
}

function sourcesOf(db: Database, argv: readonly string[], {group, keyCount, keysAt}: ReadOptions): Source[] {
  const sources: Source[] = []
  for (let at = keysAt; at < keysAt + keyCount; at++) {
    const key = argv[at]!
    const stream = db.getObject<Stream>(key, 'stream')
    const found = group === undefined ? undefined : stream?.groups.get(group)
    if (group !== undefined && found === undefined) {
      throw new ReplyError(`NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`)
    }
    sources.push({after: firstWanted(argv[at + keyCount]!, stream, found), group: found, key})
  }
  return sources
}

const NO_DOLLAR =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.'
const NO_GREATER =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.'

function firstWanted(text: string, stream: Stream | undefined, group: Group | undefined): StreamId {
  if (text === '$') {
    if (group !== undefined) throw new ReplyError(NO_DOLLAR)
    return stream?.lastId ?? ID_MIN
  }
  if (text === '>') {
    if (group === undefined) throw new ReplyError(NO_GREATER)
    return ID_MAX
  }
  return requireId(text)
}

function reading(command: 'xread' | 'xreadgroup'): CommandHandler {
  return (context, argv) => {
    const {client, db, reply} = context
    const options = parseReadOptions(argv, command, client.id === SCRIPT_CLIENT_ID)
    const sources = sourcesOf(db, argv, options)
    if (options.group !== undefined) db.state.propagation.instead(db.index)
    const before = reply.out
    reply.out = ''
    let served = 0
    for (const source of sources) if (serve(context, source, options)) served++
    const body = reply.out
    reply.out = before
    if (served > 0) {
      if (reply.resp === 3) reply.map(served)
      else reply.array(served)
      reply.raw(body)
    } else if (options.blockMs === undefined || client.mustNotBlock) {
      reply.nilArray()
    } else {
      wait(context, sources, options, options.blockMs)
    }
  }
}

/** Writes key and entries if the stream has what is wanted. Only then a consumer is made, or seen. */
function serve({db, nowMs, reply}: CommandContext, {after, group, key}: Source, options: ReadOptions): boolean {
  const stream = db.getObject<Stream>(key, 'stream')
  if (stream === undefined) return false
  const wantsNew = group !== undefined && compareIds(after, ID_MAX) === 0
  const from = wantsNew ? group.lastId : after
  const wantsHistory = group !== undefined && !wantsNew
  if (!wantsHistory && !stream.hasAfter(from) && !(wantsNew && group.hasLate)) return false
  const isNew = group !== undefined && !group.consumers.has(options.consumer)
  const consumer = group && consumerFor(db, key, group, options.consumer)
  if (reply.resp !== 3) reply.array(2)
  reply.bulk(key)
  if (consumer !== undefined && wantsHistory) {
    writeHistory(reply, stream, from, options.count, consumer, nowMs)
  } else {
    const reader = group && consumer && {consumer, db, group, isNew, key, noAck: options.noAck}
    writeAfter(reply, stream, from, options.count, reader, nowMs)
  }
  if (group !== undefined) db.touchedUnwatched(key)
  return true
}

function wait(context: CommandContext, sources: Source[], options: ReadOptions, blockMs: number | bigint): void {
  const {client, db, nowMs, server} = context
  const awaited = new Map<string, Awaited>()
  for (const {after, group, key} of sources) {
    // Looked up before: another miss would be counted and told. What is there is a stream.
    const stream = db.peek(key) as Stream | undefined
    // Of a key named twice the first place counts.
    if (!awaited.has(key)) awaited.set(key, {added: stream?.entriesAdded, after, group, stream})
  }
  server.blocked.block(
    client,
    new StreamWait(client, db, awaited, deadlineOf(nowMs, blockMs), {
      consumer: options.consumer,
      count: options.count || BLOCKED_COUNT,
      group: options.group,
      noAck: options.noAck,
    }),
  )
}

/** A sum beyond 64 bits is a time long past, as it is to redis-server. */
function deadlineOf(nowMs: number, blockMs: number | bigint): number {
  if (blockMs === 0) return 0
  const deadline = Number(asInt64(plus(nowMs, blockMs)))
  return deadline > 0 ? deadline : 1
}

export const readCommands: readonly Command[] = [
  defineCommand({...STREAM.xread, keyIndexes: readKeyIndexes, run: reading('xread')}),
  defineCommand({...STREAM.xreadgroup, keyIndexes: readKeyIndexes, run: reading('xreadgroup')}),
]
