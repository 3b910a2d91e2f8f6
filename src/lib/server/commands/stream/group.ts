import {ID_MIN, type StreamId} from '../../../protocol/stream-id.js'
import {requireInt64} from '../../arguments.js'
import {NOTIFY_STREAM} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import {ENTRIES_READ_UNKNOWN, Group} from '../../values/stream/group.js'
import {Stream} from '../../values/stream/stream.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {createConsumer} from './deliver.js'
import {STREAM} from './facts.js'
import {requireEdge, requireId} from './ids.js'

const HELP = [
  'XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CREATE <key> <groupname> <id|$> [option]',
  '    Create a new consumer group. Options are:',
  '    * MKSTREAM',
  '      Create the empty stream if it does not exist.',
  '    * ENTRIESREAD entries_read',
  "      Set the group's entries_read counter (internal use).",
  'CREATECONSUMER <key> <groupname> <consumer>',
  '    Create a new consumer in the specified group.',
  'DELCONSUMER <key> <groupname> <consumer>',
  '    Remove the specified consumer.',
  'DESTROY <key> <groupname>',
  '    Remove the specified group.',
  'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
  '    Set the current group ID and entries_read counter.',
  'HELP',
  '    Prints this help.',
]

const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.'

export function wrongSubcommand(container: string, name: string): ReplyError {
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${name.slice(0, 128)}'. Try ${container} HELP.`,
  )
}

/** Of CREATE and SETID. */
interface GroupOptions {
  readonly mkStream: boolean
  readonly entriesRead: number | bigint
}

function parseOptions(argv: readonly string[], takesMkStream: boolean): GroupOptions {
  let mkStream = false
  let entriesRead: number | bigint = ENTRIES_READ_UNKNOWN
  for (let at = 5; at < argv.length; at++) {
    const word = argv[at]!.toLowerCase()
    if (takesMkStream && word === 'mkstream') {
      mkStream = true
    } else if (word === 'entriesread' && at + 1 < argv.length) {
      entriesRead = requireInt64(argv[++at]!)
      if (entriesRead < 0 && entriesRead !== ENTRIES_READ_UNKNOWN) {
        throw new ReplyError('ERR value for ENTRIESREAD must be positive or -1')
      }
    } else {
      throw wrongSubcommand('XGROUP', argv[1]!)
    }
  }
  return {entriesRead, mkStream}
}

function requireStream({db}: CommandContext, argv: readonly string[]): Stream {
  const stream = db.getObjectForWrite<Stream>(argv[2]!, 'stream')
  if (stream === undefined) throw new ReplyError(NO_KEY)
  return stream
}

function requireGroup(context: CommandContext, argv: readonly string[]): {stream: Stream; group: Group} {
  const stream = requireStream(context, argv)
  const group = stream.groups.get(argv[3]!)
  if (group === undefined) {
    throw new ReplyError(`NOGROUP No such consumer group '${argv[3]}' for key name '${argv[2]}'`)
  }
  return {group, stream}
}

function idOrLast(text: string, stream: Stream | undefined): StreamId {
  return text === '$' ? (stream?.lastId ?? ID_MIN) : requireId(text)
}

/** CREATE may have three words after the id, whichever they are. */
const CREATE_WORDS_MAX = 8

function create(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const [, , key, name, idText] = argv as [string, string, string, string, string]
  const {entriesRead, mkStream} = parseOptions(argv, true)
  const known = mkStream ? db.getObjectForWrite<Stream>(key, 'stream') : requireStream(context, argv)
  if (argv.length > CREATE_WORDS_MAX) throw wrongSubcommand('XGROUP', argv[1]!)
  const id = idOrLast(idText, known)
  const stream = known ?? new Stream()
  if (stream.groups.has(name)) throw new ReplyError('BUSYGROUP Consumer Group name already exists')
  stream.groups.set(name, new Group(name, {ms: id.ms, seq: id.seq}, entriesRead))
  if (known === undefined) db.set(key, stream)
  else db.touchedUnwatched(key)
  db.notify(NOTIFY_STREAM, 'xgroup-create', key)
  reply.ok()
}

function setId(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const {entriesRead} = parseOptions(argv, false)
  const {group, stream} = requireGroup(context, argv)
  if (argv.length !== 5 && argv.length !== 7) throw wrongSubcommand('XGROUP', argv[1]!)
  // CREATE refuses `-` and `+`, this takes them.
  group.lastId = argv[4] === '$' ? stream.lastId : requireEdge(argv[4]!, 0)
  group.entriesRead = entriesRead
  group.late = undefined
  db.touchedUnwatched(argv[2]!)
  db.notify(NOTIFY_STREAM, 'xgroup-setid', argv[2]!)
  reply.ok()
}

function destroy(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const stream = requireStream(context, argv)
  const isDeleted = stream.groups.delete(argv[3]!)
  if (isDeleted) {
    db.touchedUnwatched(argv[2]!)
    db.notify(NOTIFY_STREAM, 'xgroup-destroy', argv[2]!)
  }
  reply.integer(isDeleted ? 1 : 0)
}

function createConsumerCommand(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const {group} = requireGroup(context, argv)
  const isNew = !group.consumers.has(argv[4]!)
  if (isNew) createConsumer(db, argv[2]!, group, argv[4]!)
  reply.integer(isNew ? 1 : 0)
}

function deleteConsumer(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  const {group} = requireGroup(context, argv)
  const consumer = group.consumers.get(argv[4]!)
  if (consumer !== undefined) {
    group.deleteConsumer(consumer)
    db.touchedUnwatched(argv[2]!)
    db.notify(NOTIFY_STREAM, 'xgroup-delconsumer', argv[2]!)
  }
  reply.integer(consumer?.pending.size ?? 0)
}

const run: CommandHandler = ({reply}) => reply.simples(HELP)

export const groupCommands: readonly Command[] = [
  defineCommand({
    ...STREAM.xgroup,
    subcommands: [
      defineCommand({...STREAM['xgroup|create'], run: create}),
      defineCommand({...STREAM['xgroup|createconsumer'], run: createConsumerCommand}),
      defineCommand({...STREAM['xgroup|delconsumer'], run: deleteConsumer}),
      defineCommand({...STREAM['xgroup|destroy'], run: destroy}),
      defineCommand({...STREAM['xgroup|help'], run}),
      defineCommand({...STREAM['xgroup|setid'], run: setId}),
    ],
  }),
]
