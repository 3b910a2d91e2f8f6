import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands, some} from './harness.js'
import {shape, sorted, sortedDeep, sortedPage} from './unordered.js'

/** Random commands on sets and hashes, over the limits of packed encodings and back, with keys of wrong types between. */
const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 2000

type Make = (rng: Rng) => string[]

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

const set: Make = (rng) => [rng.pick(['s0', 's1', 's2', 's3', 's4', 's5', 'h0', 'str', 'none'])]
const hash: Make = (rng) => [rng.pick(['h0', 'h1', 'h2', 'h3', 'h4', 's0', 'str', 'none'])]
const integer: Make = (rng) => [rng.chance(0.7) ? String(rng.below(40) - 10) : rng.pick([...INTEGERS, ...BIG_INTEGERS])]
const any: Make = (rng) => (rng.chance(0.5) ? integer(rng) : [rng.pick(ALL)])
const many = (rng: Rng, make: Make, max: number): string[] =>
  Array.from({length: rng.below(max) + 1}, () => make(rng)[0]!)
/** Sets that mostly stay packed, and others. */
const member: Make = (rng) => (rng.chance(0.6) ? integer(rng) : any(rng))
const scanOptions = (rng: Rng): string[] => some(rng, ['MATCH', 'COUNT', '1000', '*1*', '[a-f]*', 'TYPE', '0', 'x'], 4)

const SETS: readonly Make[] = [
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

const HASHES: readonly Make[] = [
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

const KEYS: readonly Make[] = [
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

/** Their replies inside EXEC's could not be told from others. */
const NOT_QUEUED = ['SRANDMEMBER', 'HRANDFIELD', 'DUMP']
let isQueueing = false

function makeCommand(rng: Rng): string[] {
  const kind = rng.below(100)
  const command = rng.pick(kind < 42 ? SETS : kind < 82 ? HASHES : KEYS)(rng)
  if (command[0] === 'MULTI') isQueueing = true
  if (command[0] === 'EXEC') isQueueing = false
  return isQueueing && NOT_QUEUED.includes(command[0]!) ? ['PING'] : command
}

/** Type bytes whose elements come in the order of a hash table. */
const LOOSE_TYPES = ['\x02', '\x04']

function normal(command: readonly string[], reply: string): string {
  if (reply === '+QUEUED\r\n') return reply
  switch (command[0]) {
    case 'SMEMBERS':
    case 'SINTER':
    case 'SUNION':
    case 'SDIFF':
    case 'SPOP':
    case 'HKEYS':
    case 'HVALS':
      return sorted(reply)
    case 'HGETALL':
      return sorted(reply, 2)
    case 'SSCAN':
      return sortedPage(reply)
    case 'HSCAN':
      return sortedPage(reply, 2)
    case 'SRANDMEMBER':
    case 'HRANDFIELD':
      return reply.startsWith('-') ? reply : shape(reply)
    case 'DUMP':
      return LOOSE_TYPES.includes(reply[reply.indexOf('\n') + 1]!) ? `loose, ${reply.length}` : reply
    case 'EXEC':
      return sortedDeep(reply)
    default:
      return reply
  }
}

// Compressed bytes differ between compressors.
const SETTINGS = {rdbcompression: 'no'}

describeWithPeers('sets and hashes beside redis-server', () => {
  describeRandomCommands(bothServers(SETTINGS), {commandsPerSeed: COMMANDS_PER_SEED, makeCommand, normal, seeds: SEEDS})
})
