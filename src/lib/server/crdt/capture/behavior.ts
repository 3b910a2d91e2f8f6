import type {StreamIdMode} from '../../../model/crdb.js'
import {hashSlot} from '../../../protocol/hash-slot.js'
import {compareIds, formatId, type StreamId} from '../../../protocol/stream-id.js'
import type {Command, CommandContext, CommandHandler} from '../../commands/command.js'
import {requireId} from '../../commands/stream/ids.js'
import {TrimOptionsReader} from '../../commands/stream/trim-options.js'
import {NO_SUCH_KEY, ReplyError, WRONG_TYPE} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {Stream} from '../../values/stream/stream.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {COMMANDS_WITH_DEADLINES, requireDeadlineInRange} from './deadline-range.js'
import {nextStreamId} from './stream-ids.js'

/** Runs before the command; may change what it was given. @returns what it is given instead, if that differs */
type Before = (crdt: CrdtDatabase, context: CommandContext, argv: string[]) => string[] | undefined

const IN_CRDB = 'in an active-active database'

/** What is not to be had, and the way out. By full name. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['flushall', `ERR FLUSHALL is not allowed ${IN_CRDB}: use shoal crdb flush`],
  ['flushdb', `ERR FLUSHDB is not allowed ${IN_CRDB}: use shoal crdb flush`],
  ['swapdb', `ERR SWAPDB is not allowed ${IN_CRDB}: there is one database only`],
  ['move', `ERR MOVE is not allowed ${IN_CRDB}: there is one database only`],
  ['migrate', `ERR MIGRATE is not allowed ${IN_CRDB}: move whole slots with CLUSTER MIGRATESLOTS`],
  ['restore-asking', `ERR RESTORE-ASKING is not allowed ${IN_CRDB}: use RESTORE, or shoal import`],
  ['object|encoding', `ERR OBJECT ENCODING is not allowed ${IN_CRDB}: use CRDT.DEBUG ENCODING`],
  ['script|debug', `ERR SCRIPT DEBUG is not allowed ${IN_CRDB}: debug the script on a node of its own`],
  ['debug', `ERR DEBUG is not allowed ${IN_CRDB}: see CRDT.DEBUG and CRDT.EXPLAIN`],
  ['save', `ERR SAVE is not allowed ${IN_CRDB}: persistence is a setting of the node`],
  ['bgsave', `ERR BGSAVE is not allowed ${IN_CRDB}: persistence is a setting of the node`],
  ['role', `ERR ROLE is not allowed ${IN_CRDB}: see INFO replication and CRDT.PEERS`],
  ['client|pause', `ERR CLIENT PAUSE is not allowed ${IN_CRDB}: other regions go on writing`],
])

function typeOf({core}: CrdtDatabase, key: string): string | undefined {
  return core.typeOf(hashSlot(key), key)
}

/** A sketch is a string to GET and SET alone. */
const notOfSketch: Before = (crdt, _context, argv) => {
  if (typeOf(crdt, argv[1]!) === 'hll') throw new ReplyError(WRONG_TYPE)
  return undefined
}

function notOfPlainField(message: string): Before {
  return (crdt, {db}, argv) => {
    const [, key, field] = argv as [string, string, string]
    if (crdt.config.settings.hincrbyOnFields || !db.has(key)) return undefined
    const known = crdt.core.look(hashSlot(key), key)
    const isPlain = known?.type === 'hash' && known.field(field) !== undefined && !known.isCounter(field)
    if (isPlain) throw new ReplyError(message)
    return undefined
  }
}

const withOwnId: Before = (crdt, {db, nowMs, server}, argv) => {
  const reader = new TrimOptionsReader(server, argv)
  const {fieldsAt, id, noMkStream} = reader.readAdd()
  const stream = db.getObjectForWrite<Stream>(argv[1]!, 'stream')
  // Redis's own complaints come first.
  if (argv.length - fieldsAt < 2 || (argv.length - fieldsAt) % 2 === 1 || (stream === undefined && noMkStream)) {
    return undefined
  }
  const mode: StreamIdMode = crdt.config.settings.streamIdMode
  // `ms` alone reads as ms-0.
  const isFull = id?.seq !== undefined && argv[fieldsAt - 1]!.includes('-')
  const given = id && {ms: id.ms, seq: isFull ? id.seq : undefined}
  const chosen = nextStreamId(mode, given, stream?.lastId, crdt.region, nowMs)
  if (chosen === undefined) return undefined
  const words = [...argv]
  words[fieldsAt - 1] = formatId(chosen)
  return words
}

