import type {ArgumentDocs, CommandDocs} from '../command.js'
import {block, int, key, oneof, pattern, str, time, word} from './build.js'

/** Of SORT's options: the names of keys that its second spec is about. */
function keyPattern(extras: Parameters<typeof pattern>[1]): ArgumentDocs {
  return {...pattern('pattern', extras), keySpecIndex: 1}
}

export const genericDocs: Readonly<Record<string, CommandDocs>> = {
  copy: {
    summary: 'Copy a key',
    complexity: 'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
    arguments: [
      key('source', 0),
      key('destination', 1),
      int('destination-db', {token: 'DB', optional: true}),
      word('replace', 'REPLACE', {optional: true}),
    ],
  },
  del: {
    summary: 'Delete a key',
    complexity:
      'O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).',
    arguments: [key('key', 0, {multiple: true})],
  },
  dump: {
    summary: 'Return a serialized version of the value stored at the specified key.',
    complexity:
      'O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).',
    arguments: [key('key', 0)],
  },
  exists: {
    summary: 'Determine if a key exists',
    complexity: 'O(N) where N is the number of keys to check.',
    history: [['3.0.3', 'Accepts multiple `key` arguments.']],
    arguments: [key('key', 0, {multiple: true})],
  },
  expire: {
    summary: "Set a key's time to live in seconds",
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      key('key', 0),
      int('seconds'),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX'), word('gt', 'GT'), word('lt', 'LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
  },
  expireat: {
    summary: 'Set the expiration for a key as a UNIX timestamp',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      key('key', 0),
      time('unix-time-seconds'),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX'), word('gt', 'GT'), word('lt', 'LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
  },
  expiretime: {summary: 'Get the expiration Unix timestamp for a key', complexity: 'O(1)', arguments: [key('key', 0)]},
  keys: {
    summary: 'Find all keys matching the given pattern',
    complexity:
      'O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.',
    arguments: [pattern('pattern')],
  },
  migrate: {
    summary: 'Atomically transfer a key from a Redis instance to another one.',
    complexity:
      'This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.',
    history: [
      ['3.0.0', 'Added the `COPY` and `REPLACE` options.'],
      ['3.0.6', 'Added the `KEYS` option.'],
      ['4.0.7', 'Added the `AUTH` option.'],
      ['6.0.0', 'Added the `AUTH2` option.'],
    ],
    arguments: [
      str('host'),
      int('port'),
      oneof('key_or_empty_string', [key('key', 0), word('empty_string', '')]),
      int('destination-db'),
      int('timeout'),
      word('copy', 'COPY', {since: '3.0.0', optional: true}),
      word('replace', 'REPLACE', {since: '3.0.0', optional: true}),
      oneof(
        'authentication',
        [
          str('password', {token: 'AUTH', since: '4.0.7', optional: true}),
          block('username_password', [str('username'), str('password')], {
            token: 'AUTH2',
            since: '6.0.0',
            optional: true,
          }),
        ],
        {optional: true},
      ),
      key('key', 1, {token: 'KEYS', since: '3.0.6', optional: true, multiple: true}),
    ],
  },
  move: {summary: 'Move a key to another database', complexity: 'O(1)', arguments: [key('key', 0), int('db')]},
  object: {summary: 'A container for object introspection commands', complexity: 'Depends on subcommand.'},
  'object|encoding': {
    summary: 'Inspect the internal encoding of a Redis object',
    complexity: 'O(1)',
    arguments: [key('key', 0)],
  },
  'object|freq': {
    summary: 'Get the logarithmic access frequency counter of a Redis object',
    complexity: 'O(1)',
    arguments: [key('key', 0)],
  },
  'object|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'object|idletime': {
    summary: 'Get the time since a Redis object was last accessed',
    complexity: 'O(1)',
    arguments: [key('key', 0)],
  },
  'object|refcount': {
    summary: 'Get the number of references to the value of the key',
    complexity: 'O(1)',
    arguments: [key('key', 0)],
  },
  persist: {summary: 'Remove the expiration from a key', complexity: 'O(1)', arguments: [key('key', 0)]},
  pexpire: {
    summary: "Set a key's time to live in milliseconds",
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      key('key', 0),
      int('milliseconds'),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX'), word('gt', 'GT'), word('lt', 'LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
  },
  pexpireat: {
    summary: 'Set the expiration for a key as a UNIX timestamp specified in milliseconds',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      key('key', 0),
      time('unix-time-milliseconds'),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX'), word('gt', 'GT'), word('lt', 'LT')], {
        since: '7.0.0',
        optional: true,
      }),
    ],
  },
  pexpiretime: {
    summary: 'Get the expiration Unix timestamp for a key in milliseconds',
    complexity: 'O(1)',
    arguments: [key('key', 0)],
  },
  pttl: {
    summary: 'Get the time to live for a key in milliseconds',
    complexity: 'O(1)',
    history: [['2.8.0', 'Added the -2 reply.']],
    arguments: [key('key', 0)],
  },
  randomkey: {summary: 'Return a random key from the keyspace', complexity: 'O(1)'},
  rename: {summary: 'Rename a key', complexity: 'O(1)', arguments: [key('key', 0), key('newkey', 1)]},
  renamenx: {
    summary: 'Rename a key, only if the new key does not exist',
    complexity: 'O(1)',
    history: [['3.2.0', 'The command no longer returns an error when source and destination names are the same.']],
    arguments: [key('key', 0), key('newkey', 1)],
  },
  restore: {
    summary: 'Create a key using the provided serialized value, previously obtained using DUMP.',
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    arguments: [
      key('key', 0),
      int('ttl'),
      str('serialized-value'),
      word('replace', 'REPLACE', {since: '3.0.0', optional: true}),
      word('absttl', 'ABSTTL', {since: '5.0.0', optional: true}),
      int('seconds', {token: 'IDLETIME', since: '5.0.0', optional: true}),
      int('frequency', {token: 'FREQ', since: '5.0.0', optional: true}),
    ],
  },
  'restore-asking': {
    summary: 'An internal command for migrating keys in a cluster',
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    docFlags: ['syscmd'],
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    arguments: [
      key('key', 0),
      int('ttl'),
      str('serialized-value'),
      word('replace', 'REPLACE', {since: '3.0.0', optional: true}),
      word('absttl', 'ABSTTL', {since: '5.0.0', optional: true}),
      int('seconds', {token: 'IDLETIME', since: '5.0.0', optional: true}),
      int('frequency', {token: 'FREQ', since: '5.0.0', optional: true}),
    ],
  },
  scan: {
    summary: 'Incrementally iterate the keys space',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    arguments: [
      int('cursor'),
      pattern('pattern', {token: 'MATCH', optional: true}),
      int('count', {token: 'COUNT', optional: true}),
      str('type', {token: 'TYPE', since: '6.0.0', optional: true}),
    ],
  },
  touch: {
    summary: 'Alters the last access time of a key(s). Returns the number of existing keys specified.',
    complexity: 'O(N) where N is the number of keys that will be touched.',
    arguments: [key('key', 0, {multiple: true})],
  },
  ttl: {
    summary: 'Get the time to live for a key in seconds',
    complexity: 'O(1)',
    history: [['2.8.0', 'Added the -2 reply.']],
    arguments: [key('key', 0)],
  },
  type: {summary: 'Determine the type stored at key', complexity: 'O(1)', arguments: [key('key', 0)]},
  unlink: {
    summary: 'Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.',
    complexity:
      'O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.',
    arguments: [key('key', 0, {multiple: true})],
  },
  sort: {
    summary: 'Sort the elements in a list, set or sorted set',
    complexity:
      'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
    arguments: [
      key('key', 0),
      keyPattern({token: 'BY', optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
      keyPattern({token: 'GET', optional: true, multiple: true, multipleToken: true}),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      word('sorting', 'ALPHA', {optional: true}),
      key('destination', 2, {token: 'STORE', optional: true}),
    ],
  },
  sort_ro: {
    summary: 'Sort the elements in a list, set or sorted set. Read-only variant of SORT.',
    complexity:
      'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
    arguments: [
      key('key', 0),
      keyPattern({token: 'BY', optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
      keyPattern({token: 'GET', optional: true, multiple: true, multipleToken: true}),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      word('sorting', 'ALPHA', {optional: true}),
    ],
  },
  wait: {
    summary:
      'Wait for the synchronous replication of all the write commands sent in the context of the current connection',
    complexity: 'O(1)',
    arguments: [int('numreplicas'), int('timeout')],
  },
}
