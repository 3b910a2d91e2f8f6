import type {Rng} from '../../../src/lib/kernel/rng.js'
import {some} from './harness.js'

/** Random commands about strings, keys, deadlines and transactions. */

const INTEGERS = ['0', '1', '-1', '7', '42', '-0', '+1', '01', ' 1', '1 ', '', 'x', '3.0', '9223372036854775807']
const BIG_INTEGERS = ['-9223372036854775808', '9223372036854775808', '-9223372036854775807', '4611686018427387904']
const FLOATS = [
  '0.1',
  '-2.5',
  '1e3',
  '5.0e-3',
  '3.0',
  '1e400',
  'inf',
  '-inf',
  'nan',
  '0x1p3',
  '1.',
  '.5',
  '.',
  '1e',
  '--1',
]
const MORE_FLOATS = ['123456789.123456789', '1e17', '1e-17', '1e-18', '0.30000000000000004', '99999999999999999999']
const TEXTS = [
  '',
  'a',
  'hello',
  'hello world',
  'ohmytext',
  'mynewtext',
  'x'.repeat(44),
  'y'.repeat(45),
  '\0\r\n\xff',
  'é',
]
const VALUES = [...INTEGERS, ...BIG_INTEGERS, ...FLOATS, ...MORE_FLOATS, ...TEXTS]
/** Absolute deadlines far away, past, and impossible. */
const SECONDS = ['4102444800', '4102444801', '1', '0', '-1', 'x', '9223372036854775807', '9223372036854776']
const MILLISECONDS = ['4102444800000', '4102444800001', '1', '0', '-5', '1.5', '9223372036854775807']

type Make = (rng: Rng) => string[]

const key = (rng: Rng): string => `k${rng.below(6)}`
const value = (rng: Rng): string => rng.pick(VALUES)

const offset = (rng: Rng): string => rng.pick([...INTEGERS.slice(0, 8), '3', '-3', '10', '-10', '100', '-100'])

const STRING_COMMANDS: readonly Make[] = [
  (rng) => ['GET', key(rng)],
  (rng) => ['SET', key(rng), value(rng)],
  (rng) => ['set', key(rng), value(rng), ...some(rng, ['NX', 'XX', 'GET', 'KEEPTTL'], 3)],
  (rng) => ['SET', key(rng), value(rng), 'EXAT', rng.pick(SECONDS), ...some(rng, ['NX', 'XX', 'GET', 'KEEPTTL'], 2)],
  (rng) => ['SET', key(rng), value(rng), ...some(rng, ['NX', 'GET'], 1), 'PXAT', rng.pick(MILLISECONDS)],
  (rng) => ['SET', key(rng), value(rng), rng.pick(['EX', 'PX', 'EXAT', 'PXAT', 'FOO', 'PERSIST'])],
  (rng) => ['SETNX', key(rng), value(rng)],
  (rng) => ['SETEX', key(rng), rng.pick(['0', '-1', 'x', '9223372036854775807', '9223372036854775']), value(rng)],
  (rng) => ['PSETEX', key(rng), rng.pick(['0', '-1', 'x', '9223372036854775807']), value(rng)],
  (rng) => ['GETSET', key(rng), value(rng)],
  (rng) => ['GETDEL', key(rng)],
  (rng) => ['GETEX', key(rng), ...some(rng, ['PERSIST', 'EXAT', '4102444800', 'PXAT', '1', '4102444800000', 'EX'], 3)],
  (rng) => ['GETEX', key(rng), rng.pick(['EXAT', 'exat']), rng.pick(SECONDS)],
  (rng) => ['APPEND', key(rng), value(rng)],
  (rng) => ['STRLEN', key(rng)],
  (rng) => ['SETRANGE', key(rng), offset(rng), value(rng)],
  (rng) => ['GETRANGE', key(rng), offset(rng), offset(rng)],
  (rng) => ['SUBSTR', key(rng), offset(rng), offset(rng)],
  (rng) => [rng.pick(['INCR', 'DECR']), key(rng)],
  (rng) => [rng.pick(['INCRBY', 'DECRBY']), key(rng), rng.pick([...INTEGERS, ...BIG_INTEGERS])],
  (rng) => ['INCRBYFLOAT', key(rng), rng.pick([...INTEGERS, ...FLOATS, ...MORE_FLOATS])],
  (rng) => ['MGET', key(rng), key(rng), key(rng)],
  (rng) => [rng.pick(['MSET', 'MSETNX']), ...Array.from({length: 1 + rng.below(5)}, () => value(rng))],
  (rng) => [rng.pick(['MSET', 'MSETNX']), key(rng), value(rng), key(rng), value(rng)],
  (rng) => ['LCS', key(rng), key(rng), ...some(rng, ['LEN', 'IDX', 'WITHMATCHLEN', 'MINMATCHLEN', '3', '-1', 'x'], 4)],
  (rng) => ['LCS', key(rng), key(rng), 'IDX', ...some(rng, ['WITHMATCHLEN'], 1)],
]

