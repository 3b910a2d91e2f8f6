import {parseDouble} from '../../../protocol/double.js'
import {NOTIFY_ZSET} from '../../keyspace/notifications.js'
import {NOT_A_FLOAT, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {SORTED_SET} from './facts.js'
import {writeScore} from './scored-reply.js'

/** Options of ZADD, one bit each. */
export const NX = 1
export const XX = 2
const GT = 4
const LT = 8
export const CH = 16
const INCR = 32

const OPTIONS: ReadonlyMap<string, number> = new Map([
  ['nx', NX],
  ['xx', XX],
  ['gt', GT],
  ['lt', LT],
  ['ch', CH],
  ['incr', INCR],
])

const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)'
const LONGEST_OPTION = 4

/** @throws ReplyError */
export function requireDouble(text: string, message = NOT_A_FLOAT): number {
  const value = parseDouble(text)
  if (value === undefined) throw new ReplyError(message)
  return value
}

function optionAt(argv: readonly string[], at: number): number {
  const text = argv[at]
  // Nearly always it is the first score.
  if (text === undefined || text.length > LONGEST_OPTION || text.charCodeAt(0) < 65) return 0
  return OPTIONS.get(text.toLowerCase()) ?? 0
}

function checkOptions(options: number, pairCount: number): void {
  if ((options & NX) !== 0 && (options & XX) !== 0) {
    throw new ReplyError('ERR XX and NX options at the same time are not compatible')
  }
  const exclusive = options & (NX | GT | LT)
  if ((exclusive & (exclusive - 1)) !== 0) {
    throw new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible')
  }
  if ((options & INCR) !== 0 && pairCount > 1) {
    throw new ReplyError('ERR INCR option supports a single increment-element pair')
  }
}

function zadd(context: CommandContext, argv: string[]): void {
  let options = 0
  let at = 2
  for (let option = optionAt(argv, at); option !== 0; option = optionAt(argv, ++at)) options |= option
  const count = argv.length - at
  if (count % 2 !== 0 || count === 0) throw new ReplyError(SYNTAX_ERROR)
  if (options !== 0) checkOptions(options, count / 2)
  if (count === 2) {
    // Nearly always: arrays of one cost less than arrays that grow.
    addScored(context, argv[1]!, [argv[at + 1]!], [requireDouble(argv[at]!)], options)
    return
  }
  const members: string[] = []
  const scores: number[] = []
  for (; at < argv.length; at += 2) {
    scores.push(requireDouble(argv[at]!))
    members.push(argv[at + 1]!)
  }
  addScored(context, argv[1]!, members, scores, options)
}

/** What became of one pair: bits. */
const ADDED = 1
const UPDATED = 2
const REFUSED = 4

function applyPair(context: CommandContext, zset: SortedSet, member: string, score: number, options: number): number {
  const before = zset.scoreOf(member)
  if (before === undefined) {
    if ((options & XX) !== 0) return REFUSED
    zset.add(member, score, context.server.config.values)
    return ADDED
  }
  if ((options & NX) !== 0) return REFUSED
  let after = score
  if ((options & INCR) !== 0) {
    after += before
    if (Number.isNaN(after)) throw new ReplyError(NOT_A_NUMBER)
  }
  if ((options & LT) !== 0 && after >= before) return REFUSED
  if ((options & GT) !== 0 && after <= before) return REFUSED
  if (after === before) return 0
  zset.setScore(member, before, after)
  return UPDATED
}

/** ZADD after its arguments are read, which GEOADD and ZINCRBY become. @param members - one at least */
export function addScored(
  context: CommandContext,
  key: string,
  members: readonly string[],
  scores: readonly number[],
  options: number,
): void {
  const {db, reply} = context
  let zset = db.getObjectForWrite<SortedSet>(key, 'zset')
  let added = 0
  let updated = 0
  let last = REFUSED
  // Of INCR. What is stored may differ in the sign of 0.
  let result = scores[0]!
  if (zset !== undefined || (options & XX) === 0) {
    const isNew = zset === undefined
    zset ??= SortedSet.forMember(members[0]!.length, context.server.config.values)
    const before = (options & INCR) !== 0 ? zset.scoreOf(members[0]!) : undefined
    if (before !== undefined) result += before
    for (let i = 0; i < scores.length; i++) {
      last = applyPair(context, zset, members[i]!, scores[i]!, options)
      if (last === ADDED) added++
      else if (last === UPDATED) updated++
    }
    if (isNew) db.set(key, zset)
    else if (added + updated > 0) db.touched(key)
    if (added + updated > 0) db.notify(NOTIFY_ZSET, (options & INCR) !== 0 ? 'zincr' : 'zadd', key)
  }
  if ((options & INCR) === 0) reply.integer((options & CH) !== 0 ? added + updated : added)
  else if (last === REFUSED) reply.nil()
  else writeScore(reply, result)
}

function zincrby(context: CommandContext, argv: string[]): void {
  addScored(context, argv[1]!, [argv[3]!], [requireDouble(argv[2]!)], INCR)
}

export const addCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zadd, run: zadd}),
  defineCommand({...SORTED_SET.zincrby, run: zincrby}),
]
