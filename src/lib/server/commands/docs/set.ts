import type {CommandDocs} from '../command.js'
import {int, key, pattern, str} from './build.js'

export const setDocs: Readonly<Record<string, CommandDocs>> = {
  sadd: {
    summary: 'Add one or more members to a set',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `member` arguments.']],
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  scard: {summary: 'Get the number of members in a set', complexity: 'O(1)', arguments: [key('key', 0)]},
  sdiff: {
    summary: 'Subtract multiple sets',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [key('key', 0, {multiple: true})],
  },
  sdiffstore: {
    summary: 'Subtract multiple sets and store the resulting set in a key',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [key('destination', 0), key('key', 1, {multiple: true})],
  },
  sinter: {
    summary: 'Intersect multiple sets',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [key('key', 0, {multiple: true})],
  },
  sintercard: {
    summary: 'Intersect multiple sets and return the cardinality of the result',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [int('numkeys'), key('key', 0, {multiple: true}), int('limit', {token: 'LIMIT', optional: true})],
  },
  sinterstore: {
    summary: 'Intersect multiple sets and store the resulting set in a key',
    complexity: 'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    arguments: [key('destination', 0), key('key', 1, {multiple: true})],
  },
  sismember: {
    summary: 'Determine if a given value is a member of a set',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('member')],
  },
  smembers: {
    summary: 'Get all the members in a set',
    complexity: 'O(N) where N is the set cardinality.',
    arguments: [key('key', 0)],
  },
  smismember: {
    summary: 'Returns the membership associated with the given elements for a set',
    complexity: 'O(N) where N is the number of elements being checked for membership',
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  smove: {
    summary: 'Move a member from one set to another',
    complexity: 'O(1)',
    arguments: [key('source', 0), key('destination', 1), str('member')],
  },
  spop: {
    summary: 'Remove and return one or multiple random members from a set',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
    history: [['3.2.0', 'Added the `count` argument.']],
    arguments: [key('key', 0), int('count', {since: '3.2.0', optional: true})],
  },
  srandmember: {
    summary: 'Get one or multiple random members from a set',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.',
    history: [['2.6.0', 'Added the optional `count` argument.']],
    arguments: [key('key', 0), int('count', {since: '2.6.0', optional: true})],
  },
  srem: {
    summary: 'Remove one or more members from a set',
    complexity: 'O(N) where N is the number of members to be removed.',
    history: [['2.4.0', 'Accepts multiple `member` arguments.']],
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  sscan: {
    summary: 'Incrementally iterate Set elements',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      key('key', 0),
      int('cursor'),
      pattern('pattern', {token: 'MATCH', optional: true}),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  sunion: {
    summary: 'Add multiple sets',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [key('key', 0, {multiple: true})],
  },
  sunionstore: {
    summary: 'Add multiple sets and store the resulting set in a key',
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    arguments: [key('destination', 0), key('key', 1, {multiple: true})],
  },
}
