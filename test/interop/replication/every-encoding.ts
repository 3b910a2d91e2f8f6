import type {RawConnection} from '../../support/raw-resp.js'

/** At least one key of every type in every encoding of 7.0: how it is made, and what both servers must call it. */

export interface EncodedKey {
  readonly key: string
  readonly database: number
  /** As OBJECT ENCODING has it; `plain`: a quicklist that begins with a plain node; `sparse` and `dense` HyperLogLogs. */
  readonly encoding: string
  /** What makes it, `key` standing for its name. */
  readonly commands: readonly (readonly string[])[]
}

const LONG = 'long '.repeat(60)
/** Every byte there is, twice. */
const BINARY = Array.from({length: 512}, (_, i) => String.fromCharCode((i * 37) & 0xff)).join('')
const range = (count: number, name = ''): string[] => Array.from({length: count}, (_, i) => `${name}${i}`)
const DEADLINE = '4000000000123'

/** Made by redis-server with a threshold for plain nodes of a few bytes; nodes of 7.0 have no other way to them. */
async function plainList(real: RawConnection): Promise<string> {
  await real.batch([
    ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b'],
    ['RPUSH', 'for a dump', LONG, 'a', '-7', BINARY, LONG],
  ])
  const dump = await real.call('DUMP', 'for a dump')
  await real.batch([
    ['DEL', 'for a dump'],
    ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '0'],
  ])
  return dump.slice(dump.indexOf('\n') + 1, -2)
}

const STRINGS: readonly EncodedKey[] = [
  {commands: [['SET', 'key', '-9223372036854775808']], database: 0, encoding: 'int', key: 'int'},
  {commands: [['SET', 'key', 'x'.repeat(44)]], database: 0, encoding: 'embstr', key: 'embstr'},
  {commands: [['SET', 'key', BINARY]], database: 1, encoding: 'raw', key: 'raw'},
  {commands: [['SET', 'key', LONG, 'PXAT', DEADLINE]], database: 15, encoding: 'raw', key: 'raw, with a deadline'},
  {
    commands: [
      ['SET', 'key', 'a'],
      ['APPEND', 'key', LONG],
    ],
    database: 0,
    encoding: 'raw',
    key: 'appended',
  },
  {commands: [['SETBIT', 'key', '10000', '1']], database: 0, encoding: 'raw', key: 'bits'},
  {commands: [['SET', 'key', '']], database: 0, encoding: 'embstr', key: ''},
  {commands: [['SET', 'key', 'of a binary name']], database: 0, encoding: 'embstr', key: BINARY},
  {commands: [['PFADD', 'key', ...range(20)]], database: 0, encoding: 'sparse', key: 'few'},
  {commands: [['PFADD', 'key', ...range(3000)]], database: 0, encoding: 'dense', key: 'many'},
]

const LISTS: readonly EncodedKey[] = [
  {commands: [['RPUSH', 'key', 'a', '', '-5', '123456789012', BINARY]], database: 0, encoding: 'quicklist', key: 'l'},
  {
    commands: [
      ['RPUSH', 'key', ...range(3000), 'z'.repeat(9000), ...range(50, LONG)],
      ['PEXPIREAT', 'key', DEADLINE],
    ],
    database: 15,
    encoding: 'quicklist',
    key: 'list of many nodes',
  },
]

const SETS: readonly EncodedKey[] = [
  {commands: [['SADD', 'key', '1', '-2', '3']], database: 0, encoding: 'intset', key: 'int16'},
  {commands: [['SADD', 'key', '1', '-2', '70000']], database: 0, encoding: 'intset', key: 'int32'},
  {commands: [['SADD', 'key', '1', '9223372036854775807']], database: 1, encoding: 'intset', key: 'int64'},
  {commands: [['SADD', 'key', ...range(513)]], database: 0, encoding: 'hashtable', key: 'too many integers'},
  {commands: [['SADD', 'key', 'a', '', BINARY, '7']], database: 0, encoding: 'hashtable', key: 'members'},
  {
    commands: [['HSET', 'key', 'f', '1', '', '', BINARY, 'v']],
    database: 0,
    encoding: 'hashtable',
    key: 'h1',
  },
  {commands: [['HSET', 'key', 'f', '1', '', '', '-70000', '\0\xff']], database: 0, encoding: 'listpack', key: 'h2'},
  {commands: [['HSET', 'key', ...range(1026, 'f')]], database: 1, encoding: 'hashtable', key: 'too many fields'},
  {
    commands: [['ZADD', 'key', '1.5', 'a', 'inf', 'b', '-inf', 'c', '1e20', 'd', '3', '', '-0', 'f', '1e-300', '\xff']],
    database: 0,
    encoding: 'listpack',
    key: 'z1',
  },
  {commands: [['ZADD', 'key', '0.1', BINARY, '0.1', 'b']], database: 0, encoding: 'skiplist', key: 'z2'},
  {
    commands: [['ZADD', 'key', ...range(300).flatMap((n) => [`${Number(n) * 1.25 - 20}`, `m${n}`])]],
    database: 15,
    encoding: 'skiplist',
    key: 'too many members',
  },
  {commands: [['GEOADD', 'key', '13.361389', '38.115556', 'Palermo']], database: 0, encoding: 'listpack', key: 'geo'},
]

