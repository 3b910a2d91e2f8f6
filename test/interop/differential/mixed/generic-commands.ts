import type {Rng} from '../../../../src/lib/kernel/rng.js'
import {mixedCase, some} from '../harness.js'
import {SHARED} from './names.js'

/** Commands on keys of any type, which the generators of one type lack. */
type Make = (rng: Rng) => string[]

const key = (rng: Rng): string => rng.pick(SHARED)
const SECONDS = ['4102444800', '4102444801', '1', '0', '-1', 'x']
const MILLISECONDS = ['4102444800000', '4102444800001', '1', '-5', '1.5']
const options = (rng: Rng): string[] => some(rng, ['NX', 'XX', 'GT', 'LT'], 2)

export const GENERIC: readonly Make[] = [
  (rng) => [rng.pick(['RENAME', 'RENAMENX']), key(rng), key(rng)],
  (rng) => ['COPY', key(rng), key(rng), ...some(rng, ['REPLACE'], 1)],
  (rng) => ['COPY', key(rng), key(rng), 'DB', rng.pick(['0', '1']), ...some(rng, ['REPLACE'], 1)],
  (rng) => ['MOVE', key(rng), rng.pick(['0', '1'])],
  (rng) => ['SELECT', rng.pick(['0', '0', '0', '1'])],
  (rng) => ['EXPIREAT', key(rng), rng.pick(SECONDS), ...options(rng)],
  (rng) => ['PEXPIREAT', key(rng), rng.pick(MILLISECONDS), ...options(rng)],
  (rng) => ['EXPIRE', key(rng), rng.pick(['100000', '200000', '300000', '-1', '0']), ...some(rng, ['NX', 'XX'], 1)],
  (rng) => [rng.pick(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME', 'PERSIST']), key(rng)],
  (rng) => [rng.pick(['TOUCH', 'UNLINK', 'EXISTS', 'DEL']), key(rng), key(rng)],
  (rng) => ['OBJECT', mixedCase(rng, rng.pick(['ENCODING', 'ENCODING', 'REFCOUNT', 'IDLETIME', 'FREQ'])), key(rng)],
  (rng) => ['TYPE', key(rng)],
  (rng) => ['DUMP', key(rng)],
  (rng) => ['DEBUG', 'DIGEST-VALUE', key(rng), key(rng)],
  (rng) => ['KEYS', rng.pick(['*', 'm*', 'm[0-3]', '[^m]*', '?1', 'm\\0', '*{t}*'])],
  () => ['DBSIZE'],
  (rng) => ['MSET', key(rng), '1', key(rng), 'x'],
  (rng) => ['MGET', key(rng), key(rng), key(rng)],
  (rng) => ['RESTORE', key(rng), '0', rng.pick(['', 'x', 'garbage that is long enough']), ...some(rng, ['REPLACE'], 1)],
  (rng) => ['SORT', key(rng), ...some(rng, ['ASC', 'DESC'], 1), 'STORE', key(rng)],
  (rng) => ['SORT', key(rng), 'BY', rng.pick(['w_*', 'h_*->f']), 'GET', rng.pick(['#', 'w_*'])],
  (rng) => ['WATCH', key(rng), key(rng)],
  () => ['UNWATCH'],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (rng) => (rng.chance(0.3) ? ['SWAPDB', '0', '1'] : ['DBSIZE']),
  (rng) => (rng.chance(0.2) ? [rng.pick(['FLUSHDB', 'FLUSHALL'])] : ['EXISTS', key(rng)]),
  (rng) => ['CLUSTER', rng.pick(['KEYSLOT', 'COUNTKEYSINSLOT', 'KEYSLOT']), rng.pick([...SHARED, '{t}', '15891', 'x'])],
  (rng) => ['CLUSTER', 'GETKEYSINSLOT', '15891', rng.pick(['1000', '1000', '0', '-1', 'x'])],
  (rng) => ['CONFIG', 'SET', ...rng.pick(THRESHOLDS)(rng)],
  (rng) => ['CONFIG', 'SET', ...rng.pick(THRESHOLDS)(rng), ...rng.pick(THRESHOLDS)(rng)],
  (rng) => ['CONFIG', 'GET', rng.pick(['*-max-listpack-*', 'zset-max-*', 'hash-max-ziplist-*', 'no-such*'])],
]

/** Where values change their form. */
const THRESHOLDS: readonly Make[] = [
  (rng) => ['list-max-listpack-size', rng.pick(['-2', '5', '128', '-1', '0', 'x'])],
  (rng) => ['hash-max-listpack-entries', rng.pick(['4', '8', '512', '0'])],
  (rng) => [rng.pick(['hash-max-listpack-value', 'hash-max-ziplist-value']), rng.pick(['8', '64', '-1'])],
  (rng) => ['set-max-intset-entries', rng.pick(['8', '512', '0'])],
  (rng) => ['zset-max-listpack-entries', rng.pick(['8', '24', '128', '0'])],
  (rng) => ['zset-max-listpack-value', rng.pick(['8', '64', '16'])],
  (rng) => ['stream-node-max-entries', rng.pick(['7', '100', '0'])],
  (rng) => ['stream-node-max-bytes', rng.pick(['300', '4096', '0'])],
  (rng) => ['hll-sparse-max-bytes', rng.pick(['20', '300', '3000'])],
]

/** What a script is to find of these settings. */
export const DEFAULTS: readonly (readonly string[])[] = [
  ['list-max-listpack-size', '-2'],
  ['hash-max-listpack-entries', '512'],
  ['hash-max-listpack-value', '64'],
  ['set-max-intset-entries', '512'],
  ['zset-max-listpack-entries', '24'],
  ['zset-max-listpack-value', '64'],
  ['stream-node-max-entries', '7'],
  ['stream-node-max-bytes', '300'],
  ['hll-sparse-max-bytes', '3000'],
  ['proto-max-bulk-len', '536870912'],
]

/** Of clients that wait for what others write. */
export const BLOCKING: readonly Make[] = [
  (rng) => [rng.pick(['BLPOP', 'BRPOP', 'BZPOPMIN', 'BZPOPMAX']), key(rng), key(rng), '0'],
  (rng) => [rng.pick(['BLPOP', 'BRPOP', 'BZPOPMIN', 'BZPOPMAX']), key(rng), '0'],
  (rng) => ['BLMOVE', key(rng), key(rng), rng.pick(['LEFT', 'RIGHT']), rng.pick(['LEFT', 'RIGHT']), '0'],
  (rng) => ['BRPOPLPUSH', key(rng), key(rng), '0'],
  (rng) => ['BLMPOP', '0', '2', key(rng), key(rng), 'LEFT', 'COUNT', '2'],
  (rng) => ['BZMPOP', '0', '2', key(rng), key(rng), 'MAX', 'COUNT', '2'],
  (rng) => ['XREAD', 'BLOCK', '0', 'STREAMS', key(rng), key(rng), '$', '1700000000050'],
  (rng) => ['XREAD', 'COUNT', '1', 'BLOCK', '0', 'STREAMS', key(rng), '$'],
  (rng) => ['XREADGROUP', 'GROUP', 'g', 'carl', 'BLOCK', '0', 'STREAMS', key(rng), '>'],
  (rng) => ['XREADGROUP', 'GROUP', 'g', 'alice', 'BLOCK', '0', 'NOACK', 'STREAMS', key(rng), '>'],
]

/** Of a client that is told of changes to what it read. */
export const READING: readonly Make[] = [
  (rng) => [rng.pick(['GET', 'STRLEN', 'LLEN', 'SCARD', 'HLEN', 'ZCARD', 'XLEN', 'TYPE', 'EXISTS', 'DUMP']), key(rng)],
  (rng) => [rng.pick(['HGETALL', 'SMEMBERS', 'BITCOUNT', 'TTL', 'PEXPIRETIME']), key(rng)],
  (rng) => [rng.pick(['LRANGE', 'ZRANGE', 'GETRANGE']), key(rng), '0', '-1'],
  (rng) => ['XRANGE', key(rng), '-', '+'],
  (rng) => ['MGET', key(rng), key(rng), key(rng)],
  (rng) => ['SINTER', key(rng), key(rng)],
  (rng) => ['OBJECT', 'ENCODING', key(rng)],
  (rng) => ['EVAL_RO', "return redis.call('get', KEYS[1])", '1', key(rng)],
]
