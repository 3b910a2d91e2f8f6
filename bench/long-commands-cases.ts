import {send} from './keys.js'

/** What a client may ask for that takes as long as a value or the keyspace is big. */

export interface Case {
  /** As the table shows it; `argv` joined by spaces if left out. */
  readonly what?: string
  readonly argv: readonly string[]
  /** Not measured; run before every measurement. */
  readonly before?: readonly (readonly string[])[]
  /** Where `argv` has PAYLOAD, the DUMP of this key is put. */
  readonly dumped?: string
}

export interface Group {
  readonly name: string
  /** Elements for each of `count` asked for. */
  readonly prepare: (port: number, count: number) => Promise<void>
  readonly cases: (count: number) => readonly Case[]
}

/** See {@link Case.dumped}. */
export const PAYLOAD = '\0payload'
/** The port of a second server of the same kind, for MIGRATE. */
export const TARGET_PORT = '\0port'

const PER_COMMAND = 500
/** JavaScript's longest string is 24 bytes short of 512 MiB; this is what both servers hold. */
const STRING_BYTES = 511 * 1024 * 1024

function* inBatches(count: number, head: readonly string[], element: (i: number) => readonly string[], from = 0) {
  for (let i = from; i < from + count; i += PER_COMMAND) {
    const argv = [...head]
    for (let j = i; j < Math.min(i + PER_COMMAND, from + count); j++) argv.push(...element(j))
    yield argv
  }
}

/** By a script, because XADD answers in two lines. */
const ADD_ENTRIES = `for i = ARGV[1], ARGV[2] do
  redis.call('XADD', 'big', i .. '-0', 'field', 'value:' .. i)
end
return 1`

const spaced = (line: string): readonly string[] => line.split(' ')
const plain = (...lines: readonly string[]): Case[] => lines.map((line) => ({argv: spaced(line)}))
/** On a copy, made anew for every measurement. */
const onCopy = (...lines: readonly string[]): Case[] =>
  lines.map((line) => ({argv: spaced(line), before: [['COPY', 'big', 'work', 'REPLACE']]}))

/** What every type has. */
function asAWhole(): Case[] {
  return [
    ...plain('COPY big work REPLACE', 'DUMP big'),
    {argv: ['RESTORE', 'work', '0', PAYLOAD], before: [['UNLINK', 'work']], dumped: 'big', what: 'RESTORE work'},
    {
      argv: ['MIGRATE', '127.0.0.1', TARGET_PORT, 'big', '0', '60000', 'COPY', 'REPLACE'],
      what: 'MIGRATE big COPY REPLACE',
    },
    ...onCopy('DEL work', 'UNLINK work'),
    {
      argv: ['RENAME', 'small', 'work'],
      before: [
        ['COPY', 'big', 'work', 'REPLACE'],
        ['SET', 'small', '1'],
      ],
      what: 'RENAME onto a big key',
    },
    ...plain('MEMORY USAGE big SAMPLES 0', 'DEBUG DIGEST-VALUE big'),
  ]
}

const list: Group = {
  name: 'list',
  async prepare(port, count) {
    await send(
      port,
      inBatches(count, ['RPUSH', 'big'], (i) => [`element:${i}`]),
    )
    await send(
      port,
      inBatches(count, ['RPUSH', 'twos'], (i) => [`element:${i % 2}`]),
    )
  },
  cases: (count) => [
    ...plain('LRANGE big 0 -1', `LINDEX big ${count / 2}`, 'LPOS big none', 'LPOS twos element:1 COUNT 0'),
    ...onCopy(
      `LINSERT work BEFORE element:${count / 2} x`,
      `LSET work ${count / 2} x`,
      'LREM work 0 none',
      `LREM work 0 element:${count / 2}`,
      `LTRIM work 0 ${count / 2}`,
      `LPOP work ${count}`,
    ),
    {argv: spaced('LREM work 0 element:1'), before: [['COPY', 'twos', 'work', 'REPLACE']], what: 'LREM of every other'},
    ...plain('SORT big ALPHA', 'SORT big BY nosort STORE work', 'SORT big ALPHA LIMIT 0 10'),
    ...asAWhole(),
  ],
}

const set: Group = {
  name: 'set',
  async prepare(port, count) {
    await send(
      port,
      inBatches(count, ['SADD', 'big'], (i) => [`member:${i}`]),
    )
    await send(
      port,
      inBatches(count, ['SADD', 'half'], (i) => [`member:${i}`], count / 2),
    )
  },
  cases: (count) => [
    ...plain('SMEMBERS big', `SSCAN big 0 COUNT ${count}`, 'SINTER big half', 'SINTERCARD 2 big half'),
    ...plain('SUNION big half', 'SDIFF big half', 'SINTERSTORE work big half', 'SUNIONSTORE work big half'),
    ...plain('SDIFFSTORE work big half', `SRANDMEMBER big ${count / 2}`, `SRANDMEMBER big -${count}`),
    ...onCopy(`SPOP work ${count / 2}`, `SPOP work ${count - 10}`),
    ...plain('SORT big ALPHA', 'SORT big BY nosort', 'SORT big ALPHA LIMIT 0 10'),
    ...asAWhole(),
  ],
}

