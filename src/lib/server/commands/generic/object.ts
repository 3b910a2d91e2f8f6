import {parseInt64} from '../../arguments.js'
import {encodingOf, type Value} from '../../keyspace/value.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'

/** Redis shares the objects of these small integers and reports this many references to them. */
const SHARED_INTEGERS = 10000
const SHARED_REFERENCES = 2147483647

const HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Prints this help.',
]

function usesLfu({server}: CommandContext): boolean {
  return server.config.values.maxmemoryPolicy.endsWith('-lfu')
}

/** Counted like a read, but neither marked as one nor told of. */
function lookUp({db}: CommandContext, key: string): Value | undefined {
  const value = db.peek(key)
  if (value === undefined) db.state.misses++
  else db.state.hits++
  return value
}

function encoding(context: CommandContext, argv: string[]): void {
  const {reply} = context
  const value = lookUp(context, argv[2]!)
  if (value === undefined) reply.nil()
  else reply.bulk(encodingOf(value))
}

function refcount(context: CommandContext, argv: string[]): void {
  const {reply} = context
  const value = lookUp(context, argv[2]!)
  if (value === undefined) {
    reply.nil()
    return
  }
  const number = typeof value === 'string' ? parseInt64(value) : undefined
  const isShared = typeof number === 'number' && number >= 0 && number < SHARED_INTEGERS
  reply.integer(isShared ? SHARED_REFERENCES : 1)
}

function idletime(context: CommandContext, argv: string[]): void {
  const {db, reply, server} = context
  const accessed = lookUp(context, argv[2]!) === undefined ? undefined : db.accessedAt(argv[2]!)
  if (accessed === undefined) reply.nil()
  else if (usesLfu(context)) {
    throw new ReplyError(
      'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
    )
  } else reply.integer(Math.max(0, server.state.lruClock - accessed))
}

function freq(context: CommandContext, argv: string[]): void {
  const {db, reply} = context
  if (lookUp(context, argv[2]!) === undefined) reply.nil()
  else if (!usesLfu(context)) {
    throw new ReplyError(
      'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
    )
  } else reply.integer(db.frequencyOf(argv[2]!) ?? 0)
}

function about(name: string, run: CommandHandler, since = '2.2.3'): Command {
  return defineCommand({
    acl: ['keyspace'],
    arity: 3,
    flags: ['readonly'],
    group: 'generic',
    keys: [keyAt(2, ['RO'])],
    name,
    run,
    since,
    tips: ['nondeterministic_output'],
  })
}

export const objectCommand: Command = defineCommand({
  arity: -2,
  group: 'generic',
  name: 'object',
  since: '2.2.3',
  subcommands: [
    about('encoding', encoding),
    about('freq', freq, '4.0.0'),
    about('idletime', idletime),
    about('refcount', refcount),
    defineCommand({
      acl: ['keyspace'],
      arity: 2,
      flags: ['loading', 'stale'],
      group: 'generic',
      name: 'help',
      run: ({reply}) => reply.simples(HELP),
      since: '6.2.0',
    }),
  ],
})
