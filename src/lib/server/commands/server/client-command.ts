import {requireInteger} from '../../arguments.js'
import type {Client} from '../../client.js'
import {SPECIAL_REPLY_MODE} from '../../client.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, type CommandFlag, type CommandHandler, defineCommand} from '../command.js'
import {parseLong, requireSwitch} from './arguments.js'
import {clientKill, requireClientType, typeOfClient} from './client-kill.js'
import {clientLine} from './client-line.js'
import {clientCaching, clientTracking, clientTrackinginfo, redirectOf} from './client-tracking.js'
import {helpSubcommand} from './help.js'

function clientsAsked({server}: CommandContext, argv: readonly string[]): Client[] {
  const all = [...server.clients.values()]
  if (argv.length === 2) return all
  const option = argv[2]!.toLowerCase()
  if (option === 'type' && argv.length === 4) {
    const type = requireClientType(argv[3]!)
    return all.filter((one) => typeOfClient(one) === type)
  }
  if (option === 'id' && argv.length > 3) {
    return argv.slice(3).flatMap((text) => {
      const id = parseLong(text)
      if (id === undefined) throw new ReplyError('ERR Invalid client ID')
      return server.clients.get(id) ?? []
    })
  }
  throw new ReplyError(SYNTAX_ERROR)
}

function clientList(context: CommandContext, argv: string[]): void {
  const lines = clientsAsked(context, argv).map((one) => `${clientLine(one, context.nowMs)}\n`)
  context.reply.verbatim(lines.join(''), 'txt')
}

/** Redis's rule: printable, and no blank. */
const NAME = /^[!-~]*$/

function clientSetname({client, reply}: CommandContext, argv: string[]): void {
  if (!NAME.test(argv[2]!)) {
    throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')
  }
  client.name = argv[2]!
  reply.ok()
}

function clientPause({nowMs, reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 4) throw new ReplyError("ERR wrong number of arguments for 'client|pause' command")
  const mode = argv[3]?.toLowerCase() ?? 'all'
  if (mode !== 'write' && mode !== 'all') throw new ReplyError('ERR CLIENT PAUSE mode must be WRITE or ALL')
  const durationMs = requireInteger(argv[2]!, 'ERR timeout is not an integer or out of range')
  if (durationMs < 0) throw new ReplyError('ERR timeout is negative')
  server.pause(nowMs + durationMs, mode === 'write')
  reply.ok()
}

/** OFF: nothing until ON, not even this answer. SKIP: neither this answer nor the next one. */
function clientReply({client, reply}: CommandContext, argv: string[]): void {
  switch (argv[2]!.toLowerCase()) {
    case 'on':
      client.replyMode = 'on'
      client.special &= ~SPECIAL_REPLY_MODE
      reply.ok()
      return
    case 'off':
      client.replyMode = 'off'
      client.special |= SPECIAL_REPLY_MODE
      return
    case 'skip':
      if (client.replyMode === 'on') client.replyMode = 'skip'
      client.special |= SPECIAL_REPLY_MODE
      return
    default:
      throw new ReplyError(SYNTAX_ERROR)
  }
}

/** MIGRATE and CLIENT PAUSE park a client too, which is not to be ended early. */
function clientUnblock({reply, server}: CommandContext, argv: string[]): void {
  const why = argv[3]?.toLowerCase() ?? 'timeout'
  if (argv.length > 4 || (why !== 'timeout' && why !== 'error')) {
    throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  }
  const target = server.clients.get(requireInteger(argv[2]!))
  const error = why === 'error' ? 'UNBLOCKED client unblocked via CLIENT UNBLOCK' : undefined
  reply.integer(target !== undefined && server.blocked.end(target, error) ? 1 : 0)
}

function clientNoEvict({client, reply}: CommandContext, argv: string[]): void {
  client.noEvict = requireSwitch(argv[2]!)
  reply.ok()
}

function clientInfo({client, nowMs, reply}: CommandContext): void {
  reply.verbatim(`${clientLine(client, nowMs)}\n`, 'txt')
}