const intset: Group = {
  name: 'integers',
  async prepare(port, count) {
    await send(
      port,
      inBatches(count, ['SADD', 'big'], (i) => [String(i * 3)]),
    )
    await send(
      port,
      inBatches(count, ['RPUSH', 'list'], (i) => [String((i * 7919) % count)]),
    )
  },
  cases: () => plain('SMEMBERS big', 'SUNIONSTORE work big big', 'SORT big', 'SORT list', 'SORT list LIMIT 0 10'),
}

const hash: Group = {
  name: 'hash',
  prepare: (port, count) =>
    send(
      port,
      inBatches(count, ['HSET', 'big'], (i) => [`field:${i}`, `value:${i}`]),
    ),
  cases: (count) => [
    ...plain('HGETALL big', 'HKEYS big', 'HVALS big', `HSCAN big 0 COUNT ${count}`),
    ...plain(`HRANDFIELD big ${count / 2}`, `HRANDFIELD big -${count} WITHVALUES`),
    ...asAWhole(),
  ],
}

const zset: Group = {
  name: 'sorted set',
  async prepare(port, count) {
    await send(
      port,
      inBatches(count, ['ZADD', 'big'], (i) => [String((i * 7919) % count), `member:${i}`]),
    )
    await send(
      port,
      inBatches(count, ['ZADD', 'half'], (i) => [String(i), `member:${i}`], count / 2),
    )
  },
  cases: (count) => [
    ...plain('ZRANGE big 0 -1', 'ZRANGE big 0 -1 WITHSCORES', 'ZRANGE big 0 -1 REV', 'ZRANGE big - + BYLEX'),
    ...plain('ZRANGEBYSCORE big -inf +inf', 'ZUNION 2 big half', 'ZINTER 2 big half', 'ZDIFF 2 big half'),
    ...plain('ZUNIONSTORE work 2 big half', 'ZINTERSTORE work 2 big half', 'ZDIFFSTORE work 2 big half'),
    ...plain('ZINTERCARD 2 big half', 'ZRANGESTORE work big 0 -1', `ZRANDMEMBER big ${count / 2}`),
    ...plain(`ZRANDMEMBER big -${count} WITHSCORES`, `ZSCAN big 0 COUNT ${count}`, 'SORT big BY nosort'),
    ...onCopy(
      `ZREMRANGEBYRANK work 0 ${count / 2}`,
      `ZREMRANGEBYSCORE work 0 ${count / 2}`,
      `ZPOPMIN work ${count / 2}`,
    ),
    ...asAWhole(),
  ],
}

const geo: Group = {
  name: 'places',
  prepare: (port, count) =>
    send(
      port,
      inBatches(count, ['GEOADD', 'big'], (i) => [
        ((((i * 7919) % count) / count) * 20).toFixed(6),
        ((((i * 104_729) % count) / count) * 20).toFixed(6),
        `place:${i}`,
      ]),
    ),
  cases: () => [
    ...plain('GEOSEARCH big FROMLONLAT 10 10 BYRADIUS 3000 km', 'GEOSEARCH big FROMLONLAT 10 10 BYRADIUS 500 km ASC'),
    ...plain(
      'GEOSEARCH big FROMLONLAT 10 10 BYBOX 1000 1000 km WITHDIST',
      'GEOSEARCHSTORE work big FROMLONLAT 10 10 BYRADIUS 1000 km',
    ),
    ...plain(
      'GEOSEARCH big FROMLONLAT 10 10 BYRADIUS 3000 km COUNT 10',
      'GEOSEARCH big FROMLONLAT 10 10 BYRADIUS 3000 km COUNT 10 ANY',
    ),
  ],
}

const stream: Group = {
  name: 'stream',
  prepare: (port, count) =>
    send(
      port,
      (function* () {
        for (let i = 1; i <= count; i += PER_COMMAND)
          yield ['EVAL', ADD_ENTRIES, '0', String(i), String(i + PER_COMMAND - 1)]
      })(),
    ),
  cases: (count) => {
    const group = [
      ['XGROUP', 'DESTROY', 'big', 'group'],
      ['XGROUP', 'CREATE', 'big', 'group', '0'],
    ]
    const readAll = ['XREADGROUP', 'GROUP', 'group', 'one', 'COUNT', String(count), 'STREAMS', 'big', '>']
    const read = [...group, readAll]
    return [
      ...plain('XRANGE big - +', 'XREVRANGE big + -', 'XREAD STREAMS big 0', 'XINFO STREAM big'),
      ...onCopy(`XTRIM work MAXLEN ${count / 2}`, `XTRIM work MAXLEN ~ ${count / 2}`, `XTRIM work MINID ${count / 2}`),
      {
        argv: spaced('XINFO STREAM work'),
        before: [
          ['COPY', 'big', 'work', 'REPLACE'],
          ['XDEL', 'work', '5-0'],
        ],
        what: 'XINFO STREAM after XDEL',
      },
      {argv: readAll, before: group},
      {argv: spaced(`XPENDING big group - + ${count}`), before: read},
      {argv: spaced('XINFO STREAM big FULL COUNT 0'), before: read},
      {argv: spaced(`XAUTOCLAIM big group two 0 0 COUNT ${count} JUSTID`), before: read},
      {argv: spaced('XGROUP DELCONSUMER big group one'), before: read},
      {argv: spaced('XGROUP DESTROY big group'), before: read},
      ...asAWhole(),
    ]
  },
}

