import {crc64} from '../../../protocol/crc64.js'
import {checkDump, RDB_VERSION} from '../../../protocol/rdb/dump.js'
import {RdbError, RdbReader} from '../../../protocol/rdb/reader.js'
import {readString} from '../../../protocol/rdb/string.js'
import {ReplyError} from '../../reply-error.js'
import {scriptingOf} from '../../scripting/scripting.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {helpSubcommand} from '../server/help.js'
import {SCRIPTING} from './facts.js'
import {functionList, functionStats} from './function-reports.js'
import {requireFlushMode} from './script.js'

/** Version and checksum. */
const DUMP_FOOTER_LENGTH = 10
/** What begins a library in a dump. */
const FUNCTION2 = 245

function wrongArguments(subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try FUNCTION HELP.`
}

function load({reply, server}: CommandContext, argv: string[]): void {
  let replaces = false
  for (const option of argv.slice(2, -1)) {
    if (option.toLowerCase() !== 'replace') throw new ReplyError(`ERR Unknown option given: ${option}`)
    replaces = true
  }
  reply.bulk(scriptingOf(server).functions.load(argv.at(-1)!, replaces))
  server.state.dirty++
}

function remove({reply, server}: CommandContext, argv: string[]): void {
  if (!scriptingOf(server).functions.delete(argv[2]!)) throw new ReplyError('ERR Library not found')
  server.state.dirty++
  reply.ok()
}

function flush({reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw new ReplyError(wrongArguments(argv[1]!))
  requireFlushMode(argv.slice(2), 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
  scriptingOf(server).functions.flush()
  server.state.dirty++
  reply.ok()
}

function dump({reply, server}: CommandContext): void {
  const version = String.fromCharCode(RDB_VERSION & 0xff, RDB_VERSION >>> 8)
  const body = scriptingOf(server).functions.dump(server.config.values.rdbcompression) + version
  reply.bulk(body + crc64(body))
}

function restore({reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 4) throw new ReplyError(wrongArguments(argv[1]!))
  const policy = (argv[3] ?? 'append').toLowerCase()
  if (policy !== 'append' && policy !== 'replace' && policy !== 'flush') {
    throw new ReplyError('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.')
  }
  scriptingOf(server).functions.restore(sourcesOf(argv[2]!), policy)
  server.state.dirty++
  reply.ok()
}

/** The sources in a dump. What they are worth shows when they are loaded. */
function sourcesOf(payload: string): string[] {
  if (!checkDump(payload)) throw new ReplyError('ERR DUMP payload version or checksum are wrong')
  const reader = new RdbReader(payload, 0, payload.length - DUMP_FOOTER_LENGTH)
  const sources: string[] = []
  try {
    while (reader.left > 0) {
      if (reader.byte() !== FUNCTION2) throw new ReplyError('ERR given type is not a function')
      sources.push(readString(reader))
    }
  } catch (error) {
    if (error instanceof RdbError) throw new ReplyError('ERR Failed loading library payload')
    throw error
  }
  return sources
}

export const functionCommand: Command = defineCommand({
  ...SCRIPTING.function,
  subcommands: [
    defineCommand({...SCRIPTING['function|delete'], run: remove}),
    defineCommand({...SCRIPTING['function|dump'], run: dump}),
    defineCommand({...SCRIPTING['function|flush'], run: flush}),
    defineCommand({
      ...SCRIPTING['function|kill'],
      run: ({reply, server}) => {
        scriptingOf(server).kill('function')
        reply.ok()
      },
    }),
    defineCommand({...SCRIPTING['function|list'], run: functionList}),
    defineCommand({...SCRIPTING['function|load'], run: load}),
    defineCommand({...SCRIPTING['function|restore'], run: restore}),
    defineCommand({...SCRIPTING['function|stats'], run: functionStats}),
    helpSubcommand('FUNCTION', SCRIPTING['function|help'], [
      ['LOAD [REPLACE] <FUNCTION CODE>', 'Create a new library with the given library name and code.'],
      ['DELETE <LIBRARY NAME>', 'Delete the given library.'],
      [
        'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
        'Return general information on all the libraries:',
        '* Library name',
        '* The engine used to run the Library',
        '* Library description',
        '* Functions list',
        '* Library code (if WITHCODE is given)',
        'It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
      ],
      [
        'STATS',
        'Return information about the current function running:',
        '* Function name',
        '* Command used to run the function',
        '* Duration in MS that the function is running',
        'If no function is running, return nil',
        'In addition, returns a list of available engines.',
      ],
      ['KILL', 'Kill the current running function.'],
      [
        'FLUSH [ASYNC|SYNC]',
        'Delete all the libraries.',
        'When called without the optional mode argument, the behavior is determined by the',
        'lazyfree-lazy-user-flush configuration directive. Valid modes are:',
        '* ASYNC: Asynchronously flush the libraries.',
        '* SYNC: Synchronously flush the libraries.',
      ],
      [
        'DUMP',
        'Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command',
      ],
      [
        'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
        'Restore the libraries represented by the given payload, it is possible to give a restore policy to',
        'control how to handle existing libraries (default APPEND):',
        '* FLUSH: delete all existing libraries.',
        '* APPEND: appends the restored libraries to the existing libraries. On collision, abort.',
        '* REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old',
        '  libraries with the new libraries (notice that even on this option there is a chance of failure',
        '  in case of functions name collision with another library).',
      ],
    ]),
  ],
})
