import {parseInt64} from '../../arguments.js'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_ZSET} from '../../keyspace/notifications.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {ScoredList} from '../../values/zset/scored-list.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {blockingDeadline} from '../blocking-timeout.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {countedKeys} from '../key-spec.js'
import {requirePositive} from '../random-count.js'
import {SORTED_SET} from './facts.js'
import {writePairs, writeScore, writeScored} from './scored-reply.js'

type End = 'min' | 'max'

/** Takes up to `count` elements, 1 or more, from an end of what is not empty. */
function take(db: Database, key: string, zset: SortedSet, end: End, count: number): ScoredList {
  const taken = Math.min(count, zset.size)
  const first = end === 'min' ? 0 : zset.size - taken
  const list = zset.slice(first, taken)
  if (end === 'max') list.reverse()
  zset.removeRange(first, taken)
  db.state.propagation.capture?.tookOut(list.members)
  db.touched(key)
  db.notify(NOTIFY_ZSET, end === 'min' ? 'zpopmin' : 'zpopmax', key)
  if (zset.size === 0) db.deleteEmptied(key)
  return list
}

function popping(end: End): CommandHandler {
  return ({db, reply}, argv) => {
    if (argv.length > 3) throw new ReplyError(SYNTAX_ERROR)
    const hasCount = argv.length === 3
    const count = hasCount ? requirePositive(argv[2]!) : 1
    const zset = db.getObjectForWrite<SortedSet>(argv[1]!, 'zset')
    if (zset === undefined || count === 0) {
      reply.array(0)
      return
    }
    const list = take(db, argv[1]!, zset, end, count)
    if (hasCount) {
      writeScored(reply, list, true)
    } else {
      reply.array(2)
      reply.bulk(list.members[0]!)
      writeScore(reply, list.scores[0]!)
    }
  }
}

/** What ZMPOP and BZMPOP ask for. */
interface PopRequest {
  readonly keys: readonly string[]
  readonly end: End
  readonly count: number
}

function requireCount(text: string, name: string): number {
  const value = parseInt64(text)
  if (value === undefined || value < 1) throw new ReplyError(`ERR ${name} should be greater than 0`)
  return Number(value)
}

/** @param at - of the number of keys in argv @throws ReplyError */
function parsePop(argv: readonly string[], at: number): PopRequest {
  const keyCount = requireCount(argv[at]!, 'numkeys')
  const endAt = at + 1 + keyCount
  const end = argv[endAt]?.toLowerCase()
  if (end !== 'min' && end !== 'max') throw new ReplyError(SYNTAX_ERROR)
  let count: number | undefined
  for (let i = endAt + 1; i < argv.length; i += 2) {
    const value = argv[i + 1]
    if (count !== undefined || value === undefined || argv[i]!.toLowerCase() !== 'count') {
      throw new ReplyError(SYNTAX_ERROR)
    }
    count = requireCount(value, 'count')
  }
  return {count: count ?? 1, end, keys: argv.slice(at + 1, endAt)}
}

function writePopped(reply: ReplyWriter, key: string, {members, scores}: ScoredList): void {
  reply.array(2)
  reply.bulk(key)
  writePairs(reply, members, scores)
}

/** From the first of the keys that is there. @returns false if none is @throws ReplyError WRONGTYPE */
function popFirst({db, reply, server}: CommandContext, {count, end, keys}: PopRequest): boolean {
  for (const key of keys) {
    const zset = db.getObjectForWrite<SortedSet>(key, 'zset')
    if (zset === undefined) continue
    const taken = take(db, key, zset, end, count)
    propagatePop(server, db, key, end, [String(taken.members.length)])
    writePopped(reply, key, taken)
    return true
  }
  return false
}

/** What another node does to come to the same, whoever it was that waited. */
function propagatePop(server: Server, db: Database, key: string, end: End, count: string[]): void {
  server.state.propagation.instead(db.index, [end === 'min' ? 'ZPOPMIN' : 'ZPOPMAX', key, ...count])
}

function zmpop(context: CommandContext, argv: string[]): void {
  if (!popFirst(context, parsePop(argv, 1))) context.reply.nilArray()
}

function writeTaken(reply: ReplyWriter, key: string, {members, scores}: ScoredList): void {
  reply.array(3)
  reply.bulk(key)
  reply.bulk(members[0]!)
  writeScore(reply, scores[0]!)
}

/** Waits for a sorted set to come into being. */
function waitFor(
  {client, db, reply, server}: CommandContext,
  {count, end, keys}: PopRequest,
  deadlineMs: number,
  write: typeof writePopped,
): void {
  const isCounted = write === writePopped
  if (client.mustNotBlock) {
    reply.nilArray()
    return
  }
  server.blocked.block(client, {
    db,
    deadlineMs,
    keys,
    needsKey: true,
    serve(key) {
      const value = db.peek(key)
      if (value === undefined || typeof value === 'string' || value.type !== 'zset') return false
      const taken = take(db, key, value as SortedSet, end, count)
      propagatePop(server, db, key, end, isCounted ? [String(taken.members.length)] : [])
      write(reply, key, taken)
      return true
    },
    timeOut: () => reply.nilArray(),
    type: 'zset',
  })
}

function blockingPop(end: End): CommandHandler {
  return (context, argv) => {
    const {db, nowMs, reply, server} = context
    const last = argv.length - 1
    const deadlineMs = blockingDeadline(argv[last]!, nowMs)
    for (let i = 1; i < last; i++) {
      const zset = db.getObjectForWrite<SortedSet>(argv[i]!, 'zset')
      if (zset === undefined) continue
      writeTaken(reply, argv[i]!, take(db, argv[i]!, zset, end, 1))
      propagatePop(server, db, argv[i]!, end, [])
      return
    }
    waitFor(context, {count: 1, end, keys: argv.slice(1, last)}, deadlineMs, writeTaken)
  }
}

function bzmpop(context: CommandContext, argv: string[]): void {
  const request = parsePop(argv, 2)
  const deadlineMs = blockingDeadline(argv[1]!, context.nowMs)
  if (!popFirst(context, request)) waitFor(context, request, deadlineMs, writePopped)
}

export const popCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zpopmin, run: popping('min')}),
  defineCommand({...SORTED_SET.zpopmax, run: popping('max')}),
  defineCommand({...SORTED_SET.zmpop, keyIndexes: countedKeys(1), run: zmpop}),
  defineCommand({...SORTED_SET.bzpopmin, run: blockingPop('min')}),
  defineCommand({...SORTED_SET.bzpopmax, run: blockingPop('max')}),
  defineCommand({...SORTED_SET.bzmpop, keyIndexes: countedKeys(2), run: bzmpop}),
]
