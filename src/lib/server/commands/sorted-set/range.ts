import {requireInteger} from '../../arguments.js'
import {NOTIFY_GENERIC, NOTIFY_ZSET} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {ScoredList} from '../../values/zset/scored-list.js'
import {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {SORTED_SET} from './facts.js'
import {type Interval, lexInterval, rankInterval, scoreInterval, type Window} from './intervals.js'
import {writeScored} from './scored-reply.js'

type By = 'rank' | 'score' | 'lex'

/** What ZRANGE and its older relatives ask for. */
interface RangeRequest {
  readonly interval: Interval
  readonly reverse: boolean
  readonly offset: number
  /** Negative: no limit. */
  readonly limit: number
  readonly withScores: boolean
}

interface RangeSyntax {
  /** Undefined where an option says it. */
  readonly by?: By
  readonly reverse?: boolean
  readonly stores?: boolean
}

/** @param at - of the lower end in argv; the upper end and options follow. @throws ReplyError */
function parseRange(argv: readonly string[], at: number, syntax: RangeSyntax): RangeRequest {
  let {by, reverse} = syntax
  let withScores = false
  let offset = 0
  let limit = -1
  for (let i = at + 2; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (!syntax.stores && word === 'withscores') withScores = true
    else if (word === 'limit' && i + 2 < argv.length) {
      offset = requireInteger(argv[i + 1]!)
      limit = requireInteger(argv[i + 2]!)
      i += 2
    } else if (reverse === undefined && word === 'rev') reverse = true
    else if (by === undefined && word === 'bylex') by = 'lex'
    else if (by === undefined && word === 'byscore') by = 'score'
    else throw new ReplyError(SYNTAX_ERROR)
  }
  reverse ??= false
  by ??= 'rank'
  if (limit !== -1 && by === 'rank') {
    throw new ReplyError('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
  }
  // A limit of -1 gets here: it is ignored with its offset.
  if (by === 'rank') offset = 0
  if (withScores && by === 'lex') {
    throw new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return {interval: parseInterval(argv[at]!, argv[at + 1]!, by, reverse), limit, offset, reverse, withScores}
}

function parseInterval(first: string, second: string, by: By, reverse: boolean): Interval {
  if (by === 'rank') return rankInterval(requireInteger(first), requireInteger(second))
  const parse = by === 'score' ? scoreInterval : lexInterval
  return reverse ? parse(second, first) : parse(first, second)
}

function listRange(zset: SortedSet, request: RangeRequest): ScoredList {
  const {limit, offset, reverse} = request
  const {end, first}: Window = request.interval(zset, reverse)
  const left = end - first - offset
  if (offset < 0 || left <= 0) return new ScoredList()
  const count = limit < 0 ? left : Math.min(limit, left)
  if (!reverse) return zset.slice(first + offset, count)
  const list = zset.slice(end - offset - count, count)
  list.reverse()
  return list
}

function ranging(syntax: RangeSyntax): CommandHandler {
  return ({db, reply}, argv) => {
    const request = parseRange(argv, 2, syntax)
    const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
    if (zset === undefined) reply.array(0)
    else writeScored(reply, listRange(zset, request), request.withScores)
  }
}

/** A command's result becomes the value of a key; an empty one deletes it. */
export function storeSorted({db, reply, server}: CommandContext, key: string, list: ScoredList, event: string): void {
  const {size} = list
  if (size > 0) {
    db.set(key, SortedSet.of(list, server.config.values))
    db.notify(NOTIFY_ZSET, event, key)
  } else if (db.drop(key)) {
    db.notify(NOTIFY_GENERIC, 'del', key)
  }
  reply.integer(size)
}

function zrangestore(context: CommandContext, argv: string[]): void {
  const request = parseRange(argv, 3, {stores: true})
  const zset = context.db.getObject<SortedSet>(argv[2]!, 'zset')
  const list = zset === undefined ? new ScoredList() : listRange(zset, request)
  storeSorted(context, argv[1]!, list, 'zrangestore')
}

function counting(parse: typeof scoreInterval): CommandHandler {
  return ({db, reply}, argv) => {
    const interval = parse(argv[2]!, argv[3]!)
    const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
    if (zset === undefined) {
      reply.integer(0)
      return
    }
    const {end, first} = interval(zset, false)
    reply.integer(end - first)
  }
}

function removing(event: string, parse: typeof scoreInterval): CommandHandler {
  return ({db, reply}, argv) => {
    const key = argv[1]!
    const interval = parse(argv[2]!, argv[3]!)
    const zset = db.getObjectForWrite<SortedSet>(key, 'zset')
    if (zset === undefined) {
      reply.integer(0)
      return
    }
    const {end, first} = interval(zset, false)
    if (end > first) {
      db.state.propagation.capture?.tookOut(zset.slice(first, end - first).members)
      zset.removeRange(first, end - first)
      db.touched(key)
      db.notify(NOTIFY_ZSET, event, key)
      if (zset.size === 0) db.deleteEmptied(key)
    }
    reply.integer(end - first)
  }
}

function parseRanks(start: string, stop: string): Interval {
  return rankInterval(requireInteger(start), requireInteger(stop))
}

export const rangeCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zrange, run: ranging({})}),
  defineCommand({...SORTED_SET.zrevrange, run: ranging({by: 'rank', reverse: true})}),
  defineCommand({...SORTED_SET.zrangebyscore, run: ranging({by: 'score', reverse: false})}),
  defineCommand({...SORTED_SET.zrevrangebyscore, run: ranging({by: 'score', reverse: true})}),
  defineCommand({...SORTED_SET.zrangebylex, run: ranging({by: 'lex', reverse: false})}),
  defineCommand({...SORTED_SET.zrevrangebylex, run: ranging({by: 'lex', reverse: true})}),
  defineCommand({...SORTED_SET.zrangestore, run: zrangestore}),
  defineCommand({...SORTED_SET.zcount, run: counting(scoreInterval)}),
  defineCommand({...SORTED_SET.zlexcount, run: counting(lexInterval)}),
  defineCommand({...SORTED_SET.zremrangebyrank, run: removing('zremrangebyrank', parseRanks)}),
  defineCommand({...SORTED_SET.zremrangebyscore, run: removing('zremrangebyscore', scoreInterval)}),
  defineCommand({...SORTED_SET.zremrangebylex, run: removing('zremrangebylex', lexInterval)}),
]
