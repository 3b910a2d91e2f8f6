import {everyCommand} from '../../info/statistics.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandFlag, type CommandHandler, defineCommand} from '../command.js'
import {helpSubcommand} from './help.js'

/**
 * LATENCY of a node that watches no events: every answer is that of a redis-server whose monitor has seen none.
 * HISTOGRAM knows the commands but has no distribution of theirs, so it names none.
 */
const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale']
const SPECIAL = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special']

function latencyDoctor({reply}: CommandContext): void {
  reply.verbatim('This node does not watch latency events. See SLOWLOG GET and INFO commandstats instead.\n', 'txt')
}

/** Per command: calls, and no buckets. */
function latencyHistogram({reply, server}: CommandContext, argv: string[]): void {
  const asked = new Set(argv.slice(2).map((name) => name.toLowerCase()))
  const timed = [...everyCommand(server.commands)].filter(
    (command) => command.usec > 0 && (asked.size === 0 || asked.has(command.fullName)),
  )
  reply.map(timed.length)
  for (const {calls, fullName} of timed) {
    reply.bulk(fullName)
    reply.map(2)
    reply.bulk('calls')
    reply.integer(calls)
    reply.bulk('histogram_usec')
    reply.map(0)
  }
}

function latencyGraph(_context: CommandContext, argv: string[]): void {
  throw new ReplyError(`ERR No samples available for event '${argv[2]}'`)
}

function sub(name: string, arity: number, since: string, run: CommandHandler, tips: readonly string[]): Command {
  return defineCommand({name, arity, since, run, tips, flags: FLAGS, group: 'server'})
}

export const latency = defineCommand({
  name: 'latency',
  arity: -2,
  group: 'server',
  since: '2.8.13',
  subcommands: [
    sub('doctor', 2, '2.8.13', latencyDoctor, SPECIAL),
    sub('graph', 3, '2.8.13', latencyGraph, SPECIAL),
    sub('histogram', -2, '7.0.0', latencyHistogram, SPECIAL),
    sub('history', 3, '2.8.13', ({reply}) => reply.array(0), SPECIAL),
    sub('latest', 2, '2.8.13', ({reply}) => reply.array(0), SPECIAL),
    sub('reset', -2, '2.8.13', ({reply}) => reply.integer(0), [
      'request_policy:all_nodes',
      'response_policy:all_succeeded',
    ]),
    helpSubcommand('LATENCY', {group: 'server', since: '2.8.13'}, [
      ['DOCTOR', 'What is odd about latency.'],
      ['GRAPH <event>', 'A graph of the samples of an event.'],
      ['HISTOGRAM [<command> ...]', 'How the times of commands are spread.'],
      ['HISTORY <event>', 'Samples of an event.'],
      ['LATEST', 'The latest sample of each event.'],
      ['RESET [<event> ...]', 'Forget samples.'],
    ]),
  ],
})
