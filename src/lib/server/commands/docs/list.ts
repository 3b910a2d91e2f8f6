import type {CommandDocs} from '../command.js'
import {double, int, key, oneof, str, word} from './build.js'

export const listDocs: Readonly<Record<string, CommandDocs>> = {
  blmove: {
    summary: 'Pop an element from a list, push it to another list and return it; or block until one is available',
    complexity: 'O(1)',
    arguments: [
      key('source', 0),
      key('destination', 1),
      oneof('wherefrom', [word('left', 'LEFT'), word('right', 'RIGHT')]),
      oneof('whereto', [word('left', 'LEFT'), word('right', 'RIGHT')]),
      double('timeout'),
    ],
  },
  blmpop: {
    summary: 'Pop elements from a list, or block until one is available',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    arguments: [
      double('timeout'),
      int('numkeys'),
      key('key', 0, {multiple: true}),
      oneof('where', [word('left', 'LEFT'), word('right', 'RIGHT')]),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  blpop: {
    summary: 'Remove and get the first element in a list, or block until one is available',
    complexity: 'O(N) where N is the number of provided keys.',
    history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
    arguments: [key('key', 0, {multiple: true}), double('timeout')],
  },
  brpop: {
    summary: 'Remove and get the last element in a list, or block until one is available',
    complexity: 'O(N) where N is the number of provided keys.',
    history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
    arguments: [key('key', 0, {multiple: true}), double('timeout')],
  },
  brpoplpush: {
    summary: 'Pop an element from a list, push it to another list and return it; or block until one is available',
    complexity: 'O(1)',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments',
    history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
    arguments: [key('source', 0), key('destination', 1), double('timeout')],
  },
  lindex: {
    summary: 'Get an element from a list by its index',
    complexity:
      'O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).',
    arguments: [key('key', 0), int('index')],
  },
  linsert: {
    summary: 'Insert an element before or after another element in a list',
    complexity:
      'O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).',
    arguments: [
      key('key', 0),
      oneof('where', [word('before', 'BEFORE'), word('after', 'AFTER')]),
      str('pivot'),
      str('element'),
    ],
  },
  llen: {summary: 'Get the length of a list', complexity: 'O(1)', arguments: [key('key', 0)]},
  lmove: {
    summary: 'Pop an element from a list, push it to another list and return it',
    complexity: 'O(1)',
    arguments: [
      key('source', 0),
      key('destination', 1),
      oneof('wherefrom', [word('left', 'LEFT'), word('right', 'RIGHT')]),
      oneof('whereto', [word('left', 'LEFT'), word('right', 'RIGHT')]),
    ],
  },
  lmpop: {
    summary: 'Pop elements from a list',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    arguments: [
      int('numkeys'),
      key('key', 0, {multiple: true}),
      oneof('where', [word('left', 'LEFT'), word('right', 'RIGHT')]),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  lpop: {
    summary: 'Remove and get the first elements in a list',
    complexity: 'O(N) where N is the number of elements returned',
    history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [key('key', 0), int('count', {since: '6.2.0', optional: true})],
  },
  lpos: {
    summary: 'Return the index of matching elements on a list',
    complexity:
      'O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.',
    arguments: [
      key('key', 0),
      str('element'),
      int('rank', {token: 'RANK', optional: true}),
      int('num-matches', {token: 'COUNT', optional: true}),
      int('len', {token: 'MAXLEN', optional: true}),
    ],
  },
  lpush: {
    summary: 'Prepend one or multiple elements to a list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    arguments: [key('key', 0), str('element', {multiple: true})],
  },
  lpushx: {
    summary: 'Prepend an element to a list, only if the list exists',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    arguments: [key('key', 0), str('element', {multiple: true})],
  },
  lrange: {
    summary: 'Get a range of elements from a list',
    complexity:
      'O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.',
    arguments: [key('key', 0), int('start'), int('stop')],
  },
  lrem: {
    summary: 'Remove elements from a list',
    complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
    arguments: [key('key', 0), int('count'), str('element')],
  },
  lset: {
    summary: 'Set the value of an element in a list by its index',
    complexity:
      'O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).',
    arguments: [key('key', 0), int('index'), str('element')],
  },
  ltrim: {
    summary: 'Trim a list to the specified range',
    complexity: 'O(N) where N is the number of elements to be removed by the operation.',
    arguments: [key('key', 0), int('start'), int('stop')],
  },
  rpop: {
    summary: 'Remove and get the last elements in a list',
    complexity: 'O(N) where N is the number of elements returned',
    history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [key('key', 0), int('count', {since: '6.2.0', optional: true})],
  },
  rpoplpush: {
    summary: 'Remove the last element in a list, prepend it to another list and return it',
    complexity: 'O(1)',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments',
    arguments: [key('source', 0), key('destination', 1)],
  },
  rpush: {
    summary: 'Append one or multiple elements to a list',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    arguments: [key('key', 0), str('element', {multiple: true})],
  },
  rpushx: {
    summary: 'Append an element to a list, only if the list exists',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    arguments: [key('key', 0), str('element', {multiple: true})],
  },
}
