import type {Rng} from '../../../kernel/rng.js'
import {formatDouble, formatStoredDouble} from '../../../protocol/double.js'
import {requireInt64} from '../../arguments.js'
import {globMatch} from '../../config/glob.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {ScoredList} from '../../values/zset/scored-list.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {chooseDistinct, requireSignedCount} from '../random-count.js'
import {parseCursor, parseScanOptions, replyPage} from '../scan-arguments.js'
import {SORTED_SET} from './facts.js'
import {writeScore, writeScored} from './scored-reply.js'

/** Members shown by pages, or some by chance. */

function zscan({db, reply}: CommandContext, argv: string[]): void {
  const cursor = parseCursor(argv[2]!)
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  if (zset === undefined) {
    replyPage(reply, 0, [])
    return
  }
  const {count, pattern} = parseScanOptions(argv, 3, false)
  const page = new ScoredList()
  const next = zset.scan(cursor, count, page)
  const format = zset.isPacked ? formatStoredDouble : formatDouble
  const shown: string[] = []
  for (let i = 0; i < page.size; i++) {
    const member = page.members[i]!
    if (pattern === undefined || globMatch(pattern, member)) shown.push(member, format(page.scores[i]!))
  }
  replyPage(reply, next, shown)
}

/** Twice as many do not fit in 64 bits. */
const WITH_SCORES_MAX = 4_611_686_018_427_387_903n

function zrandmember({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  if (argv.length === 2) {
    const zset = db.getObject<SortedSet>(key, 'zset')
    if (zset === undefined) reply.nil()
    else reply.bulk(zset.slice(server.rng.below(zset.size), 1).members[0]!)
    return
  }
  const count = requireSignedCount(argv[2]!)
  const withScores = argv.length === 4 && argv[3]!.toLowerCase() === 'withscores'
  if (argv.length > 3 && !withScores) throw new ReplyError(SYNTAX_ERROR)
  const exact = BigInt(requireInt64(argv[2]!))
  if (withScores && (exact > WITH_SCORES_MAX || exact < -WITH_SCORES_MAX)) {
    throw new ReplyError('ERR value is out of range')
  }
  const zset = db.getObject<SortedSet>(key, 'zset')
  if (zset === undefined || count === 0) reply.array(0)
  else if (count >= zset.size) writeScored(reply, zset.list(), withScores)
  else if (count > 0) writeScored(reply, chooseDifferent(zset, count, server.rng), withScores)
  else writeRepeated(reply, zset, -count, withScores, server.rng)
}

/** Walking a packed set once per member would take its size squared. */
function listToChooseFrom(zset: SortedSet, count: number): ScoredList | undefined {
  return zset.isPacked || count * 4 > zset.size ? zset.list() : undefined
}

function chooseDifferent(zset: SortedSet, count: number, rng: Rng): ScoredList {
  const source = listToChooseFrom(zset, count)
  const list = new ScoredList()
  for (const rank of chooseDistinct(rng, zset.size, count)) {
    const {members, scores} = source ?? zset.slice(rank, 1)
    const at = source === undefined ? 0 : rank
    list.push(members[at]!, scores[at]!)
  }
  return list
}

/** One by one: millions may be asked for of a set of two. */
function writeRepeated(reply: ReplyWriter, zset: SortedSet, count: number, withScores: boolean, rng: Rng): void {
  const source = listToChooseFrom(zset, count)
  const isPaired = withScores && reply.resp === 3
  reply.array(withScores && !isPaired ? 2 * count : count)
  for (let i = 0; i < count; i++) {
    const rank = rng.below(zset.size)
    const {members, scores} = source ?? zset.slice(rank, 1)
    const at = source === undefined ? 0 : rank
    if (isPaired) reply.array(2)
    reply.bulk(members[at]!)
    if (withScores) writeScore(reply, scores[at]!)
  }
}

export const walkCommands: readonly Command[] = [
  defineCommand({...SORTED_SET.zscan, run: zscan}),
  defineCommand({...SORTED_SET.zrandmember, run: zrandmember}),
]