const notBelow: Before = (_crdt, {db}, argv) => {
  const id: StreamId = requireId(argv[2]!)
  const stream = db.getObjectForWrite<Stream>(argv[1]!, 'stream')
  if (stream === undefined) throw new ReplyError(NO_SUCH_KEY)
  if (compareIds(id, stream.lastId) < 0) {
    throw new ReplyError('ERR The ID specified in XSETID is smaller than the target stream top item')
  }
  return undefined
}

const withDeadline: Before = (_crdt, {nowMs}, argv) => {
  requireDeadlineInRange(argv, nowMs)
  return undefined
}

/** SET without options is by far the most frequent. */
const withDeadlineOption: Before = (crdt, context, argv) =>
  argv.length > 3 ? withDeadline(crdt, context, argv) : undefined

const BEFORE: ReadonlyMap<string, Before> = new Map<string, Before>([
  ...COMMANDS_WITH_DEADLINES.map((name) => [name, withDeadline] as const),
  // INCR and the like find no number in it.
  ...['append', 'bitfield', 'getdel', 'getset', 'setbit', 'setrange'].map((name) => [name, notOfSketch] as const),
  ['getex', (crdt, context, argv) => notOfSketch(crdt, context, argv) ?? withDeadline(crdt, context, argv)],
  ['set', withDeadlineOption],
  ['hincrby', notOfPlainField('ERR hash value is not an integer')],
  ['hincrbyfloat', notOfPlainField('ERR hash value is not a float')],
  ['xadd', withOwnId],
  ['xsetid', notBelow],
])

/** Old releases called what INCR made a counter. */
function typeWithCounters(crdt: CrdtDatabase, run: CommandHandler): CommandHandler {
  return (context, argv) => {
    const {db, reply} = context
    const key = argv[1]!
    const isShown = crdt.config.settings.counterType && typeof db.peek(key) === 'string' && isCounter(crdt, key)
    if (isShown) reply.simple('counter')
    else run(context, argv)
  }
}

function isCounter(crdt: CrdtDatabase, key: string): boolean {
  const explained = crdt.core.explain(hashSlot(key), key)
  const elements = explained?.values.find(({visible}) => visible)?.elements ?? []
  return elements.some(({counters, rows}) => counters.length > 0 && rows.length === 0)
}

function wrapped(crdt: CrdtDatabase, before: Before, run: CommandHandler): CommandHandler {
  return (context, argv) => {
    if (crdt.server.state.isApplying) run(context, argv)
    else run(context, before(crdt, context, argv) ?? argv)
  }
}

function refused(server: Server, text: string, run: CommandHandler): CommandHandler {
  return (context, argv) => {
    // What the primary did is not to be judged.
    if (!server.state.isApplying) throw new ReplyError(text)
    run(context, argv)
  }
}

function* everyCommand(server: Server): Generator<Command> {
  for (const command of new Set(server.commands.values())) {
    yield command
    if (command.subcommands !== undefined) yield* command.subcommands.values()
  }
}

/** Commands behave as in an active-active database from now on. @returns puts them back */
export function changeBehavior(crdt: CrdtDatabase): () => void {
  const {server} = crdt
  const originals = new Map<Command, CommandHandler>()
  const replace = (command: Command, make: (run: CommandHandler) => CommandHandler): void => {
    if (command.run === undefined) return
    originals.set(command, command.run)
    command.run = make(command.run)
  }
  for (const command of everyCommand(server)) {
    const text = REFUSED.get(command.parent?.name === 'debug' ? 'debug' : command.fullName)
    const before = BEFORE.get(command.fullName)
    if (text !== undefined) replace(command, (run) => refused(server, text, run))
    else if (before !== undefined) replace(command, (run) => wrapped(crdt, before, run))
    else if (command.fullName === 'type') replace(command, (run) => typeWithCounters(crdt, run))
  }
  return () => {
    for (const [command, run] of originals) command.run = run
  }
}