const keys: Group = {
  name: 'keyspace',
  async prepare(port, count) {
    await send(
      port,
      inBatches(count, ['MSET'], (i) => [`key:${i}`, `value:${i}`]),
    )
  },
  cases: (count) => {
    const some = Array.from({length: count / 10}, (_, i) => `key:${i * 7}`)
    return [
      ...plain('KEYS *', 'KEYS none*', `SCAN 0 COUNT ${count}`, 'DEBUG DIGEST', 'MEMORY STATS', 'INFO keyspace'),
      {argv: ['MGET', ...some], what: `MGET of ${some.length}`},
      {argv: ['EXISTS', ...some], what: `EXISTS of ${some.length}`},
      {argv: ['MSET', ...some.flatMap((key) => [key, 'new'])], what: `MSET of ${some.length}`},
      {
        argv: ['DEL', ...some],
        before: [['MSET', ...some.flatMap((key) => [key, 'new'])]],
        what: `DEL of ${some.length}`,
      },
      ...plain('SWAPDB 0 1'),
      {argv: ['FLUSHALL', 'ASYNC'], before: [['DEBUG', 'POPULATE', String(count)]]},
      {argv: ['FLUSHALL', 'SYNC'], before: [['DEBUG', 'POPULATE', String(count)]]},
    ]
  },
}

const sketches: Group = {
  name: 'sketches',
  prepare: (port, count) =>
    send(
      port,
      (function* () {
        for (let key = 0; key < 100; key++) {
          yield* inBatches(count / 20, ['PFADD', `sketch:${key}`], (i) => [`${key}:${i}`])
        }
      })(),
    ),
  cases: () => {
    const names = Array.from({length: 100}, (_, i) => `sketch:${i}`)
    return [
      {argv: ['PFMERGE', 'work', ...names], what: 'PFMERGE of 100'},
      {argv: ['PFCOUNT', ...names], what: 'PFCOUNT of 100'},
    ]
  },
}

const strings: Group = {
  name: 'string of 511 MiB',
  async prepare(port, count) {
    const bytes = Math.floor((STRING_BYTES * count) / 1_000_000)
    for (const key of ['big', 'other']) {
      await send(
        port,
        (function* () {
          yield ['SETRANGE', key, String(bytes - 4), 'tail']
        })(),
      )
    }
  },
  cases: (count) => {
    const bytes = Math.floor((STRING_BYTES * count) / 1_000_000)
    return [
      ...plain(
        'STRLEN big',
        'GETRANGE big 1000 1100',
        'GETBIT big 1000',
        'BITCOUNT big',
        'BITCOUNT big 1 -2',
        'BITPOS big 1',
      ),
      ...plain(
        'BITFIELD_RO big GET u32 1000',
        'BITOP NOT work big',
        'BITOP AND work big other',
        'BITOP XOR work big other',
      ),
      {argv: ['SETRANGE', 'work', String(bytes - 10), 'x'], before: [['COPY', 'big', 'work', 'REPLACE']]},
      {
        argv: ['SETRANGE', 'work', String(bytes - 10), 'y'],
        before: [['SETRANGE', 'work', '5', 'x']],
        what: 'SETRANGE again',
      },
      {argv: ['SETBIT', 'work', '1000', '1']},
      {argv: ['SETRANGE', 'work', String(bytes - 10), 'x'], before: [['UNLINK', 'work']], what: 'SETRANGE of nothing'},
      {
        argv: ['APPEND', 'work', 'x'],
        before: [
          ['UNLINK', 'work'],
          ['SETRANGE', 'work', String(bytes - 10), 'x'],
        ],
      },
      {argv: ['APPEND', 'work', 'y'], before: [['APPEND', 'work', 'x']], what: 'APPEND again'},
      ...plain('GET big', `GETRANGE big 0 ${Math.floor(bytes / 2)}`, 'SETRANGE work 0 x'),
      ...asAWhole().filter(
        ({argv}) => argv[1] !== 'DIGEST-VALUE' && argv[0] !== 'RESTORE' && argv[0] !== 'MIGRATE' && argv[0] !== 'DUMP',
      ),
    ]
  },
}

export const GROUPS: readonly Group[] = [keys, list, set, intset, hash, zset, geo, stream, sketches, strings]
