import {requireInt32} from '../../arguments.js'
import {authenticate} from '../../authentication.js'
import {SPECIAL_SUBSCRIBED} from '../../client.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandFlag, type CommandHandler, defineCommand} from '../command.js'
import {hello} from './hello.js'

function ping({client, reply}: CommandContext, argv: string[]): void {
  if (argv.length > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command")
  if ((client.special & SPECIAL_SUBSCRIBED) !== 0 && reply.resp === 2) {
    // In the form of a message, which is all that such a client expects.
    reply.bulks(['pong', argv[1] ?? ''])
    return
  }
  if (argv.length === 2) reply.bulk(argv[1]!)
  else reply.simple('PONG')
}

function select({client, reply, server}: CommandContext, argv: string[]): void {
  const index = requireInt32(argv[1]!)
  if (server.isCluster && index !== 0) throw new ReplyError('ERR SELECT is not allowed in cluster mode')
  const db = server.databases[index]
  if (db === undefined) throw new ReplyError('ERR DB index is out of range')
  client.db = db
  reply.ok()
}

function auth({client, reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw new ReplyError(SYNTAX_ERROR)
  if (argv.length === 2 && server.config.values.requirepass === '') {
    throw new ReplyError(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    )
  }
  const user = argv.length === 3 ? argv[1]! : 'default'
  authenticate(server, client, user, argv[argv.length - 1]!)
  reply.ok()
}

function quit({client, reply}: CommandContext): void {
  reply.ok()
  client.closing = true
}

function reset({client, reply}: CommandContext): void {
  client.reset()
  reply.simple('RESET')
}

const ALWAYS: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy']
const ANYTIME: readonly CommandFlag[] = ['loading', 'stale', 'fast']

function define(
  name: string,
  arity: number,
  since: string,
  flags: readonly CommandFlag[],
  run: CommandHandler,
  tips: readonly string[] = [],
): Command {
  return defineCommand({acl: ['connection'], arity, flags, group: 'connection', name, run, since, tips})
}

export const connectionCommands: readonly Command[] = [
  define('auth', -2, '1.0.0', ALWAYS, auth),
  define('echo', 2, '1.0.0', ANYTIME, ({reply}, argv) => reply.bulk(argv[1]!)),
  define('hello', -1, '6.0.0', ALWAYS, hello),
  define('ping', -1, '1.0.0', ['fast'], ping, ['request_policy:all_shards', 'response_policy:all_succeeded']),
  define('quit', -1, '1.0.0', ALWAYS, quit),
  define('reset', 1, '6.2.0', ALWAYS, reset),
  define('select', 2, '1.0.0', ANYTIME, select),
]
