import type {CommandDocs} from '../command.js'
import {block, int, key, oneof, str, time, word} from './build.js'

export const streamDocs: Readonly<Record<string, CommandDocs>> = {
  xack: {
    summary:
      'Marks a pending message as correctly processed, effectively removing it from the pending entries list of the consumer group. Return value of the command is the number of messages successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL.',
    complexity: 'O(1) for each message ID processed.',
    arguments: [key('key', 0), str('group'), str('id', {multiple: true})],
  },
  xadd: {
    summary: 'Appends a new entry to a stream',
    complexity: 'O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.',
    history: [
      ['6.2.0', 'Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.'],
      ['7.0.0', 'Added support for the `<ms>-*` explicit ID form.'],
    ],
    arguments: [
      key('key', 0),
      word('nomkstream', 'NOMKSTREAM', {since: '6.2.0', optional: true}),
      block(
        'trim',
        [
          oneof('strategy', [word('maxlen', 'MAXLEN'), word('minid', 'MINID', {since: '6.2.0'})]),
          oneof('operator', [word('equal', '='), word('approximately', '~')], {optional: true}),
          str('threshold'),
          int('count', {token: 'LIMIT', since: '6.2.0', optional: true}),
        ],
        {optional: true},
      ),
      oneof('id_or_auto', [word('auto_id', '*'), str('id')]),
      block('field_value', [str('field'), str('value')], {multiple: true}),
    ],
  },
  xautoclaim: {
    summary:
      'Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to the specified consumer.',
    complexity: 'O(1) if COUNT is small.',
    history: [
      ['7.0.0', 'Added an element to the reply array, containing deleted entries the command cleared from the PEL'],
    ],
    arguments: [
      key('key', 0),
      str('group'),
      str('consumer'),
      str('min-idle-time'),
      str('start'),
      int('count', {token: 'COUNT', optional: true}),
      word('justid', 'JUSTID', {optional: true}),
    ],
  },
  xclaim: {
    summary:
      'Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to the specified consumer.',
    complexity: 'O(log N) with N being the number of messages in the PEL of the consumer group.',
    arguments: [
      key('key', 0),
      str('group'),
      str('consumer'),
      str('min-idle-time'),
      str('id', {multiple: true}),
      int('ms', {token: 'IDLE', optional: true}),
      time('unix-time-milliseconds', {token: 'TIME', optional: true}),
      int('count', {token: 'RETRYCOUNT', optional: true}),
      word('force', 'FORCE', {optional: true}),
      word('justid', 'JUSTID', {optional: true}),
      str('id', {token: 'LASTID', optional: true}),
    ],
  },
  xdel: {
    summary:
      'Removes the specified entries from the stream. Returns the number of items actually deleted, that may be different from the number of IDs passed in case certain IDs do not exist.',
    complexity: 'O(1) for each single item to delete in the stream, regardless of the stream size.',
    arguments: [key('key', 0), str('id', {multiple: true})],
  },
  xgroup: {summary: 'A container for consumer groups commands', complexity: 'Depends on subcommand.'},
  'xgroup|create': {
    summary: 'Create a consumer group.',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries_read` named argument.']],
    arguments: [
      key('key', 0),
      str('groupname'),
      oneof('id', [str('id'), word('new_id', '$')]),
      word('mkstream', 'MKSTREAM', {optional: true}),
      int('entries_read', {token: 'ENTRIESREAD', optional: true}),
    ],
  },
  'xgroup|createconsumer': {
    summary: 'Create a consumer in a consumer group.',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('groupname'), str('consumername')],
  },
  'xgroup|delconsumer': {
    summary: 'Delete a consumer from a consumer group.',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('groupname'), str('consumername')],
  },
  'xgroup|destroy': {
    summary: 'Destroy a consumer group.',
    complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
    arguments: [key('key', 0), str('groupname')],
  },
  'xgroup|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'xgroup|setid': {
    summary: 'Set a consumer group to an arbitrary last delivered ID value.',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the optional `entries_read` argument.']],
    arguments: [
      key('key', 0),
      str('groupname'),
      oneof('id', [str('id'), word('new_id', '$')]),
      int('entries_read', {token: 'ENTRIESREAD', optional: true}),
    ],
  },
  xinfo: {summary: 'A container for stream introspection commands', complexity: 'Depends on subcommand.'},
  'xinfo|consumers': {
    summary: 'List the consumers in a consumer group',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('groupname')],
  },
  'xinfo|groups': {
    summary: 'List the consumer groups of a stream',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries-read` and `lag` fields']],
    arguments: [key('key', 0)],
  },
  'xinfo|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'xinfo|stream': {
    summary: 'Get information about a stream',
    complexity: 'O(1)',
    history: [
      ['6.0.0', 'Added the `FULL` modifier.'],
      [
        '7.0.0',
        'Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields',
      ],
    ],
    arguments: [
      key('key', 0),
      block('full', [int('count', {token: 'COUNT', optional: true})], {token: 'FULL', optional: true}),
    ],
  },
  xlen: {summary: 'Return the number of entries in a stream', complexity: 'O(1)', arguments: [key('key', 0)]},
  xpending: {
    summary:
      'Return information and entries from a stream consumer group pending entries list, that are messages fetched but never acknowledged.',
    complexity:
      'O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.',
    history: [['6.2.0', 'Added the `IDLE` option and exclusive range intervals.']],
    arguments: [
      key('key', 0),
      str('group'),
      block(
        'filters',
        [
          int('min-idle-time', {token: 'IDLE', since: '6.2.0', optional: true}),
          str('start'),
          str('end'),
          int('count'),
          str('consumer', {optional: true}),
        ],
        {optional: true},
      ),
    ],
  },
  xrange: {
    summary: 'Return a range of elements in a stream, with IDs matching the specified IDs interval',
    complexity:
      'O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    history: [['6.2.0', 'Added exclusive ranges.']],
    arguments: [key('key', 0), str('start'), str('end'), int('count', {token: 'COUNT', optional: true})],
  },
  xread: {
    summary:
      'Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller for each stream. Can block.',
    complexity:
      'For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.',
    arguments: [
      int('count', {token: 'COUNT', optional: true}),
      int('milliseconds', {token: 'BLOCK', optional: true}),
      block('streams', [key('key', 0, {multiple: true}), str('id', {multiple: true})], {token: 'STREAMS'}),
    ],
  },
  xreadgroup: {
    summary:
      'Return new entries from a stream using a consumer group, or access the history of the pending entries for a given consumer. Can block.',
    complexity:
      'For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.',
    arguments: [
      block('group_consumer', [str('group'), str('consumer')], {token: 'GROUP'}),
      int('count', {token: 'COUNT', optional: true}),
      int('milliseconds', {token: 'BLOCK', optional: true}),
      word('noack', 'NOACK', {optional: true}),
      block('streams', [key('key', 0, {multiple: true}), str('id', {multiple: true})], {token: 'STREAMS'}),
    ],
  },
  xrevrange: {
    summary:
      'Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse order (from greater to smaller IDs) compared to XRANGE',
    complexity:
      'O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    history: [['6.2.0', 'Added exclusive ranges.']],
    arguments: [key('key', 0), str('end'), str('start'), int('count', {token: 'COUNT', optional: true})],
  },
  xsetid: {
    summary: 'An internal command for replicating stream values',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries_added` and `max_deleted_entry_id` arguments.']],
    arguments: [
      key('key', 0),
      str('last-id'),
      int('entries_added', {token: 'ENTRIESADDED', since: '7.0.0', optional: true}),
      str('max_deleted_entry_id', {token: 'MAXDELETEDID', since: '7.0.0', optional: true}),
    ],
  },
  xtrim: {
    summary: "Trims the stream to (approximately if '~' is passed) a certain size",
    complexity:
      'O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.',
    history: [['6.2.0', 'Added the `MINID` trimming strategy and the `LIMIT` option.']],
    arguments: [
      key('key', 0),
      block('trim', [
        oneof('strategy', [word('maxlen', 'MAXLEN'), word('minid', 'MINID', {since: '6.2.0'})]),
        oneof('operator', [word('equal', '='), word('approximately', '~')], {optional: true}),
        str('threshold'),
        int('count', {token: 'LIMIT', since: '6.2.0', optional: true}),
      ]),
    ],
  },
}
