import type {CommandDocs} from '../command.js'
import {block, double, int, key, oneof, pattern, str, word} from './build.js'

export const sortedSetDocs: Readonly<Record<string, CommandDocs>> = {
  bzmpop: {
    summary: 'Remove and return members with scores in a sorted set or block until one is available',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      double('timeout'),
      int('numkeys'),
      key('key', 0, {multiple: true}),
      oneof('where', [word('min', 'MIN'), word('max', 'MAX')]),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  bzpopmax: {
    summary:
      'Remove and return the member with the highest score from one or more sorted sets, or block until one is available',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
    arguments: [key('key', 0, {multiple: true}), double('timeout')],
  },
  bzpopmin: {
    summary:
      'Remove and return the member with the lowest score from one or more sorted sets, or block until one is available',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
    arguments: [key('key', 0, {multiple: true}), double('timeout')],
  },
  zadd: {
    summary: 'Add one or more members to a sorted set, or update its score if it already exists',
    complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    history: [
      ['2.4.0', 'Accepts multiple elements.'],
      ['3.0.2', 'Added the `XX`, `NX`, `CH` and `INCR` options.'],
      ['6.2.0', 'Added the `GT` and `LT` options.'],
    ],
    arguments: [
      key('key', 0),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX')], {since: '3.0.2', optional: true}),
      oneof('comparison', [word('gt', 'GT'), word('lt', 'LT')], {since: '6.2.0', optional: true}),
      word('change', 'CH', {since: '3.0.2', optional: true}),
      word('increment', 'INCR', {since: '3.0.2', optional: true}),
      block('score_member', [double('score'), str('member')], {multiple: true}),
    ],
  },
  zcard: {summary: 'Get the number of members in a sorted set', complexity: 'O(1)', arguments: [key('key', 0)]},
  zcount: {
    summary: 'Count the members in a sorted set with scores within the given values',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    arguments: [key('key', 0), double('min'), double('max')],
  },
  zdiff: {
    summary: 'Subtract multiple sorted sets',
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    arguments: [int('numkeys'), key('key', 0, {multiple: true}), word('withscores', 'WITHSCORES', {optional: true})],
  },
  zdiffstore: {
    summary: 'Subtract multiple sorted sets and store the resulting sorted set in a new key',
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    arguments: [key('destination', 0), int('numkeys'), key('key', 1, {multiple: true})],
  },
  zincrby: {
    summary: 'Increment the score of a member in a sorted set',
    complexity: 'O(log(N)) where N is the number of elements in the sorted set.',
    arguments: [key('key', 0), int('increment'), str('member')],
  },
  zinter: {
    summary: 'Intersect multiple sorted sets',
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    arguments: [
      int('numkeys'),
      key('key', 0, {multiple: true}),
      int('weight', {token: 'WEIGHTS', optional: true, multiple: true}),
      oneof('aggregate', [word('sum', 'SUM'), word('min', 'MIN'), word('max', 'MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
      word('withscores', 'WITHSCORES', {optional: true}),
    ],
  },
  zintercard: {
    summary: 'Intersect multiple sorted sets and return the cardinality of the result',
    complexity:
      'O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.',
    arguments: [int('numkeys'), key('key', 0, {multiple: true}), int('limit', {token: 'LIMIT', optional: true})],
  },
  zinterstore: {
    summary: 'Intersect multiple sorted sets and store the resulting sorted set in a new key',
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    arguments: [
      key('destination', 0),
      int('numkeys'),
      key('key', 1, {multiple: true}),
      int('weight', {token: 'WEIGHTS', optional: true, multiple: true}),
      oneof('aggregate', [word('sum', 'SUM'), word('min', 'MIN'), word('max', 'MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
    ],
  },
  zlexcount: {
    summary: 'Count the number of members in a sorted set between a given lexicographical range',
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    arguments: [key('key', 0), str('min'), str('max')],
  },
  zmpop: {
    summary: 'Remove and return members with scores in a sorted set',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [
      int('numkeys'),
      key('key', 0, {multiple: true}),
      oneof('where', [word('min', 'MIN'), word('max', 'MAX')]),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  zmscore: {
    summary: 'Get the score associated with the given members in a sorted set',
    complexity: 'O(N) where N is the number of members being requested.',
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  zpopmax: {
    summary: 'Remove and return members with the highest scores in a sorted set',
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [key('key', 0), int('count', {optional: true})],
  },
  zpopmin: {
    summary: 'Remove and return members with the lowest scores in a sorted set',
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    arguments: [key('key', 0), int('count', {optional: true})],
  },
  zrandmember: {
    summary: 'Get one or multiple random elements from a sorted set',
    complexity: 'O(N) where N is the number of elements returned',
    arguments: [
      key('key', 0),
      block('options', [int('count'), word('withscores', 'WITHSCORES', {optional: true})], {optional: true}),
    ],
  },
  zrange: {
    summary: 'Return a range of members in a sorted set',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    history: [['6.2.0', 'Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.']],
    arguments: [
      key('key', 0),
      str('start'),
      str('stop'),
      oneof('sortby', [word('byscore', 'BYSCORE'), word('bylex', 'BYLEX')], {since: '6.2.0', optional: true}),
      word('rev', 'REV', {since: '6.2.0', optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', since: '6.2.0', optional: true}),
      word('withscores', 'WITHSCORES', {optional: true}),
    ],
  },
  zrangebylex: {
    summary: 'Return a range of members in a sorted set, by lexicographical range',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `BYLEX` argument',
    arguments: [
      key('key', 0),
      str('min'),
      str('max'),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
    ],
  },
  zrangebyscore: {
    summary: 'Return a range of members in a sorted set, by score',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `BYSCORE` argument',
    history: [['2.0.0', 'Added the `WITHSCORES` modifier.']],
    arguments: [
      key('key', 0),
      double('min'),
      double('max'),
      word('withscores', 'WITHSCORES', {since: '2.0.0', optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
    ],
  },
  zrangestore: {
    summary: 'Store a range of members from sorted set into another key',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.',
    arguments: [
      key('dst', 0),
      key('src', 1),
      str('min'),
      str('max'),
      oneof('sortby', [word('byscore', 'BYSCORE'), word('bylex', 'BYLEX')], {optional: true}),
      word('rev', 'REV', {optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
    ],
  },
  zrank: {
    summary: 'Determine the index of a member in a sorted set',
    complexity: 'O(log(N))',
    arguments: [key('key', 0), str('member')],
  },
  zrem: {
    summary: 'Remove one or more members from a sorted set',
    complexity:
      'O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.',
    history: [['2.4.0', 'Accepts multiple elements.']],
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  zremrangebylex: {
    summary: 'Remove all members in a sorted set between the given lexicographical range',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [key('key', 0), str('min'), str('max')],
  },
  zremrangebyrank: {
    summary: 'Remove all members in a sorted set within the given indexes',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [key('key', 0), int('start'), int('stop')],
  },
  zremrangebyscore: {
    summary: 'Remove all members in a sorted set within the given scores',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
    arguments: [key('key', 0), double('min'), double('max')],
  },
  zrevrange: {
    summary: 'Return a range of members in a sorted set, by index, with scores ordered from high to low',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` argument',
    arguments: [key('key', 0), int('start'), int('stop'), word('withscores', 'WITHSCORES', {optional: true})],
  },
  zrevrangebylex: {
    summary:
      'Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments',
    arguments: [
      key('key', 0),
      str('max'),
      str('min'),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
    ],
  },
  zrevrangebyscore: {
    summary: 'Return a range of members in a sorted set, by score, with scores ordered from high to low',
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments',
    history: [['2.1.6', '`min` and `max` can be exclusive.']],
    arguments: [
      key('key', 0),
      double('max'),
      double('min'),
      word('withscores', 'WITHSCORES', {optional: true}),
      block('offset_count', [int('offset'), int('count')], {token: 'LIMIT', optional: true}),
    ],
  },
  zrevrank: {
    summary: 'Determine the index of a member in a sorted set, with scores ordered from high to low',
    complexity: 'O(log(N))',
    arguments: [key('key', 0), str('member')],
  },
  zscan: {
    summary: 'Incrementally iterate sorted sets elements and associated scores',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      key('key', 0),
      int('cursor'),
      pattern('pattern', {token: 'MATCH', optional: true}),
      int('count', {token: 'COUNT', optional: true}),
    ],
  },
  zscore: {
    summary: 'Get the score associated with the given member in a sorted set',
    complexity: 'O(1)',
    arguments: [key('key', 0), str('member')],
  },
  zunion: {
    summary: 'Add multiple sorted sets',
    complexity:
      'O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    arguments: [
      int('numkeys'),
      key('key', 0, {multiple: true}),
      int('weight', {token: 'WEIGHTS', optional: true, multiple: true}),
      oneof('aggregate', [word('sum', 'SUM'), word('min', 'MIN'), word('max', 'MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
      word('withscores', 'WITHSCORES', {optional: true}),
    ],
  },
  zunionstore: {
    summary: 'Add multiple sorted sets and store the resulting sorted set in a new key',
    complexity:
      'O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    arguments: [
      key('destination', 0),
      int('numkeys'),
      key('key', 1, {multiple: true}),
      int('weight', {token: 'WEIGHTS', optional: true, multiple: true}),
      oneof('aggregate', [word('sum', 'SUM'), word('min', 'MIN'), word('max', 'MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
    ],
  },
}