const OWN: readonly CommandFlag[] = ['noscript', 'loading', 'stale']
const ADMIN: readonly CommandFlag[] = ['admin', ...OWN]

function sub(
  name: string,
  arity: number,
  since: string,
  flags: readonly CommandFlag[],
  run: CommandHandler,
  tips: readonly string[] = [],
): ReturnType<typeof defineCommand> {
  return defineCommand({name, arity, since, flags, run, tips, acl: ['connection'], group: 'connection'})
}

const VARIES = ['nondeterministic_output']

export const client = defineCommand({
  name: 'client',
  arity: -2,
  group: 'connection',
  since: '2.4.0',
  subcommands: [
    sub('caching', 3, '6.0.0', OWN, clientCaching),
    sub('getname', 2, '2.6.9', OWN, ({client: {name}, reply}) => reply.bulkOrNil(name === '' ? undefined : name)),
    sub('getredir', 2, '6.0.0', OWN, ({client, reply}) => reply.integer(redirectOf(client))),
    sub('id', 2, '5.0.0', OWN, ({client: {id}, reply}) => reply.integer(id)),
    sub('info', 2, '6.2.0', OWN, clientInfo, VARIES),
    sub('kill', -3, '2.4.0', ADMIN, clientKill),
    sub('list', -2, '2.4.0', ADMIN, clientList, VARIES),
    sub('no-evict', 3, '7.0.0', ADMIN, clientNoEvict),
    sub('pause', -3, '2.9.50', ADMIN, clientPause),
    sub('reply', 3, '3.2.0', OWN, clientReply),
    sub('setname', 3, '2.6.9', OWN, clientSetname),
    sub('tracking', -3, '6.0.0', OWN, clientTracking),
    sub('trackinginfo', 2, '6.2.0', OWN, clientTrackinginfo),
    sub('unblock', -3, '5.0.0', ADMIN, clientUnblock),
    sub('unpause', 2, '6.2.0', ADMIN, ({reply, server}) => {
      server.unpause()
      reply.ok()
    }),
    helpSubcommand('CLIENT', {acl: ['connection'], group: 'connection', since: '5.0.0'}, [
      ['CACHING (YES|NO)', 'Whether the keys of the next command are tracked; needs OPTIN or OPTOUT.'],
      ['GETNAME', 'Name of this connection.'],
      ['GETREDIR', 'Whom invalidations of tracked keys go to; -1 without tracking.'],
      ['ID', 'Number of this connection.'],
      ['INFO', 'What is known of this connection.'],
      ['KILL <ip:port>', 'Close the connection from that address.'],
      [
        'KILL <option> <value> [<option> <value> [...]]',
        'Close connections that all options name:',
        '* ADDR <ip:port> / LADDR <ip:port>: their side, our side.',
        '* ID <id>, TYPE (NORMAL|MASTER|REPLICA|PUBSUB), USER <name>.',
        '* SKIPME (YES|NO): spare this connection (default: yes).',
      ],
      ['LIST [TYPE <type> | ID <id> [<id> ...]]', 'One line per connection.'],
      ['NO-EVICT (ON|OFF)', 'Spare this connection when clients use too much memory.'],
      ['PAUSE <timeout> [WRITE|ALL]', 'Hold back commands, or writes alone, for so many milliseconds.'],
      ['REPLY (ON|OFF|SKIP)', 'Whether this connection gets answers.'],
      ['SETNAME <name>', 'Give this connection a name.'],
      [
        'TRACKING (ON|OFF) [<option> [...]]',
        'Tell this connection of changes to the keys it has read. Options:',
        '* REDIRECT <id>: tell that connection instead.',
        '* BCAST [PREFIX <prefix> [...]]: of changes to all keys, or those that begin so.',
        '* OPTIN, OPTOUT: only keys read after CLIENT CACHING YES; all but those after NO.',
        '* NOLOOP: not of its own changes.',
      ],
      ['TRACKINGINFO', 'State of tracking for this connection.'],
      ['UNBLOCK <id> [TIMEOUT|ERROR]', 'End the wait of a blocked connection.'],
      ['UNPAUSE', 'End a pause.'],
    ]),
  ],
})
