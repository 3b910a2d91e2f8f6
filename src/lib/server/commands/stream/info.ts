import type {Int64} from '../../../kernel/uint64.js'
import {ID_MAX, ID_MIN} from '../../../protocol/stream-id.js'
import {requireInteger} from '../../arguments.js'
import {addReplyToRun, addToRun, beginRun, endRun} from '../../bulk-run.js'
import type {ReplyWriter} from '../../reply.js'
import {NO_SUCH_KEY, ReplyError} from '../../reply-error.js'
import {byName, type Consumer, ENTRIES_READ_UNKNOWN, type Group} from '../../values/stream/group.js'
import {lagOf} from '../../values/stream/lag.js'
import {writeEntry} from '../../values/stream/range-cursor.js'
import type {Stream} from '../../values/stream/stream.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {STREAM} from './facts.js'
import {wrongSubcommand} from './group.js'
import {addIdToRun, writeId, writeRange} from './reply-range.js'

const HELP = [
  'XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CONSUMERS <key> <groupname>',
  '    Show consumers of <groupname>.',
  'GROUPS <key>',
  '    Show the stream consumer groups.',
  'STREAM <key> [FULL [COUNT <count>]',
  '    Show information about the stream.',
  'HELP',
  '    Prints this help.',
]

/** XINFO STREAM FULL shows so much of each list unless told otherwise. */
const FULL_COUNT = 10

function requireStream({db}: CommandContext, argv: readonly string[]): Stream {
  const stream = db.getObject<Stream>(argv[2]!, 'stream')
  if (stream === undefined) throw new ReplyError(NO_SUCH_KEY)
  return stream
}

function integerOrNil(reply: ReplyWriter, value: Int64 | undefined): void {
  if (value === undefined) reply.nil()
  else reply.integer(value)
}

function writeEntriesRead(reply: ReplyWriter, {entriesRead}: Group): void {
  integerOrNil(reply, entriesRead === ENTRIES_READ_UNKNOWN ? undefined : entriesRead)
}

function consumers(context: CommandContext, argv: string[]): void {
  const {nowMs, reply} = context
  const group = requireStream(context, argv).groups.get(argv[3]!)
  if (group === undefined) {
    throw new ReplyError(`NOGROUP No such consumer group '${argv[3]}' for key name '${argv[2]}'`)
  }
  reply.array(group.consumers.size)
  for (const {name, pending, seenMs} of byName(group.consumers.values())) {
    reply.map(3)
    reply.bulk('name')
    reply.bulk(name)
    reply.bulk('pending')
    reply.integer(pending.size)
    reply.bulk('idle')
    reply.integer(Math.max(0, nowMs - seenMs))
  }
}

function groups(context: CommandContext, argv: string[]): void {
  const {reply} = context
  const stream = requireStream(context, argv)
  reply.array(stream.groups.size)
  for (const group of byName(stream.groups.values())) {
    reply.map(6)
    reply.bulk('name')
    reply.bulk(group.name)
    reply.bulk('consumers')
    reply.integer(group.consumers.size)
    reply.bulk('pending')
    reply.integer(group.pending.size)
    reply.bulk('last-delivered-id')
    writeId(reply, group.lastId)
    reply.bulk('entries-read')
    writeEntriesRead(reply, group)
    reply.bulk('lag')
    integerOrNil(reply, lagOf(stream, group))
  }
}

/** @returns the COUNT of FULL; undefined without FULL */
function fullOption(argv: readonly string[]): number | undefined {
  if (argv.length === 3) return undefined
  const isRight =
    (argv.length === 4 || argv.length === 6) &&
    argv[3]!.toLowerCase() === 'full' &&
    (argv.length === 4 || argv[4]!.toLowerCase() === 'count')
  if (!isRight) throw wrongSubcommand('XINFO', argv[1]!)
  const count = argv.length === 4 ? FULL_COUNT : requireInteger(argv[5]!)
  return count < 0 ? FULL_COUNT : count
}

