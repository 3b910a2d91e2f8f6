import {adminStateOf} from '../../info/admin-state.js'
import {ReplyError} from '../../reply-error.js'
import {type CommandContext, type CommandFlag, defineCommand} from '../command.js'
import {parseLong} from './arguments.js'
import {helpSubcommand} from './help.js'

const FLAGS: readonly CommandFlag[] = ['admin', 'loading', 'stale']
const GET_COUNT = 10

function slowlogGet({reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 3) {
    throw new ReplyError("ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.")
  }
  const count = argv[2] === undefined ? GET_COUNT : parseLong(argv[2])
  if (count === undefined || count < -1) throw new ReplyError('ERR count should be greater than or equal to -1')
  const entries = adminStateOf(server).slowLog.newest(count)
  reply.array(entries.length)
  for (const {address, argv: words, at, durationUs, id, name} of entries) {
    reply.array(6)
    reply.integer(id)
    reply.integer(at)
    reply.integer(durationUs)
    reply.bulks(words)
    reply.bulk(address)
    reply.bulk(name)
  }
}

export const slowlog = defineCommand({
  name: 'slowlog',
  arity: -2,
  group: 'server',
  since: '2.2.12',
  subcommands: [
    defineCommand({
      name: 'get',
      arity: -2,
      flags: FLAGS,
      group: 'server',
      since: '2.2.12',
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      run: slowlogGet,
    }),
    defineCommand({
      name: 'len',
      arity: 2,
      flags: FLAGS,
      group: 'server',
      since: '2.2.12',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      run: ({reply, server}) => reply.integer(adminStateOf(server).slowLog.length),
    }),
    defineCommand({
      name: 'reset',
      arity: 2,
      flags: FLAGS,
      group: 'server',
      since: '2.2.12',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      run: ({reply, server}) => {
        adminStateOf(server).slowLog.clear()
        reply.ok()
      },
    }),
    helpSubcommand('SLOWLOG', {group: 'server', since: '6.2.0'}, [
      [
        'GET [<count>]',
        'The newest slow commands (default: 10, -1: all); each is id, unix time, microseconds, arguments,',
        'address and name of the client.',
      ],
      ['LEN', 'How many are kept.'],
      ['RESET', 'Forget them.'],
    ]),
  ],
})
