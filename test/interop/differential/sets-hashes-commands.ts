import type {Rng} from '../../../src/lib/kernel/rng.js'
import {some} from './harness.js'

/** Makers of random commands on few keys, so that sets and hashes meet, grow over their limits and vanish. */
export type Make = (rng: Rng) => string[]

const INTEGERS = [
  '0',
  '1',
  '-1',
  '127',
  '128',
  '-4096',
  '-4097',
  '4095',
  '32767',
  '32768',
  '-32769',
  '8388607',
  '-8388609',
]
const BIG_INTEGERS = ['2147483647', '-2147483649', '9007199254740993', '9223372036854775807', '-9223372036854775808']
const NO_INTEGERS = ['', 'x', '01', '-0', '+1', ' 1', '1.0', '9223372036854775808', '3.14', 'inf', '-1e3', '\0\r\n\xff']
const TEXTS = ['field', 'a'.repeat(12), 'b'.repeat(13), 'c'.repeat(63), 'd'.repeat(64), 'e'.repeat(65), 'f'.repeat(300)]
const ALL = [...INTEGERS, ...BIG_INTEGERS, ...NO_INTEGERS, ...TEXTS]
const COUNTS = ['0', '1', '2', '5', '1000', 'x', '', '9223372036854775807', '-9223372036854775808', '1.5']

export const set: Make = (rng) => [rng.pick(['s0', 's1', 's2', 's3', 's4', 's5', 'h0', 'str', 'none'])]
export const hash: Make = (rng) => [rng.pick(['h0', 'h1', 'h2', 'h3', 'h4', 's0', 'str', 'none'])]
const integer: Make = (rng) => [rng.chance(0.7) ? String(rng.below(40) - 10) : rng.pick([...INTEGERS, ...BIG_INTEGERS])]
const any: Make = (rng) => (rng.chance(0.5) ? integer(rng) : [rng.pick(ALL)])
const many = (rng: Rng, make: Make, max: number): string[] =>
  Array.from({length: rng.below(max) + 1}, () => make(rng)[0]!)
/** Sets that mostly stay packed, and others. */
const member: Make = (rng) => (rng.chance(0.6) ? integer(rng) : any(rng))
const scanOptions = (rng: Rng): string[] => some(rng, ['MATCH', 'COUNT', '1000', '*1*', '[a-f]*', 'TYPE', '0', 'x'], 4)

/** What they change depends on nothing but chance's seed. */
export const SETS: readonly Make[] = [
  (rng) => ['SADD', ...set(rng), ...many(rng, integer, 6)],
  (rng) => ['SADD', ...set(rng), ...many(rng, member, 3)],
  (rng) => ['SADD', ...set(rng), ...many(rng, any, 2)],
  (rng) => ['SREM', ...set(rng), ...many(rng, any, 8)],
  (rng) => ['SREM', ...set(rng), ...many(rng, integer, 20)],
  (rng) => ['SCARD', ...set(rng)],
  (rng) => ['SISMEMBER', ...set(rng), ...member(rng)],
  (rng) => ['SMISMEMBER', ...set(rng), ...many(rng, any, 4)],
  (rng) => ['SMEMBERS', ...set(rng)],
  (rng) => ['SMOVE', ...set(rng), ...set(rng), ...member(rng)],
  (rng) => [rng.pick(['SINTER', 'SUNION', 'SDIFF']), ...many(rng, set, 4)],
  (rng) => [rng.pick(['SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE']), ...set(rng), ...many(rng, set, 3)],
  (rng) => [
    'SINTERCARD',
    rng.pick(['1', '2', '3', '0', '-1', 'x']),
    ...many(rng, set, 3),
    ...some(rng, ['LIMIT', '1', '0', '-1', 'x'], 2),
  ],
  (rng) => ['SINTERCARD', '2', ...set(rng), ...set(rng), 'limit', rng.pick(COUNTS)],
  (rng) => ['SRANDMEMBER', ...set(rng), ...some(rng, [...COUNTS, '-3', '-20'], 1)],
  (rng) => ['SPOP', ...set(rng), rng.pick(['1000', '0', '-1', 'x', '9223372036854775807'])],
  () => ['SPOP', 'never'],
  (rng) => ['SSCAN', ...set(rng), '0', 'COUNT', '1000', ...scanOptions(rng)],
  (rng) => ['SSCAN', 'never', rng.pick(['0', '', 'x', '-1', ' 1', '18446744073709551616']), ...scanOptions(rng)],
]