function stream(context: CommandContext, argv: string[]): void {
  const {reply} = context
  const found = requireStream(context, argv)
  const count = fullOption(argv)
  reply.map(count === undefined ? 10 : 9)
  writeFacts(reply, found)
  if (count !== undefined) {
    reply.bulk('entries')
    writeRange(reply, found.range(), count)
    reply.bulk('groups')
    reply.array(found.groups.size)
    for (const group of byName(found.groups.values())) writeGroup(reply, found, group, count)
    return
  }
  reply.bulk('groups')
  reply.integer(found.groups.size)
  for (const isLast of [false, true]) {
    reply.bulk(isLast ? 'last-entry' : 'first-entry')
    const entry = found.range(ID_MIN, ID_MAX, isLast).next()
    if (entry === undefined) reply.nil()
    else writeEntry(reply, entry)
  }
}

function writeFacts(reply: ReplyWriter, stream: Stream): void {
  const {entriesAdded, firstId, lastId, length, maxDeletedId, nodes} = stream
  reply.bulk('length')
  reply.integer(length)
  reply.bulk('radix-tree-keys')
  reply.integer(nodes.size)
  reply.bulk('radix-tree-nodes')
  reply.integer(stream.radixNodes())
  reply.bulk('last-generated-id')
  writeId(reply, lastId)
  reply.bulk('max-deleted-entry-id')
  writeId(reply, maxDeletedId)
  reply.bulk('entries-added')
  reply.integer(entriesAdded)
  reply.bulk('recorded-first-entry-id')
  writeId(reply, firstId)
}

function writeGroup(reply: ReplyWriter, stream: Stream, group: Group, count: number): void {
  reply.map(7)
  reply.bulk('name')
  reply.bulk(group.name)
  reply.bulk('last-delivered-id')
  writeId(reply, group.lastId)
  reply.bulk('entries-read')
  writeEntriesRead(reply, group)
  reply.bulk('lag')
  integerOrNil(reply, lagOf(stream, group))
  reply.bulk('pel-count')
  reply.integer(group.pending.size)
  reply.bulk('pending')
  writePending(reply, group, count)
  reply.bulk('consumers')
  reply.array(group.consumers.size)
  for (const consumer of byName(group.consumers.values())) {
    reply.map(4)
    reply.bulk('name')
    reply.bulk(consumer.name)
    reply.bulk('seen-time')
    reply.integer(consumer.seenMs)
    reply.bulk('pel-count')
    reply.integer(consumer.pending.size)
    reply.bulk('pending')
    writePending(reply, consumer, count)
  }
}

/** The first entries that are pending; those of a group with the consumer's name. */
function writePending(reply: ReplyWriter, owner: Group | Consumer, count: number): void {
  const {pending} = owner
  const shown = count === 0 ? pending.size : Math.min(count, pending.size)
  const isGroup = 'consumers' in owner
  reply.array(shown)
  let one = pending.first()
  beginRun()
  for (let left = shown; left > 0; left--) {
    const {consumer, deliveredMs, deliveries} = one!
    addReplyToRun(reply, isGroup ? '*4\r\n' : '*3\r\n')
    addIdToRun(reply, one!)
    if (isGroup) addToRun(reply, consumer.name, 0, consumer.name.length)
    addReplyToRun(reply, `:${deliveredMs}\r\n:${deliveries}\r\n`)
    one = pending.after(one!)
  }
  endRun(reply)
}

export const infoCommands: readonly Command[] = [
  defineCommand({
    ...STREAM.xinfo,
    subcommands: [
      defineCommand({...STREAM['xinfo|consumers'], run: consumers}),
      defineCommand({...STREAM['xinfo|groups'], run: groups}),
      defineCommand({...STREAM['xinfo|help'], run: ({reply}) => reply.simples(HELP)}),
      defineCommand({...STREAM['xinfo|stream'], run: stream}),
    ],
  }),
]
