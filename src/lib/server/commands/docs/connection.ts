import type {CommandDocs} from '../command.js'
import {block, int, oneof, str, word} from './build.js'

export const connectionDocs: Readonly<Record<string, CommandDocs>> = {
  auth: {
    summary: 'Authenticate to the server',
    complexity: 'O(N) where N is the number of passwords defined for the user',
    history: [['6.0.0', 'Added ACL style (username and password).']],
    arguments: [str('username', {since: '6.0.0', optional: true}), str('password')],
  },
  client: {summary: 'A container for client connection commands', complexity: 'Depends on subcommand.'},
  'client|caching': {
    summary: 'Instruct the server about tracking or not keys in the next request',
    complexity: 'O(1)',
    arguments: [oneof('mode', [word('yes', 'YES'), word('no', 'NO')])],
  },
  'client|getname': {summary: 'Get the current connection name', complexity: 'O(1)'},
  'client|getredir': {summary: 'Get tracking notifications redirection client ID if any', complexity: 'O(1)'},
  'client|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'client|id': {summary: 'Returns the client ID for the current connection', complexity: 'O(1)'},
  'client|info': {summary: 'Returns information about the current client connection.', complexity: 'O(1)'},
  'client|kill': {
    summary: 'Kill the connection of a client',
    complexity: 'O(N) where N is the number of client connections',
    history: [
      ['2.8.12', 'Added new filter format.'],
      ['2.8.12', '`ID` option.'],
      ['3.2.0', 'Added `master` type in for `TYPE` option.'],
      ['5.0.0', 'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.'],
      ['6.2.0', '`LADDR` option.'],
    ],
    arguments: [
      oneof('filter', [
        str('ip:port', {deprecatedSince: '2.8.12'}),
        oneof(
          'new-format',
          [
            int('client-id', {token: 'ID', since: '2.8.12', optional: true}),
            oneof(
              'normal_master_slave_pubsub',
              [
                word('normal', 'NORMAL'),
                word('master', 'MASTER', {since: '3.2.0'}),
                word('slave', 'SLAVE'),
                word('replica', 'REPLICA', {since: '5.0.0'}),
                word('pubsub', 'PUBSUB'),
              ],
              {token: 'TYPE', since: '2.8.12', optional: true},
            ),
            str('username', {token: 'USER', optional: true}),
            str('ip:port', {token: 'ADDR', optional: true}),
            str('ip:port', {token: 'LADDR', since: '6.2.0', optional: true}),
            str('yes/no', {token: 'SKIPME', optional: true}),
          ],
          {multiple: true},
        ),
      ]),
    ],
  },
  'client|list': {
    summary: 'Get the list of client connections',
    complexity: 'O(N) where N is the number of client connections',
    history: [
      ['2.8.12', 'Added unique client `id` field.'],
      ['5.0.0', 'Added optional `TYPE` filter.'],
      ['6.0.0', 'Added `user` field.'],
      ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
      ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
      ['7.0.3', 'Added `ssub` field.'],
    ],
    arguments: [
      oneof(
        'normal_master_replica_pubsub',
        [word('normal', 'NORMAL'), word('master', 'MASTER'), word('replica', 'REPLICA'), word('pubsub', 'PUBSUB')],
        {token: 'TYPE', since: '5.0.0', optional: true},
      ),
      block('id', [int('client-id', {multiple: true})], {token: 'ID', since: '6.2.0', optional: true}),
    ],
  },
  'client|no-evict': {
    summary: 'Set client eviction mode for the current connection',
    complexity: 'O(1)',
    arguments: [oneof('enabled', [word('on', 'ON'), word('off', 'OFF')])],
  },
  'client|pause': {
    summary: 'Stop processing commands from clients for some time',
    complexity: 'O(1)',
    history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
    arguments: [
      int('timeout'),
      oneof('mode', [word('write', 'WRITE'), word('all', 'ALL')], {since: '6.2.0', optional: true}),
    ],
  },
  'client|reply': {
    summary: 'Instruct the server whether to reply to commands',
    complexity: 'O(1)',
    arguments: [oneof('on_off_skip', [word('on', 'ON'), word('off', 'OFF'), word('skip', 'SKIP')])],
  },
  'client|setname': {
    summary: 'Set the current connection name',
    complexity: 'O(1)',
    arguments: [str('connection-name')],
  },
  'client|tracking': {
    summary: 'Enable or disable server assisted client side caching support',
    complexity: 'O(1). Some options may introduce additional complexity.',
    arguments: [
      oneof('status', [word('on', 'ON'), word('off', 'OFF')]),
      int('client-id', {token: 'REDIRECT', optional: true}),
      str('prefix', {token: 'PREFIX', optional: true, multiple: true, multipleToken: true}),
      word('bcast', 'BCAST', {optional: true}),
      word('optin', 'OPTIN', {optional: true}),
      word('optout', 'OPTOUT', {optional: true}),
      word('noloop', 'NOLOOP', {optional: true}),
    ],
  },
  'client|trackinginfo': {
    summary: 'Return information about server assisted client side caching for the current connection',
    complexity: 'O(1)',
  },
  'client|unblock': {
    summary: 'Unblock a client blocked in a blocking command from a different connection',
    complexity: 'O(log N) where N is the number of client connections',
    arguments: [
      int('client-id'),
      oneof('timeout_error', [word('timeout', 'TIMEOUT'), word('error', 'ERROR')], {optional: true}),
    ],
  },
  'client|unpause': {
    summary: 'Resume processing of clients that were paused',
    complexity: 'O(N) Where N is the number of paused clients',
  },
  echo: {summary: 'Echo the given string', complexity: 'O(1)', arguments: [str('message')]},
  hello: {
    summary: 'Handshake with Redis',
    complexity: 'O(1)',
    history: [
      [
        '6.2.0',
        "`protover` made optional; when called without arguments the command reports the current connection's context.",
      ],
    ],
    arguments: [
      block(
        'arguments',
        [
          int('protover'),
          block('username_password', [str('username'), str('password')], {token: 'AUTH', optional: true}),
          str('clientname', {token: 'SETNAME', optional: true}),
        ],
        {optional: true},
      ),
    ],
  },
  ping: {summary: 'Ping the server', complexity: 'O(1)', arguments: [str('message', {optional: true})]},
  quit: {summary: 'Close the connection', complexity: 'O(1)'},
  reset: {summary: 'Reset the connection', complexity: 'O(1)'},
  select: {
    summary: 'Change the selected database for the current connection',
    complexity: 'O(1)',
    arguments: [int('index')],
  },
}
