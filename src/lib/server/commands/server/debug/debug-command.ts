import {requireInteger} from '../../../arguments.js'
import {adminStateOf} from '../../../info/admin-state.js'
import {appendOnlyEffects} from '../../../persistence/append-only-effects.js'
import {ReplyError} from '../../../reply-error.js'
import {type CommandContext, type CommandHandler, defineCommand} from '../../command.js'
import {parseLong} from '../arguments.js'
import {isLocalClient} from '../client-line.js'
import {helpLines} from '../help.js'
import {describeObject, populate, reloadDataset} from './dataset.js'
import {digestOfAll, digestOfValue} from './digest.js'
import {writeSample} from './protocol.js'

/** One word after DEBUG. `count` is of argv, the word and DEBUG included. */
interface Subcommand {
  readonly min: number
  readonly max: number
  readonly usage: string
  readonly help: string
  readonly run: CommandHandler
}

function debugSleep({reply, server}: CommandContext, argv: string[]): void {
  const seconds = Number.parseFloat(argv[2]!)
  if (seconds > 0) server.effects.sleep(seconds * 1000)
  reply.ok()
}

const RELOAD_OPTIONS = new Set(['merge', 'noflush', 'nosave'])

function debugReload({reply, server}: CommandContext, argv: string[]): void {
  if (!argv.slice(2).every((option) => RELOAD_OPTIONS.has(option.toLowerCase()))) {
    throw new ReplyError('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
  }
  reloadDataset(server)
  server.effects.log('warning', 'DB reloaded by DEBUG RELOAD')
  reply.ok()
}

/** Without an append-only file what would be in one is made in memory. */
function debugLoadaof({reply, server}: CommandContext): void {
  if (server.appendOnly.state === 'off') reloadDataset(server)
  else {
    const error = appendOnlyEffects(server).reloadAppendOnly()
    if (error !== undefined) {
      server.effects.log('warning', error)
      throw new ReplyError('ERR Error trying to load the AOF files, check server logs.')
    }
  }
  server.effects.log('warning', 'Append Only File loaded by DEBUG LOADAOF')
  reply.ok()
}

function debugPopulate({db, reply}: CommandContext, argv: string[]): void {
  const [count, size] = [argv[2]!, argv[4] ?? '0'].map(parseLong)
  if (count === undefined || size === undefined || count < 0 || size < 0) {
    throw new ReplyError('ERR value is out of range, must be positive')
  }
  populate(db, count, argv[3] ?? 'key', size)
  reply.ok()
}

function debugPacketFilter({reply, server}: CommandContext, argv: string[]): void {
  const type = requireInteger(argv[2]!)
  if (server.cluster !== undefined) server.cluster.core.dropPacketFilter = type
  reply.ok()
}

function debugClusterlink({reply, server}: CommandContext, argv: string[]): void {
  const {cluster} = server
  if (cluster === undefined) throw new ReplyError('ERR Debug option only available for cluster mode enabled setup!')
  const direction = argv[3]!.toLowerCase()
  const known = direction === 'to' || direction === 'from' || direction === 'all'
  if (argv[2]!.toLowerCase() !== 'kill') throw wrongUse(argv[1]!)
  if (!cluster.core.nodes.has(argv[4]!)) throw new ReplyError(`ERR Unknown node ${argv[4]}`)
  if (!known) throw wrongUse(argv[1]!)
  cluster.perform(cluster.core.killLinks(direction, argv[4]!) ?? [])
  reply.ok()
}

function debugChangeReplId({reply, server}: CommandContext): void {
  server.replication.changeId()
  server.effects.log('warning', 'Changing replication IDs after receiving DEBUG change-repl-id')
  reply.ok()
}

function debugError({reply}: CommandContext, argv: string[]): void {
  reply.error(argv[2]!)
}

function debugProtocol({reply}: CommandContext, argv: string[]): void {
  if (writeSample(reply, argv[2]!)) return
  throw new ReplyError(
    'ERR Wrong protocol type name. Please use one of the following: ' +
      'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
  )
}

const MANY = Number.POSITIVE_INFINITY

function entry(min: number, max: number, usage: string, help: string, run: CommandHandler): Subcommand {
  return {min, max, usage, help, run}
}

/** By lower-case word, in the order HELP lists them. */
const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ['change-repl-id', entry(2, 2, 'CHANGE-REPL-ID', 'Begin a new replication history.', debugChangeReplId)],
  [
    'clusterlink',
    entry(5, 5, 'CLUSTERLINK KILL <to|from|all> <node-id>', 'Close the bus links with a node.', debugClusterlink),
  ],
  [
    'digest',
    entry(2, 2, 'DIGEST', 'A signature of all data; equal data, equal signature.', ({reply, server}) =>
      reply.simple(digestOfAll(server.databases)),
    ),
  ],
  [
    'digest-value',
    entry(2, MANY, 'DIGEST-VALUE <key> [<key> ...]', 'Signatures of values.', ({db, reply}, argv) =>
      reply.simples(argv.slice(2).map((key) => digestOfValue(db, key))),
    ),
  ],
  [
    'drop-cluster-packet-filter',
    entry(3, 3, 'DROP-CLUSTER-PACKET-FILTER <type>', 'Ignore bus packets of a type; -1: none.', debugPacketFilter),
  ],
  ['error', entry(3, 3, 'ERROR <string>', 'Answer with that error.', debugError)],
  ['loadaof', entry(2, 2, 'LOADAOF', 'Empty the databases and read them from the append-only file.', debugLoadaof)],
  [
    'log',
    entry(3, 3, 'LOG <message>', 'Write a line to the log.', ({reply, server}, argv) => {
      server.effects.log('warning', `DEBUG LOG: ${argv[2]}`)
      reply.ok()
    }),
  ],
  [
    'object',
    entry(3, 3, 'OBJECT <key>', 'How a value is kept.', ({db, reply, server}, argv) =>
      reply.simple(describeObject(server, db, argv[2]!)),
    ),
  ],
  [
    'pause-cron',
    entry(3, 3, 'PAUSE-CRON <0|1>', 'Stop periodic work, or go on with it.', ({reply, server}, argv) => {
      adminStateOf(server).cronPaused = (parseLong(argv[2]!) ?? 0) !== 0
      reply.ok()
    }),
  ],
  [
    'populate',
    entry(3, 5, 'POPULATE <count> [<prefix>] [<size>]', 'Create string keys; slots are not looked at.', debugPopulate),
  ],
  ['protocol', entry(3, 3, 'PROTOCOL <type>', 'A sample of one type of reply.', debugProtocol)],
  [
    'reload',
    entry(2, MANY, 'RELOAD [option ...]', 'Write all data, empty the databases and read it again.', debugReload),
  ],
  [
    'replicate',
    entry(3, MANY, 'REPLICATE <where> <command>', 'Send replicas a command; there are none to get it.', ({reply}) =>
      reply.ok(),
    ),
  ],
  [
    'set-active-expire',
    entry(
      3,
      3,
      'SET-ACTIVE-EXPIRE <0|1>',
      'Whether expired keys nobody asks for are deleted.',
      ({reply, server}, argv) => {
        server.state.activeExpire = (parseLong(argv[2]!) ?? 0) !== 0
        reply.ok()
      },
    ),
  ],
  ['sleep', entry(3, 3, 'SLEEP <seconds>', 'Stop the whole node for a while.', debugSleep)],
])

function wrongUse(word: string): ReplyError {
  const shown = word.slice(0, 128)
  return new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${shown}'. Try DEBUG HELP.`)
}

function requireAllowed({client, server}: CommandContext): void {
  const setting = server.config.values.enableDebugCommand
  if (setting === 'yes' || (setting === 'local' && isLocalClient(client))) return
  throw new ReplyError(
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a ' +
      'local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
  )
}

function runDebug(context: CommandContext, argv: string[]): void {
  requireAllowed(context)
  const word = argv[1]!.toLowerCase()
  if (word === 'help' && argv.length === 2) {
    context.reply.simples(
      helpLines(
        'DEBUG',
        [...SUBCOMMANDS.values()].map(({help, usage}) => [usage, help]),
      ),
    )
    return
  }
  const subcommand = SUBCOMMANDS.get(word)
  if (subcommand === undefined || argv.length < subcommand.min || argv.length > subcommand.max) throw wrongUse(argv[1]!)
  subcommand.run(context, argv)
}

export const debug = defineCommand({
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  run: runDebug,
})
