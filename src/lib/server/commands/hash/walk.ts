import {requireInt64} from '../../arguments.js'
import {globMatch} from '../../config/glob.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {chooseDistinct, requireSignedCount} from '../random-count.js'
import {parseCursor, parseScanOptions, replyPage} from '../scan-arguments.js'
import {HASH} from './facts.js'

/** Fields shown together: all, a page, or some by chance. */

function pairsAt({db}: CommandContext, key: string): readonly string[] {
  return db.getObject<HashValue>(key, 'hash')?.pairs() ?? []
}

function hgetall({db, reply}: CommandContext, argv: string[]): void {
  const hash = db.getObject<HashValue>(argv[1]!, 'hash')
  reply.map(hash?.size ?? 0)
  hash?.writePairs(reply)
}

function replyHalf(context: CommandContext, key: string, offset: 0 | 1): void {
  const {reply} = context
  const pairs = pairsAt(context, key)
  reply.array(pairs.length / 2)
  reply.texts(pairs.filter((_, i) => i % 2 === offset))
}

/** Fields leave their place for lower ones only, so from the highest down none that stays is missed. */
function hscan({db, reply}: CommandContext, argv: string[]): void {
  const cursor = parseCursor(argv[2]!)
  const hash = db.getObject<HashValue>(argv[1]!, 'hash')
  if (hash === undefined) {
    replyPage(reply, 0, [])
    return
  }
  const {count, pattern} = parseScanOptions(argv, 3, false)
  const found: string[] = []
  if (hash.isPacked) {
    const pairs = hash.pairs()
    for (let i = 0; i < pairs.length; i += 2) {
      if (pattern === undefined || globMatch(pattern, pairs[i]!)) found.push(pairs[i]!, pairs[i + 1]!)
    }
    replyPage(reply, 0, found)
    return
  }
  const end = cursor === 0 ? hash.size : Math.min(cursor, hash.size)
  const begin = Math.max(0, end - count)
  for (let place = end - 1; place >= begin; place--) {
    const field = hash.fieldAt(place)
    if (pattern === undefined || globMatch(pattern, field)) found.push(field, hash.valueAt(place))
  }
  replyPage(reply, begin, found)
}

/** Twice as many do not fit in 64 bits. */
const WITH_VALUES_MAX = 4_611_686_018_427_387_903n

function hrandfield(context: CommandContext, argv: string[]): void {
  const {db, reply, server} = context
  const key = argv[1]!
  if (argv.length > 2) {
    const count = requireSignedCount(argv[2]!)
    const withValues = argv.length === 4 && argv[3]!.toLowerCase() === 'withvalues'
    if (argv.length > 3 && !withValues) throw new ReplyError(SYNTAX_ERROR)
    const exact = BigInt(requireInt64(argv[2]!))
    if (withValues && (exact > WITH_VALUES_MAX || exact < -WITH_VALUES_MAX)) {
      throw new ReplyError('ERR value is out of range')
    }
    hrandfieldCount(context, key, count, withValues)
    return
  }
  const hash = db.getObject<HashValue>(key, 'hash')
  if (hash === undefined) {
    reply.nil()
    return
  }
  const place = server.rng.below(hash.size)
  reply.bulk(hash.isPacked ? hash.pairs()[place * 2]! : hash.fieldAt(place))
}

function hrandfieldCount({db, reply, server}: CommandContext, key: string, count: number, withValues: boolean): void {
  const hash = db.getObject<HashValue>(key, 'hash')
  if (hash === undefined || count === 0) {
    reply.array(0)
    return
  }
  const {size} = hash
  const pairs = hash.isPacked ? hash.pairs() : undefined
  const number = count < 0 ? -count : Math.min(count, size)
  reply.array(withValues && reply.resp === 2 ? number * 2 : number)
  if (count < 0) {
    for (let i = 0; i < number; i++) replyField(reply, hash, pairs, server.rng.below(size), withValues)
  } else if (number === size) {
    for (let place = 0; place < size; place++) replyField(reply, hash, pairs, place, withValues)
  } else {
    for (const place of chooseDistinct(server.rng, size, number)) replyField(reply, hash, pairs, place, withValues)
  }
}

/** @param pairs - of a packed hash */
function replyField(
  reply: ReplyWriter,
  hash: HashValue,
  pairs: readonly string[] | undefined,
  place: number,
  withValues: boolean,
): void {
  if (withValues && reply.resp === 3) reply.array(2)
  reply.bulk(pairs === undefined ? hash.fieldAt(place) : pairs[place * 2]!)
  if (withValues) reply.bulk(pairs === undefined ? hash.valueAt(place) : pairs[place * 2 + 1]!)
}

export const fieldWalkCommands: readonly Command[] = [
  defineCommand({...HASH.hgetall, run: hgetall}),
  defineCommand({...HASH.hkeys, run: (context, argv) => replyHalf(context, argv[1]!, 0)}),
  defineCommand({...HASH.hvals, run: (context, argv) => replyHalf(context, argv[1]!, 1)}),
  defineCommand({...HASH.hscan, run: hscan}),
  defineCommand({...HASH.hrandfield, run: hrandfield}),
]