const KEY_COMMANDS: readonly Make[] = [
  (rng) => [rng.pick(['DEL', 'UNLINK', 'EXISTS', 'TOUCH']), key(rng), ...some(rng, ['k0', 'k1'], 2)],
  (rng) => ['TYPE', key(rng)],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['RENAMENX', key(rng), key(rng)],
  (rng) => ['COPY', key(rng), key(rng), ...some(rng, ['REPLACE', 'DB', '0', '1', '99', 'x', '99999999999'], 3)],
  (rng) => ['MOVE', key(rng), rng.pick(['0', '1', '99', '-1', 'x', '9999999999'])],
  (rng) => ['SELECT', rng.pick(['0', '0', '0', '1', '99', '-1', 'x', '9999999999'])],
  (rng) => ['SWAPDB', rng.pick(['0', '1', 'x']), rng.pick(['0', '1', '99', 'y'])],
  () => ['DBSIZE'],
  (rng) => ['OBJECT', rng.pick(['FREQ', 'HELP', 'FOO']), ...some(rng, ['k0', 'nokey'], 2)],
  // How many references there are to a value that exists is each engine's own affair.
  (rng) => ['OBJECT', 'REFCOUNT', ...some(rng, ['nokey'], 2)],
  () => ['OBJECT', 'IDLETIME', 'nokey'],
  (rng) => ['OBJECT', 'encoding', rng.pick(['nokey', 'e0', 'e1'])],
  (rng) => ['SET', rng.pick(['e0', 'e1']), value(rng)],
  (rng) => ['EXPIREAT', key(rng), rng.pick(SECONDS), ...some(rng, ['NX', 'XX', 'GT', 'LT', 'FOO'], 2)],
  (rng) => ['PEXPIREAT', key(rng), rng.pick(MILLISECONDS), ...some(rng, ['NX', 'XX', 'GT', 'LT'], 2)],
  (rng) => [rng.pick(['EXPIRE', 'PEXPIRE']), key(rng), rng.pick(['-1', '0', 'x', '9223372036854775807'])],
  (rng) => ['EXPIRE', 'r', String(100 + rng.below(1_000_000)), ...some(rng, ['NX', 'XX', 'GT', 'LT'], 1)],
  () => ['TTL', 'r'],
  (rng) => ['SET', 'r', 'x', ...rng.pick([['EX', '50'], ['PX', '60000'], ['KEEPTTL'], []])],
  (rng) => [rng.pick(['EXPIRETIME', 'PEXPIRETIME', 'PERSIST']), key(rng)],
  (rng) => ['FLUSHDB', ...some(rng, ['SYNC', 'ASYNC', 'FOO'], 2)],
  (rng) => [
    'SCAN',
    rng.pick(['x', '1x', ' 1', '-', '18446744073709551616']),
    ...some(rng, ['COUNT', 'MATCH', '0', 'x'], 3),
  ],
  (rng) => ['SCAN', rng.pick(['0', '', '-1', '+1']), rng.pick(['COUNT', 'TYPE', 'FOO', 'MATCH'])],
]

const CONNECTION_COMMANDS: readonly Make[] = [
  (rng) => ['PING', ...some(rng, ['hi', 'there'], 2)],
  (rng) => ['ECHO', ...some(rng, ['hi', 'there'], 2)],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  () => ['DISCARD'],
  (rng) => ['WATCH', key(rng)],
  () => ['UNWATCH'],
  (rng) => ['AUTH', ...some(rng, ['default', 'x', 'y'], 3)],
  (rng) => ['HELLO', ...some(rng, ['1', '4', 'x', 'AUTH', 'SETNAME', 'foo'], 3).slice(0, 3)].slice(0, 1 + rng.below(2)),
  (rng) => [rng.pick(['NOPE', 'get2', 'OBJECT', 'GETT', '']), ...some(rng, ['a', 'b c', 'x'.repeat(200)], 3)],
  (rng) => ['GET', ...some(rng, ['a', 'b'], 3)],
]

export function makeStringCommand(rng: Rng): string[] {
  const kind = rng.below(100)
  const pool = kind < 60 ? STRING_COMMANDS : kind < 88 ? KEY_COMMANDS : CONNECTION_COMMANDS
  const command = rng.pick(pool)(rng)
  // HELLO without a refused argument shows the client's id, which differs.
  return command[0] === 'HELLO' && command.length === 1 ? ['PING'] : command
}
