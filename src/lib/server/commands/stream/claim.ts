import {type Int64, plus} from '../../../kernel/uint64.js'
import {compareIds, ID_MIN, type StreamId} from '../../../protocol/stream-id.js'
import {requireInt64, requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Consumer, type Group, Pending} from '../../values/stream/group.js'
import {writeEntry} from '../../values/stream/range-cursor.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {consumerFor} from './deliver.js'
import {STREAM} from './facts.js'
import {parseId, requireId, requireStart} from './ids.js'
import {groupForClaim, requireGroup} from './pending.js'
import {propagateClaim, propagateLastId} from './propagate.js'
import {writeCounted, writeId} from './reply-range.js'

interface ClaimOptions {
  readonly ids: readonly StreamId[]
  readonly force: boolean
  readonly justId: boolean
  readonly deliveredMs: number
  readonly retryCount: Int64 | undefined
  readonly lastId: StreamId
}

/** Ids, then options. @throws ReplyError */
function parseClaim(argv: readonly string[], nowMs: number): ClaimOptions {
  const ids: StreamId[] = []
  let at = 5
  for (; at < argv.length; at++) {
    const id = parseId(argv[at]!)
    if (id === undefined) break
    ids.push(id)
  }
  let force = false
  let justId = false
  let deliveredMs = -1
  let retryCount: Int64 | undefined
  let lastId = ID_MIN
  for (; at < argv.length; at++) {
    const word = argv[at]!.toLowerCase()
    const hasMore = at + 1 < argv.length
    if (word === 'force') force = true
    else if (word === 'justid') justId = true
    else if (word === 'idle' && hasMore) deliveredMs = nowMs - requireOption(argv[++at]!, 'IDLE')
    else if (word === 'time' && hasMore) deliveredMs = requireOption(argv[++at]!, 'TIME')
    else if (word === 'retrycount' && hasMore) {
      const given = requireInt64(argv[++at]!, invalidOption('RETRYCOUNT'))
      retryCount = given < 0 ? undefined : given
    } else if (word === 'lastid' && hasMore) lastId = requireId(argv[++at]!)
    else throw new ReplyError(`ERR Unrecognized XCLAIM option '${argv[at]}'`)
  }
  // Clients reckon with clocks of their own: a time that cannot be is now.
  if (deliveredMs < 0 || deliveredMs > nowMs) deliveredMs = nowMs
  return {deliveredMs, force, ids, justId, lastId, retryCount}
}

function requireOption(text: string, option: string): number {
  return requireInteger(text, invalidOption(option))
}

function invalidOption(option: string): string {
  return `ERR Invalid ${option} option argument for XCLAIM`
}

function requireIdle(text: string, command: string): number {
  return Math.max(0, requireInteger(text, `ERR Invalid min-idle-time argument for ${command}`))
}

function xclaim(context: CommandContext, argv: string[]): void {
  const {db, nowMs, reply} = context
  const key = argv[1]!
  const {group, stream} = groupForClaim(context, argv)
  const idleMs = requireIdle(argv[4]!, 'XCLAIM')
  const options = parseClaim(argv, nowMs)
  let isChanged = false
  let isLastIdTold = true
  db.state.propagation.instead(db.index)
  if (compareIds(options.lastId, group.lastId) > 0) {
    group.lastId = options.lastId
    isChanged = true
    isLastIdTold = false
  }
  let claimer: Consumer | undefined
  writeCounted(reply, () => {
    let written = 0
    for (const id of options.ids) {
      const entry = stream.find(id)
      const pending = group.pending.get(id)
      if (entry === undefined) {
        if (pending !== undefined) {
          propagateClaim(db, key, group, pending)
          isLastIdTold = true
          isChanged = true
          group.acknowledge(id)
        }
        continue
      }
      if (pending === undefined && !options.force) continue
      if (pending !== undefined && idleMs !== 0 && nowMs - pending.deliveredMs < idleMs) continue
      claimer ??= consumerFor(db, key, group, argv[3]!)
      const taken = pending ?? added(group, id, claimer, nowMs)
      take(taken, group, claimer, options)
      propagateClaim(db, key, group, taken)
      isLastIdTold = true
      if (options.justId) writeId(reply, id)
      else writeEntry(reply, entry)
      written++
      isChanged = true
    }
    return written
  })
  if (!isLastIdTold) propagateLastId(db, key, group)
  if (isChanged) db.touchedUnwatched(key)
}