export const HASHES: readonly Make[] = [
  (rng) => [
    rng.pick(['HSET', 'HMSET']),
    ...hash(rng),
    ...member(rng),
    ...member(rng),
    ...(rng.chance(0.5) ? [...any(rng), ...integer(rng)] : []),
  ],
  (rng) => [rng.pick(['HSET', 'HMSET']), ...hash(rng), ...many(rng, any, 4)],
  (rng) => ['HSETNX', ...hash(rng), ...any(rng), ...any(rng)],
  (rng) => ['HDEL', ...hash(rng), ...many(rng, any, 8)],
  (rng) => ['HDEL', ...hash(rng), ...many(rng, integer, 20)],
  (rng) => [rng.pick(['HGET', 'HEXISTS', 'HSTRLEN']), ...hash(rng), ...any(rng)],
  (rng) => ['HMGET', ...hash(rng), ...many(rng, any, 4)],
  (rng) => [rng.pick(['HLEN', 'HGETALL', 'HKEYS', 'HVALS']), ...hash(rng)],
  (rng) => ['HINCRBY', ...hash(rng), ...integer(rng), ...any(rng)],
  (rng) => ['HINCRBYFLOAT', ...hash(rng), ...integer(rng), ...any(rng)],
  (rng) => [
    'HINCRBYFLOAT',
    ...hash(rng),
    ...integer(rng),
    rng.pick(['0.1', '-2.5e-3', '1e17', 'nan', 'inf', '-inf', '1e5000']),
  ],
  (rng) => [
    'HRANDFIELD',
    ...hash(rng),
    ...some(rng, [...COUNTS, '-3', '-20'], 1),
    ...some(rng, ['WITHVALUES', 'x'], 1),
  ],
  (rng) => ['HRANDFIELD', ...hash(rng), rng.pick([...COUNTS, '-3', '4611686018427387904']), 'withvalues'],
  (rng) => ['HSCAN', ...hash(rng), '0', 'COUNT', '1000', ...scanOptions(rng)],
  (rng) => ['HSCAN', 'never', rng.pick(['0', '', 'x', '-1', ' 1', '18446744073709551616']), ...scanOptions(rng)],
]

const key: Make = (rng) => (rng.chance(0.5) ? set(rng) : hash(rng))

/** What is done with both alike, and around them. */
export const SETS_AND_HASHES: readonly Make[] = [
  (rng) => ['OBJECT', 'ENCODING', ...key(rng)],
  (rng) => ['DUMP', ...key(rng)],
  (rng) => ['TYPE', ...key(rng)],
  (rng) => ['DEL', ...key(rng)],
  (rng) => ['COPY', ...set(rng), ...set(rng), 'REPLACE'],
  (rng) => ['COPY', ...hash(rng), ...hash(rng), 'REPLACE'],
  (rng) => ['RENAME', ...key(rng), ...key(rng)],
  (rng) => ['EXPIREAT', ...key(rng), rng.pick(['4102444800', '1'])],
  (rng) => ['EXPIRETIME', ...key(rng)],
  () => ['SET', 'str', 'x'],
  (rng) => [rng.pick(['GET', 'APPEND', 'INCR', 'SADD', 'HSET']), ...key(rng)],
  (rng) => ['CONFIG', 'SET', 'set-max-intset-entries', rng.pick(['8', '16', '0', '512'])],
  (rng) => ['CONFIG', 'SET', 'hash-max-listpack-entries', rng.pick(['4', '8', '12', '0', '512'])],
  (rng) => ['CONFIG', 'SET', 'hash-max-ziplist-value', rng.pick(['8', '64', '12', '1000'])],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (rng) => ['WATCH', ...key(rng)],
]
