/** Commands that make at least one key of every type and encoding, in several databases, with and without expiry. */

const LONG = 'long '.repeat(40)
/** Nothing that repeats, so that no compression helps. */
const NOISE = Array.from({length: 300}, (_, i) => String.fromCharCode((i * i * 31 + (i >> 2) * 7 + 13) & 0xff)).join('')

const numbers = (count: number, from = 0, step = 1): string[] =>
  Array.from({length: count}, (_, i) => String(from + i * step))
const pairs = (names: readonly string[]): string[] => names.flatMap((name) => [name, `value of ${name}`])
const scored = (count: number): string[] => numbers(count).flatMap((n) => [`${Number(n) * 1.25 - 20}`, `member:${n}`])

const STRINGS: readonly string[] = [
  ...['', '0', '-1', '127', '128', '-128', '-129', '32767', '32768', '-32769', '2147483647', '2147483648'],
  ...['-2147483648', '-2147483649', '9223372036854775807', '01', '+1', '-0', ' 1', '1.5', '\0\r\n\xff'],
  ...['a'.repeat(20), 'a'.repeat(21), 'ab'.repeat(32), LONG, NOISE, NOISE.slice(0, 63), NOISE.slice(0, 64)],
  ...['x'.repeat(16_383), NOISE.repeat(60), 'y'.repeat(70_000), 'z'.repeat(400_000)],
]

const STREAM: readonly (readonly string[])[] = [
  ...numbers(25, 1).map((n) => [
    'XADD',
    'stream',
    `${n}-${Number(n) % 3}`,
    Number(n) % 7 === 0 ? 'odd' : 'f',
    n,
    'g',
    LONG,
  ]),
  ['XADD', 'stream', '18446744073709551615-18446744073709551614', 'f', '1', 'g', '-5000000000'],
  ['XDEL', 'stream', '9-0', '13-1'],
  ['XTRIM', 'stream', 'MAXLEN', '20'],
  ['XGROUP', 'CREATE', 'stream', 'one', '0'],
  ['XGROUP', 'CREATE', 'stream', 'two', '$'],
  ['XREADGROUP', 'GROUP', 'one', 'alice', 'COUNT', '7', 'STREAMS', 'stream', '>'],
  ['XREADGROUP', 'GROUP', 'one', 'bob', 'COUNT', '3', 'STREAMS', 'stream', '>'],
  ['XGROUP', 'CREATECONSUMER', 'stream', 'one', 'idle'],
  ['XADD', 'stream:emptied', '5-5', 'a', 'b'],
  ['XDEL', 'stream:emptied', '5-5'],
  ['XGROUP', 'CREATE', 'stream:none', 'g', '0', 'MKSTREAM'],
]

export const LIBRARY = "#!lua name=lib\nredis.register_function('f', function(keys, args) return 1 end)\n"

/** Fill an empty server. Databases 0, 1 and 9 are used. */
export const EVERY_VALUE: readonly (readonly string[])[] = [
  ['CONFIG', 'SET', 'stream-node-max-entries', '6'],
  ['FUNCTION', 'LOAD', LIBRARY],
  ...STRINGS.map((value, i) => ['SET', `string:${i}`, value]),
  ['SET', '12345', 'integer for a name'],
  ['SET', '', 'no name'],
  ['SET', NOISE, 'a long name'],
  ['PFADD', 'hyperloglog', 'a', 'b', 'c'],
  ['RPUSH', 'list', 'a', '', '-5', '123456789012', '\0\xff', LONG],
  ['RPUSH', 'list:long', ...numbers(3000, -100), NOISE.repeat(20)],
  ['RPUSH', 'list:plain', 'a', NOISE.repeat(40), 'b'],
  ['SADD', 'set:16', '3', '-1', '32767'],
  ['SADD', 'set:32', '3', '-1', '32768'],
  ['SADD', 'set:64', '3', '-9223372036854775808', '9223372036854775807'],
  ['SADD', 'set', 'a', '', '\0\r\n\xff', LONG, '12'],
  ['SADD', 'set:large', ...numbers(1500).map((n) => `member:${n}`)],
  ['HSET', 'hash', 'f', 'v', 'n', '1', '', '', '\xff', '-9223372036854775808'],
  ['HSET', 'hash:large', ...pairs(numbers(700)), 'long', LONG],
  ['ZADD', 'zset', '1.5', 'a', 'inf', 'b', '-inf', 'c', '1e20', 'd', '3', 'e', '-0.1', 'f', '1e-300', 'g'],
  ['ZADD', 'zset:large', ...scored(400), 'inf', 'first', '-inf', 'last', '0.1', LONG],
  ...STREAM,
  ['SET', 'expiring', 'v', 'PXAT', '4000000000123'],
  ['RPUSH', 'list:expiring', 'v'],
  ['PEXPIREAT', 'list:expiring', '4000000000456'],
  ['SELECT', '1'],
  ['SET', 'elsewhere', 'v'],
  ['SELECT', '9'],
  ['HSET', 'hash', 'f', 'in another database'],
  ['SELECT', '0'],
]

export const EVERY_VALUE_DATABASES: readonly number[] = [0, 1, 9]