/** FORCE: an entry that nobody had. */
function added(group: Group, id: StreamId, consumer: Consumer, nowMs: number): Pending {
  const pending = new Pending(id, consumer, nowMs, 1)
  group.late?.delete(id)
  group.pending.insert(pending)
  consumer.pending.insert(pending)
  return pending
}

/** How a claimed entry is marked. */
type Mark = Pick<ClaimOptions, 'deliveredMs' | 'justId' | 'retryCount'>

function take(pending: Pending, group: Group, consumer: Consumer, {deliveredMs, justId, retryCount}: Mark): void {
  pending.deliveredMs = deliveredMs
  if (retryCount !== undefined) pending.deliveries = retryCount
  else if (!justId) pending.deliveries = plus(pending.deliveries, 1)
  group.assign(pending, consumer)
}

const AUTOCLAIM_COUNT = 100
/** Entries looked at for each that may be claimed. */
const ATTEMPTS_FACTOR = 10
/** What redis-server can reserve memory for. */
const AUTOCLAIM_COUNT_MAX = 2 ** 59 - 1
const BAD_COUNT = 'ERR COUNT must be > 0'

function parseAutoclaim(argv: readonly string[]): {readonly count: number; readonly justId: boolean} {
  let count = AUTOCLAIM_COUNT
  let justId = false
  for (let at = 6; at < argv.length; at++) {
    const word = argv[at]!.toLowerCase()
    if (word === 'count' && at + 1 < argv.length) {
      count = requireInteger(argv[++at]!, BAD_COUNT)
      if (count < 1 || count > AUTOCLAIM_COUNT_MAX) throw new ReplyError(BAD_COUNT)
    } else if (word === 'justid') {
      justId = true
    } else {
      throw new ReplyError(SYNTAX_ERROR)
    }
  }
  return {count, justId}
}

function xautoclaim(context: CommandContext, argv: string[]): void {
  const {db, nowMs, reply} = context
  const key = argv[1]!
  // Whether the key is there is counted and told, whatever else is wrong.
  const value = db.get(key)
  const idleMs = requireIdle(argv[4]!, 'XAUTOCLAIM')
  const start = requireStart(argv[5]!)
  const {count, justId} = parseAutoclaim(argv)
  const {group, stream} = requireGroup(value, argv)
  const deleted: StreamId[] = []
  db.state.propagation.instead(db.index)
  let isChanged = false
  let left = count
  let next = group.pending.atOrAfter(start)
  const mark: Mark = {deliveredMs: nowMs, justId, retryCount: undefined}
  let claimer: Consumer | undefined
  const before = reply.out
  reply.out = ''
  writeCounted(reply, () => {
    let written = 0
    for (let attempts = count * ATTEMPTS_FACTOR; attempts > 0 && left > 0 && next !== undefined; attempts--) {
      const pending = next
      next = group.pending.after(pending)
      const entry = stream.find(pending)
      if (entry === undefined) {
        propagateClaim(db, key, group, pending)
        group.acknowledge(pending)
        deleted.push(pending)
        left--
        continue
      }
      if (idleMs !== 0 && nowMs - pending.deliveredMs < idleMs) continue
      claimer ??= consumerFor(db, key, group, argv[3]!)
      take(pending, group, claimer, mark)
      propagateClaim(db, key, group, pending)
      if (justId) writeId(reply, pending)
      else writeEntry(reply, entry)
      written++
      left--
      isChanged = true
    }
    return written
  })
  const claimed = reply.out
  reply.out = before
  reply.array(3)
  writeId(reply, next ?? ID_MIN)
  reply.raw(claimed)
  reply.array(deleted.length)
  for (const id of deleted) writeId(reply, id)
  if (isChanged || deleted.length > 0) db.touchedUnwatched(key)
}

export const claimCommands: readonly Command[] = [
  defineCommand({...STREAM.xclaim, run: xclaim}),
  defineCommand({...STREAM.xautoclaim, run: xautoclaim}),
]
