import type {CommandDocs} from '../command.js'
import {block, double, int, key, oneof, str, time, word} from './build.js'

export const stringDocs: Readonly<Record<string, CommandDocs>> = {
  append: {
    summary: 'Append a value to a key',
    complexity:
      'O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.',
    arguments: [key('key', 0), str('value')],
  },
  decr: {summary: 'Decrement the integer value of a key by one', complexity: 'O(1)', arguments: [key('key', 0)]},
  decrby: {
    summary: 'Decrement the integer value of a key by the given number',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('decrement')],
  },
  get: {summary: 'Get the value of a key', complexity: 'O(1)', arguments: [key('key', 0)]},
  getdel: {summary: 'Get the value of a key and delete the key', complexity: 'O(1)', arguments: [key('key', 0)]},
  getex: {
    summary: 'Get the value of a key and optionally set its expiration',
    complexity: 'O(1)',
    arguments: [
      key('key', 0),
      oneof(
        'expiration',
        [
          int('seconds', {token: 'EX'}),
          int('milliseconds', {token: 'PX'}),
          time('unix-time-seconds', {token: 'EXAT'}),
          time('unix-time-milliseconds', {token: 'PXAT'}),
          word('persist', 'PERSIST'),
        ],
        {optional: true},
      ),
    ],
  },
  getrange: {
    summary: 'Get a substring of the string stored at a key',
    complexity:
      'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.',
    arguments: [key('key', 0), int('start'), int('end')],
  },
  getset: {
    summary: 'Set the string value of a key and return its old value',
    complexity: 'O(1)',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`SET` with the `!GET` argument',
    arguments: [key('key', 0), str('value')],
  },
  incr: {summary: 'Increment the integer value of a key by one', complexity: 'O(1)', arguments: [key('key', 0)]},
  incrby: {
    summary: 'Increment the integer value of a key by the given amount',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('increment')],
  },
  incrbyfloat: {
    summary: 'Increment the float value of a key by the given amount',
    complexity: 'O(1)',
    arguments: [key('key', 0), double('increment')],
  },
  lcs: {
    summary: 'Find longest common substring',
    complexity: 'O(N*M) where N and M are the lengths of s1 and s2, respectively',
    arguments: [
      key('key1', 0),
      key('key2', 0),
      word('len', 'LEN', {optional: true}),
      word('idx', 'IDX', {optional: true}),
      int('len', {token: 'MINMATCHLEN', optional: true}),
      word('withmatchlen', 'WITHMATCHLEN', {optional: true}),
    ],
  },
  mget: {
    summary: 'Get the values of all the given keys',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    arguments: [key('key', 0, {multiple: true})],
  },
  mset: {
    summary: 'Set multiple keys to multiple values',
    complexity: 'O(N) where N is the number of keys to set.',
    arguments: [block('key_value', [key('key', 0), str('value')], {multiple: true})],
  },
  msetnx: {
    summary: 'Set multiple keys to multiple values, only if none of the keys exist',
    complexity: 'O(N) where N is the number of keys to set.',
    arguments: [block('key_value', [key('key', 0), str('value')], {multiple: true})],
  },
  psetex: {
    summary: 'Set the value and expiration in milliseconds of a key',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('milliseconds'), str('value')],
  },
  set: {
    summary: 'Set the string value of a key',
    complexity: 'O(1)',
    history: [
      ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
      ['6.0.0', 'Added the `KEEPTTL` option.'],
      ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
      ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
    ],
    arguments: [
      key('key', 0),
      str('value'),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX')], {since: '2.6.12', optional: true}),
      word('get', 'GET', {since: '6.2.0', optional: true}),
      oneof(
        'expiration',
        [
          int('seconds', {token: 'EX', since: '2.6.12'}),
          int('milliseconds', {token: 'PX', since: '2.6.12'}),
          time('unix-time-seconds', {token: 'EXAT', since: '6.2.0'}),
          time('unix-time-milliseconds', {token: 'PXAT', since: '6.2.0'}),
          word('keepttl', 'KEEPTTL', {since: '6.0.0'}),
        ],
        {optional: true},
      ),
    ],
  },
  setex: {
    summary: 'Set the value and expiration of a key',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('seconds'), str('value')],
  },
  setnx: {
    summary: 'Set the value of a key, only if the key does not exist',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('value')],
  },
  setrange: {
    summary: 'Overwrite part of a string at key starting at the specified offset',
    complexity:
      'O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.',
    arguments: [key('key', 0), int('offset'), str('value')],
  },
  strlen: {summary: 'Get the length of the value stored in a key', complexity: 'O(1)', arguments: [key('key', 0)]},
  substr: {
    summary: 'Get a substring of the string stored at a key',
    complexity:
      'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.',
    docFlags: ['deprecated'],
    deprecatedSince: '2.0.0',
    replacedBy: '`GETRANGE`',
    arguments: [key('key', 0), int('start'), int('end')],
  },
}