const STREAMS: readonly EncodedKey[] = [
  {
    commands: [
      ...range(250).map((n) => ['XADD', 'key', `${Number(n) + 1}-${Number(n) % 3}`, Number(n) % 7 ? 'f' : 'odd', n]),
      ['XADD', 'key', '9000-18446744073709551614', 'f', BINARY, 'g', '-5000000000'],
      ['XDEL', 'key', '9-2', '13-0', '9000-18446744073709551614'],
      ['XGROUP', 'CREATE', 'key', 'one', '0'],
      ['XGROUP', 'CREATE', 'key', 'two', '$'],
      ['XREADGROUP', 'GROUP', 'one', 'alice', 'COUNT', '7', 'STREAMS', 'key', '>'],
      ['XREADGROUP', 'GROUP', 'one', 'bob', 'COUNT', '3', 'STREAMS', 'key', '>'],
      ['XACK', 'key', 'one', '3-2'],
      // Pending, and not there any more.
      ['XDEL', 'key', '2-1'],
      ['XTRIM', 'key', 'MAXLEN', '200'],
    ],
    database: 0,
    encoding: 'stream',
    key: 'stream',
  },
  {
    commands: [
      ['XADD', 'key', '5-5', 'a', 'b'],
      ['XDEL', 'key', '5-5'],
      ['PEXPIREAT', 'key', DEADLINE],
    ],
    database: 15,
    encoding: 'stream',
    key: 'emptied stream',
  },
  {
    commands: [['XGROUP', 'CREATE', 'key', 'g', '0', 'MKSTREAM']],
    database: 0,
    encoding: 'stream',
    key: 'stream of no entries',
  },
]

/** @param real - a redis-server that allows DEBUG; it is left as it was */
export async function everyEncoding(real: RawConnection): Promise<readonly EncodedKey[]> {
  const payload = await plainList(real)
  const plain: EncodedKey = {
    commands: [['RESTORE', 'key', '0', payload]],
    database: 0,
    encoding: 'plain',
    key: 'plain nodes',
  }
  return [...STRINGS, ...LISTS, plain, ...SETS, ...STREAMS]
}

export const ENCODINGS = [
  ...['int', 'embstr', 'raw', 'sparse', 'dense', 'quicklist', 'plain', 'intset', 'hashtable', 'listpack', 'skiplist'],
  'stream',
] as const

/** The bytes of a bulk reply. */
export function bulk(reply: string): string {
  return reply.slice(reply.indexOf('\n') + 1, -2)
}

/** What a server calls a key of the database that the connection is in. */
export async function encodingIn(server: RawConnection, key: string): Promise<string> {
  const [encoding, dump, start] = (
    await server.batch([
      ['OBJECT', 'ENCODING', key],
      ['DUMP', key],
      ['GETRANGE', key, '0', '4'],
    ])
  ).map(bulk) as [string, string, string]
  if (start.startsWith('HYLL')) return start.charCodeAt(4) === 0 ? 'dense' : 'sparse'
  // Type, number of nodes, container of the first.
  return encoding === 'quicklist' && dump.charCodeAt(2) === 1 ? 'plain' : encoding
}

/** What DEBUG DIGEST leaves out: functions, and of streams all but the entries. */
const MOMENTS = /\$(?:9\r\nseen-time|15\r\nradix-tree-keys|16\r\nradix-tree-nodes)\r\n:\d+\r\n/g

/** Everything two servers that hold the same data must say alike. */
export async function contentsOf(server: RawConnection, keys: readonly EncodedKey[]): Promise<string[]> {
  const found = [await server.call('DEBUG', 'DIGEST')]
  for (const {database, encoding, key} of keys) {
    await server.call('SELECT', String(database))
    found.push(await server.call('PEXPIRETIME', key))
    if (encoding === 'stream')
      found.push((await server.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')).replace(MOMENTS, ''))
  }
  await server.call('SELECT', '0')
  return found
}
