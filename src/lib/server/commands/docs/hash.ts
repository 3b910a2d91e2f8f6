import type {CommandDocs} from '../command.js'
import {block, double, int, key, pattern, str, word} from './build.js'

export const hashDocs: Readonly<Record<string, CommandDocs>> = {
  hdel: {
    summary: 'Delete one or more hash fields',
    complexity: 'O(N) where N is the number of fields to be removed.',
    history: [['2.4.0', 'Accepts multiple `field` arguments.']],
    arguments: [key('key', 0), str('field', {multiple: true})],
  },
  hexists: {summary: 'Determine if a hash field exists', complexity: 'O(1)', arguments: [key('key', 0), str('field')]},
  hget: {summary: 'Get the value of a hash field', complexity: 'O(1)', arguments: [key('key', 0), str('field')]},
  hgetall: {
    summary: 'Get all the fields and values in a hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [key('key', 0)],
  },
  hincrby: {
    summary: 'Increment the integer value of a hash field by the given number',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('field'), int('increment')],
  },
  hincrbyfloat: {
    summary: 'Increment the float value of a hash field by the given amount',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('field'), double('increment')],
  },
  hkeys: {
    summary: 'Get all the fields in a hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [key('key', 0)],
  },
  hlen: {summary: 'Get the number of fields in a hash', complexity: 'O(1)', arguments: [key('key', 0)]},
  hmget: {
    summary: 'Get the values of all the given hash fields',
    complexity: 'O(N) where N is the number of fields being requested.',
    arguments: [key('key', 0), str('field', {multiple: true})],
  },
  hmset: {
    summary: 'Set multiple hash fields to multiple values',
    complexity: 'O(N) where N is the number of fields being set.',
    docFlags: ['deprecated'],
    deprecatedSince: '4.0.0',
    replacedBy: '`HSET` with multiple field-value pairs',
    arguments: [key('key', 0), block('field_value', [str('field'), str('value')], {multiple: true})],
  },
  hrandfield: {
    summary: 'Get one or multiple random fields from a hash',
    complexity: 'O(N) where N is the number of fields returned',
    arguments: [
      key('key', 0),
      block('options', [int('count'), word('withvalues', 'WITHVALUES', {optional: true})], {optional: true}),
    ],
  },
  hscan: {
    summary: 'Incrementally iterate hash fields and associated values',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      key('key', 0),
      int('cursor'),
      pattern('pattern', {token: 'MATCH', optional: true}),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  hset: {
    summary: 'Set the string value of a hash field',
    complexity:
      'O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.',
    history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']],
    arguments: [key('key', 0), block('field_value', [str('field'), str('value')], {multiple: true})],
  },
  hsetnx: {
    summary: 'Set the value of a hash field, only if the field does not exist',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('field'), str('value')],
  },
  hstrlen: {
    summary: 'Get the length of the value of a hash field',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('field')],
  },
  hvals: {
    summary: 'Get all the values in a hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [key('key', 0)],
  },
}
