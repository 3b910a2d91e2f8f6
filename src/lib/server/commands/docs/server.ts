import type {CommandDocs} from '../command.js'
import {block, int, key, oneof, pattern, str, word} from './build.js'

export const serverDocs: Readonly<Record<string, CommandDocs>> = {
  command: {
    summary: 'Get array of Redis command details',
    complexity: 'O(N) where N is the total number of Redis commands',
  },
  'command|count': {summary: 'Get total number of Redis commands', complexity: 'O(1)'},
  'command|docs': {
    summary: 'Get array of specific Redis command documentation',
    complexity: 'O(N) where N is the number of commands to look up',
    arguments: [str('command-name', {optional: true, multiple: true})],
  },
  'command|getkeys': {
    summary: 'Extract keys given a full Redis command',
    complexity: 'O(N) where N is the number of arguments to the command',
  },
  'command|getkeysandflags': {
    summary: 'Extract keys and access flags given a full Redis command',
    complexity: 'O(N) where N is the number of arguments to the command',
  },
  'command|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'command|info': {
    summary: 'Get array of specific Redis command details, or all when no argument is given.',
    complexity: 'O(N) where N is the number of commands to look up',
    history: [['7.0.0', 'Allowed to be called with no argument to get info on all commands.']],
    arguments: [str('command-name', {optional: true, multiple: true})],
  },
  'command|list': {
    summary: 'Get an array of Redis command names',
    complexity: 'O(N) where N is the total number of Redis commands',
    arguments: [
      oneof(
        'filterby',
        [
          str('module-name', {token: 'MODULE'}),
          str('category', {token: 'ACLCAT'}),
          pattern('pattern', {token: 'PATTERN'}),
        ],
        {token: 'FILTERBY', optional: true},
      ),
    ],
  },
  config: {summary: 'A container for server configuration commands', complexity: 'Depends on subcommand.'},
  'config|get': {
    summary: 'Get the values of configuration parameters',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
    arguments: [block('parameter', [str('parameter')], {multiple: true})],
  },
  'config|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'config|resetstat': {summary: 'Reset the stats returned by INFO', complexity: 'O(1)'},
  'config|rewrite': {summary: 'Rewrite the configuration file with the in memory configuration', complexity: 'O(1)'},
  'config|set': {
    summary: 'Set configuration parameters to the given values',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
    arguments: [block('parameter_value', [str('parameter'), str('value')], {multiple: true})],
  },
  dbsize: {summary: 'Return the number of keys in the selected database', complexity: 'O(1)'},
  debug: {summary: 'A container for debugging commands', complexity: 'Depends on subcommand.', docFlags: ['syscmd']},
  flushall: {
    summary: 'Remove all keys from all databases',
    complexity: 'O(N) where N is the total number of keys in all databases',
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      oneof('async', [word('async', 'ASYNC', {since: '4.0.0'}), word('sync', 'SYNC', {since: '6.2.0'})], {
        optional: true,
      }),
    ],
  },
  flushdb: {
    summary: 'Remove all keys from the current database',
    complexity: 'O(N) where N is the number of keys in the selected database',
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      oneof('async', [word('async', 'ASYNC', {since: '4.0.0'}), word('sync', 'SYNC', {since: '6.2.0'})], {
        optional: true,
      }),
    ],
  },
  info: {
    summary: 'Get information and statistics about the server',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added support for taking multiple section arguments.']],
    arguments: [str('section', {optional: true, multiple: true})],
  },
  lastsave: {summary: 'Get the UNIX time stamp of the last successful save to disk', complexity: 'O(1)'},
  latency: {summary: 'A container for latency diagnostics commands', complexity: 'Depends on subcommand.'},
  'latency|doctor': {summary: 'Return a human readable latency analysis report.', complexity: 'O(1)'},
  'latency|graph': {summary: 'Return a latency graph for the event.', complexity: 'O(1)', arguments: [str('event')]},
  'latency|help': {summary: 'Show helpful text about the different subcommands.', complexity: 'O(1)'},
  'latency|histogram': {
    summary: 'Return the cumulative distribution of latencies of a subset of commands or all.',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    arguments: [str('command', {optional: true, multiple: true})],
  },
  'latency|history': {
    summary: 'Return timestamp-latency samples for the event.',
    complexity: 'O(1)',
    arguments: [str('event')],
  },
  'latency|latest': {summary: 'Return the latest latency samples for all events.', complexity: 'O(1)'},
  'latency|reset': {
    summary: 'Reset latency data for one or more events.',
    complexity: 'O(1)',
    arguments: [str('event', {optional: true, multiple: true})],
  },
  lolwut: {
    summary: 'Display some computer art and the Redis version',
    arguments: [int('version', {token: 'VERSION', optional: true})],
  },
  monitor: {summary: 'Listen for all requests received by the server in real time'},
  memory: {summary: 'A container for memory diagnostics commands', complexity: 'Depends on subcommand.'},
  'memory|doctor': {summary: 'Outputs memory problems report', complexity: 'O(1)'},
  'memory|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'memory|malloc-stats': {
    summary: 'Show allocator internal stats',
    complexity: 'Depends on how much memory is allocated, could be slow',
  },
  'memory|purge': {
    summary: 'Ask the allocator to release memory',
    complexity: 'Depends on how much memory is allocated, could be slow',
  },
  'memory|stats': {summary: 'Show memory usage details', complexity: 'O(1)'},
  'memory|usage': {
    summary: 'Estimate the memory usage of a key',
    complexity: 'O(N) where N is the number of samples.',
    arguments: [key('key', 0), int('count', {token: 'SAMPLES', optional: true})],
  },
  role: {summary: 'Return the role of the instance in the context of replication', complexity: 'O(1)'},
  shutdown: {
    summary: 'Synchronously save the dataset to disk and then shut down the server',
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    history: [['7.0.0', 'Added the `NOW`, `FORCE` and `ABORT` modifiers.']],
    arguments: [
      oneof('nosave_save', [word('nosave', 'NOSAVE'), word('save', 'SAVE')], {optional: true}),
      word('now', 'NOW', {since: '7.0.0', optional: true}),
      word('force', 'FORCE', {since: '7.0.0', optional: true}),
      word('abort', 'ABORT', {since: '7.0.0', optional: true}),
    ],
  },
  slowlog: {summary: 'A container for slow log commands', complexity: 'Depends on subcommand.'},
  'slowlog|get': {
    summary: "Get the slow log's entries",
    complexity: 'O(N) where N is the number of entries returned',
    history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
    arguments: [int('count', {optional: true})],
  },
  'slowlog|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'slowlog|len': {summary: "Get the slow log's length", complexity: 'O(1)'},
  'slowlog|reset': {
    summary: 'Clear all entries from the slow log',
    complexity: 'O(N) where N is the number of entries in the slowlog',
  },
  swapdb: {
    summary: 'Swaps two Redis databases',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    arguments: [int('index1'), int('index2')],
  },
  time: {summary: 'Return the current server time', complexity: 'O(1)'},
  psync: {summary: 'Internal command used for replication', arguments: [str('replicationid'), int('offset')]},
  replconf: {
    summary: 'An internal command for configuring the replication stream',
    complexity: 'O(1)',
    docFlags: ['syscmd'],
  },
  failover: {
    summary: 'Start a coordinated failover between this server and one of its replicas.',
    complexity: 'O(1)',
    arguments: [
      block('target', [str('host'), int('port'), word('force', 'FORCE', {optional: true})], {
        token: 'TO',
        optional: true,
      }),
      word('abort', 'ABORT', {optional: true}),
      int('milliseconds', {token: 'TIMEOUT', optional: true}),
    ],
  },
  replicaof: {
    summary: 'Make the server a replica of another instance, or promote it as master.',
    complexity: 'O(1)',
    arguments: [
      oneof('args', [
        block('host-port', [str('host'), int('port')]),
        block('no-one', [word('no', 'NO'), word('one', 'ONE')]),
      ]),
    ],
  },
  slaveof: {
    summary: 'Make the server a replica of another instance, or promote it as master.',
    complexity: 'O(1)',
    docFlags: ['deprecated'],
    deprecatedSince: '5.0.0',
    replacedBy: '`REPLICAOF`',
    arguments: [
      oneof('args', [
        block('host-port', [str('host'), int('port')]),
        block('no-one', [word('no', 'NO'), word('one', 'ONE')]),
      ]),
    ],
  },
  sync: {summary: 'Internal command used for replication'},
  bgrewriteaof: {summary: 'Asynchronously rewrite the append-only file', complexity: 'O(1)'},
  bgsave: {
    summary: 'Asynchronously save the dataset to disk',
    complexity: 'O(1)',
    history: [['3.2.2', 'Added the `SCHEDULE` option.']],
    arguments: [word('schedule', 'SCHEDULE', {since: '3.2.2', optional: true})],
  },
  save: {
    summary: 'Synchronously save the dataset to disk',
    complexity: 'O(N) where N is the total number of keys in all databases',
  },
}
