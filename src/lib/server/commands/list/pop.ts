import {requireInteger} from '../../arguments.js'
import {NOTIFY_LIST} from '../../keyspace/notifications.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {removeEqual} from '../../values/list/list-search.js'
import type {ListValue} from '../../values/list/list-value.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {countedKeys} from '../key-spec.js'
import {moveOne, popOne, popSome, propagatePop, requireEnd} from './ends.js'
import {LIST} from './facts.js'

/** What takes elements out: LPOP and its like, LMPOP, LMOVE, LREM, LTRIM. */

function requireCount(text: string, min: number, error: string): number {
  const count = requireInteger(text, error)
  if (count < min) throw new ReplyError(error)
  return count
}

function pop({db, reply}: CommandContext, argv: string[], left: boolean): void {
  if (argv.length > 3) {
    throw new ReplyError(`ERR wrong number of arguments for '${left ? 'lpop' : 'rpop'}' command`)
  }
  const key = argv[1]!
  const hasCount = argv.length === 3
  const count = hasCount ? requireCount(argv[2]!, 0, 'ERR value is out of range, must be positive') : 1
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) {
    if (hasCount) reply.nilArray()
    else reply.nil()
  } else if (!hasCount) {
    reply.bulk(popOne(db, key, list, left))
  } else {
    reply.bulks(count === 0 ? [] : popSome(db, key, list, left, count))
  }
}

const lpop: CommandHandler = (context, argv) => pop(context, argv, true)
const rpop: CommandHandler = (context, argv) => pop(context, argv, false)

/** What LMPOP and BLMPOP name after the timeout. */
export interface PopRequest {
  readonly keys: readonly string[]
  readonly left: boolean
  readonly count: number
}

/** @param at - of the number of keys in argv */
export function parsePopRequest(argv: readonly string[], at: number): PopRequest {
  const keyCount = requireCount(argv[at]!, 1, 'ERR numkeys should be greater than 0')
  const whereAt = at + keyCount + 1
  const where = argv[whereAt]
  if (where === undefined) throw new ReplyError(SYNTAX_ERROR)
  const left = requireEnd(where)
  let count: number | undefined
  for (let option = whereAt + 1; option < argv.length; option += 2) {
    const value = argv[option + 1]
    if (argv[option]!.toLowerCase() !== 'count' || count !== undefined || value === undefined) {
      throw new ReplyError(SYNTAX_ERROR)
    }
    count = requireCount(value, 1, 'ERR count should be greater than 0')
  }
  return {count: count ?? 1, keys: argv.slice(at + 1, whereAt), left}
}

/** The key and what came from it. */
export function replyPopped(reply: ReplyWriter, key: string, texts: readonly string[]): void {
  reply.array(2)
  reply.bulk(key)
  reply.bulks(texts)
}

function lmpop({db, reply, server}: CommandContext, argv: string[]): void {
  const {count, keys, left} = parsePopRequest(argv, 1)
  for (const key of keys) {
    const list = db.getObjectForWrite<ListValue>(key, 'list')
    if (list === undefined) continue
    const texts = popSome(db, key, list, left, count)
    propagatePop(server, db, key, left, texts.length)
    replyPopped(reply, key, texts)
    return
  }
  reply.nilArray()
}

function move({db, reply, server}: CommandContext, argv: string[], fromLeft: boolean, toLeft: boolean): void {
  const [source, target] = [argv[1]!, argv[2]!]
  const list = db.getObjectForWrite<ListValue>(source, 'list')
  if (list === undefined) reply.nil()
  else reply.bulk(moveOne(server, db, list, {fromLeft, source, target, toLeft}))
}

const lmove: CommandHandler = (context, argv) => move(context, argv, requireEnd(argv[3]!), requireEnd(argv[4]!))
const rpoplpush: CommandHandler = (context, argv) => move(context, argv, false, true)

function lrem({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const count = requireInteger(argv[2]!)
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  const countMax = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count)
  const removed = list === undefined ? 0 : removeEqual(list, argv[3]!, countMax, count < 0)
  reply.integer(removed)
  if (list === undefined || removed === 0) return
  if (list.length > 0) db.touched(key)
  db.notify(NOTIFY_LIST, 'lrem', key)
  if (list.length === 0) db.deleteEmptied(key)
}

function ltrim({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const [first, last] = [requireInteger(argv[2]!), requireInteger(argv[3]!)]
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  reply.ok()
  if (list === undefined) return
  const {length} = list
  const from = Math.max(0, first < 0 ? first + length : first)
  const to = Math.min(length - 1, last < 0 ? last + length : last)
  const isEmptied = from > to
  if (!isEmptied) {
    list.removeRange(to + 1, length - 1 - to)
    list.removeRange(0, from)
    db.touched(key)
  }
  db.notify(NOTIFY_LIST, 'ltrim', key)
  if (isEmptied) db.deleteEmptied(key)
}

export const popCommands: readonly Command[] = [
  defineCommand({...LIST.lpop, run: lpop}),
  defineCommand({...LIST.rpop, run: rpop}),
  defineCommand({...LIST.lmpop, keyIndexes: countedKeys(1), run: lmpop}),
  defineCommand({...LIST.lmove, run: lmove}),
  defineCommand({...LIST.rpoplpush, run: rpoplpush}),
  defineCommand({...LIST.lrem, run: lrem}),
  defineCommand({...LIST.ltrim, run: ltrim}),
]
