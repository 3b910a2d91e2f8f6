import {compareIds} from '../../../protocol/stream-id.js'
import {requireInteger} from '../../arguments.js'
import {addReplyToRun, addToRun, beginRun, endRun} from '../../bulk-run.js'
import type {Value} from '../../keyspace/value.js'
import {ReplyError, SYNTAX_ERROR, WRONG_TYPE} from '../../reply-error.js'
import {byName, type Group} from '../../values/stream/group.js'
import type {Stream} from '../../values/stream/stream.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {STREAM} from './facts.js'
import {requireEnd, requireId, requireStart} from './ids.js'
import {addIdToRun, writeCounted, writeId} from './reply-range.js'

function xack({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const group = db.getObject<Stream>(key, 'stream')?.groups.get(argv[2]!)
  if (group === undefined) {
    reply.integer(0)
    return
  }
  const ids = argv.slice(3).map(requireId)
  let acknowledged = 0
  for (const id of ids) if (group.acknowledge(id)) acknowledged++
  if (acknowledged > 0) db.touchedUnwatched(key)
  reply.integer(acknowledged)
}

interface StreamAndGroup {
  readonly stream: Stream
  readonly group: Group
}

/** @throws ReplyError NOGROUP, WRONGTYPE */
export function groupForClaim({db}: CommandContext, argv: readonly string[]): StreamAndGroup {
  return requireGroup(db.get(argv[1]!), argv)
}

/** As `groupForClaim`, of a key that was looked up. */
export function requireGroup(value: Value | undefined, argv: readonly string[]): StreamAndGroup {
  if (value !== undefined && (typeof value === 'string' || value.type !== 'stream')) throw new ReplyError(WRONG_TYPE)
  const stream = value as Stream | undefined
  const group = stream?.groups.get(argv[2]!)
  if (stream === undefined || group === undefined) {
    throw new ReplyError(`NOGROUP No such key '${argv[1]}' or consumer group '${argv[2]}'`)
  }
  return {group, stream}
}

function xpending(context: CommandContext, argv: string[]): void {
  if (argv.length === 3) writeSummary(context, groupForClaim(context, argv).group)
  else writeDetails(context, argv)
}

function writeSummary({reply}: CommandContext, {consumers, pending}: Group): void {
  reply.array(4)
  reply.integer(pending.size)
  if (pending.size === 0) {
    reply.nil()
    reply.nil()
    reply.nilArray()
    return
  }
  writeId(reply, pending.first()!)
  writeId(reply, pending.last()!)
  const owners = byName(consumers.values()).filter((consumer) => consumer.pending.size > 0)
  reply.array(owners.length)
  for (const consumer of owners) {
    reply.array(2)
    reply.bulk(consumer.name)
    reply.bulk(String(consumer.pending.size))
  }
}

function writeDetails(context: CommandContext, argv: readonly string[]): void {
  const {nowMs, reply} = context
  if (argv.length < 6 || argv.length > 9) throw new ReplyError(SYNTAX_ERROR)
  const hasIdle = argv[3]!.toLowerCase() === 'idle'
  const idleMs = hasIdle ? requireInteger(argv[4]!) : 0
  if (hasIdle && argv.length < 8) throw new ReplyError(SYNTAX_ERROR)
  const at = hasIdle ? 5 : 3
  const count = Math.max(0, requireInteger(argv[at + 2]!))
  const start = requireStart(argv[at]!)
  const end = requireEnd(argv[at + 1]!)
  const name = argv[at + 3]
  const {group} = groupForClaim(context, argv)
  const pending = name === undefined ? group.pending : group.consumers.get(name)?.pending
  writeCounted(reply, () => {
    let written = 0
    beginRun()
    for (
      let one = pending?.atOrAfter(start);
      one !== undefined && written < count && compareIds(one, end) <= 0;
      one = pending!.after(one)
    ) {
      const idle = nowMs - one.deliveredMs
      if (idleMs !== 0 && idle < idleMs) continue
      const {name} = one.consumer
      addReplyToRun(reply, '*4\r\n')
      addIdToRun(reply, one)
      addToRun(reply, name, 0, name.length)
      addReplyToRun(reply, `:${Math.max(0, idle)}\r\n:${one.deliveries}\r\n`)
      written++
    }
    endRun(reply)
    return written
  })
}

export const pendingCommands: readonly Command[] = [
  defineCommand({...STREAM.xack, run: xack}),
  defineCommand({...STREAM.xpending, run: xpending}),
]
