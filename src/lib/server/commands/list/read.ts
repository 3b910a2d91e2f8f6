import {INT64_MIN, requireInt64, requireInteger} from '../../arguments.js'
import {addReplyToRun, beginRun, endRun} from '../../bulk-run.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {positionsOf, type Search} from '../../values/list/list-search.js'
import type {ListValue} from '../../values/list/list-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {LIST} from './facts.js'

/** What only reads: LLEN, LINDEX, LRANGE, LPOS. */

function llen({db, reply}: CommandContext, argv: string[]): void {
  reply.integer(db.getObject<ListValue>(argv[1]!, 'list')?.length ?? 0)
}

function lindex({db, reply}: CommandContext, argv: string[]): void {
  const list = db.getObject<ListValue>(argv[1]!, 'list')
  reply.bulkOrNil(list?.get(requireInteger(argv[2]!)))
}

function lrange({db, reply}: CommandContext, argv: string[]): void {
  const [first, last] = [requireInteger(argv[2]!), requireInteger(argv[3]!)]
  const list = db.getObject<ListValue>(argv[1]!, 'list')
  const length = list?.length ?? 0
  const from = Math.max(0, first < 0 ? first + length : first)
  const to = Math.min(length - 1, last < 0 ? last + length : last)
  if (list === undefined || from > to) reply.array(0)
  else reply.bulks(list.range(from, to - from + 1))
}

const NO_RANK =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"

interface PositionOptions extends Search {
  /** COUNT was given: the answer is an array. */
  readonly asArray: boolean
}

/** @throws ReplyError */
function notNegative(text: string, option: string): number {
  const error = `ERR ${option} can't be negative`
  const value = requireInteger(text, error)
  if (value < 0) throw new ReplyError(error)
  return value
}

function requireRank(text: string): number | bigint {
  const rank = requireInt64(text)
  if (rank === 0) throw new ReplyError(NO_RANK)
  return rank
}

function parseOptions(argv: readonly string[]): PositionOptions {
  let rank: number | bigint = 1
  let count: number | undefined
  let lookMax = 0
  for (let at = 3; at < argv.length; at += 2) {
    const value = argv[at + 1]
    if (value === undefined) throw new ReplyError(SYNTAX_ERROR)
    switch (argv[at]!.toLowerCase()) {
      case 'rank':
        rank = requireRank(value)
        break
      case 'count':
        count = notNegative(value, 'COUNT')
        break
      case 'maxlen':
        lookMax = notNegative(value, 'MAXLEN')
        break
      default:
        throw new ReplyError(SYNTAX_ERROR)
    }
  }
  // The one rank that has no positive counterpart: redis-server takes it for the first from the tail, and counts no further.
  const isLeast = rank === INT64_MIN
  return {
    asArray: count !== undefined,
    countMax: count === 0 || (isLeast && count !== undefined) ? Number.POSITIVE_INFINITY : (count ?? 1),
    fromTail: rank < 0,
    lookMax: lookMax === 0 ? Number.POSITIVE_INFINITY : lookMax,
    skip: isLeast ? 0 : Math.abs(Number(rank)) - 1,
  }
}

function lpos({db, reply}: CommandContext, argv: string[]): void {
  const options = parseOptions(argv)
  const list = db.getObject<ListValue>(argv[1]!, 'list')
  const found = list === undefined ? [] : positionsOf(list, argv[2]!, options)
  if (options.asArray) {
    reply.array(found.length)
    beginRun()
    for (const index of found) addReplyToRun(reply, `:${index}\r\n`)
    endRun(reply)
  } else if (found[0] === undefined) {
    reply.nil()
  } else {
    reply.integer(found[0])
  }
}

export const readCommands: readonly Command[] = [
  defineCommand({...LIST.llen, run: llen}),
  defineCommand({...LIST.lindex, run: lindex}),
  defineCommand({...LIST.lrange, run: lrange}),
  defineCommand({...LIST.lpos, run: lpos}),
]
