import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase, some} from './harness.js'

/**
 * Random commands on sorted sets, small and around the size where they change their form. Keys that begin with `l` have
 * members of one score only: by-member ranges of others are not defined once they are large.
 */
const SCORES = ['0', '1', '-1', '2', '3', '3', '7', '1.5', '-2.25', '0.1', '1e3', '-0', 'inf', '-inf', '+5', '0x1p3']
const WEIRD_SCORES = ['', ' 1', '1 ', 'x', 'nan', '1e400', '1e-400', '1.', '.5', '.', '1e', '0x', 'infinity', '-Inf']
const BIG_SCORES = [
  '9007199254740993',
  '1e16',
  '1e17',
  '123456789012345678',
  '1.7976931348623157e308',
  '5e-324',
  '1e-5',
]
const ENDS = ['-inf', '+inf', '0', '(0', '1', '(1', '-1', '3', '(3', '7', '(', '', '1e400', ' 2', '(-1', '(inf', '2.5']
const WEIRD_ENDS = ['x', '(x', 'nan', '1 ', '[1', '((1', '0x', '1\0x']
const LEX_ENDS = ['-', '+', '[a', '(a', '[m1', '(m1', '[m5', '(m20', '[', '(', '[z', '[m', '(c']
const WEIRD_LEX_ENDS = ['a', '', '+x', '-x', '++', '*']
const RANKS = ['0', '1', '-1', '2', '-2', '5', '-5', '10', '-100', '100', '9223372036854775807', '-9223372036854775808']
const WEIRD_INTEGERS = ['x', '', '1.5', '9223372036854775808', ' 1', '+1', '01']
const COUNTS = ['0', '1', '2', '3', '-1', '-5', '10', '1000']

type Make = (rng: Rng) => string[]

const orWeird = (rng: Rng, usual: readonly string[], weird: readonly string[]): string =>
  rng.chance(0.03) ? rng.pick(weird) : rng.pick(usual)
/** Half of them: words that only look like keys of another type are rare. */
const key = (rng: Rng): string =>
  rng.chance(0.03) ? rng.pick(['str', 'set1', 'set2', 'nokey']) : rng.pick(['z0', 'z1', 'z2', 'l0', 'l1', 'big'])
const anyKey = (rng: Rng): string => (rng.chance(0.2) ? rng.pick(['set1', 'set2', 'nokey']) : key(rng))
const member = (rng: Rng): string =>
  rng.chance(0.05)
    ? rng.pick(['', 'x'.repeat(64), 'y'.repeat(65), '\0\r\n\xff', '12', '-0', 'é'])
    : `m${rng.below(rng.pick([3, 20, 200]))}`
const score = (rng: Rng): string => {
  if (rng.chance(0.1)) return rng.pick(BIG_SCORES)
  return rng.chance(0.3) ? String(rng.below(100_000) / 100) : orWeird(rng, SCORES, WEIRD_SCORES)
}
const end = (rng: Rng): string => orWeird(rng, ENDS, WEIRD_ENDS)
const lexEnd = (rng: Rng): string => orWeird(rng, LEX_ENDS, WEIRD_LEX_ENDS)
const rank = (rng: Rng): string => orWeird(rng, RANKS, WEIRD_INTEGERS)
const count = (rng: Rng): string => orWeird(rng, COUNTS, WEIRD_INTEGERS)
/** Where the scores of a key must stay equal. */
const scoreFor = (rng: Rng, name: string): string => (name.startsWith('l') ? '0' : score(rng))
const limit = (rng: Rng): string[] => (rng.chance(0.5) ? [mixedCase(rng, 'LIMIT'), count(rng), count(rng)] : [])

function zadd(rng: Rng): string[] {
  const name = key(rng)
  const options = rng.chance(0.4) ? some(rng, ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'], 2) : []
  const isIncreasing = options.some((option) => option.toLowerCase() === 'incr') && name.startsWith('l')
  const pairs = Array.from({length: rng.pick([1, 1, 1, 2, 5])}, () => [scoreFor(rng, name), member(rng)]).flat()
  return isIncreasing ? ['ZCARD', name] : ['ZADD', name, ...options, ...pairs]
}

function zaddMany(rng: Rng): string[] {
  const name = rng.pick(['big', 'l1'])
  const first = rng.below(100)
  const pairs = Array.from({length: 90}, (_, i) => [name === 'l1' ? '0' : String(i % 7), `m${first + i}`]).flat()
  return ['ZADD', name, ...pairs]
}

function zrange(rng: Rng): string[] {
  const by = rng.pick(['', 'BYSCORE', 'BYLEX'])
  const name = by === 'BYLEX' ? rng.pick(['l0', 'l1', 'void']) : key(rng)
  const one = by === '' ? rank : by === 'BYLEX' ? lexEnd : end
  const options = [...(by === '' ? [] : [by]), ...some(rng, ['REV', 'WITHSCORES'], 2), ...limit(rng)]
  if (rng.chance(0.7)) return ['ZRANGE', name, one(rng), one(rng), ...options]
  const to = name.startsWith('l') ? rng.pick(['l0', 'l1']) : rng.pick(['z0', 'z1', 'str'])
  return ['ZRANGESTORE', to, name, one(rng), one(rng), ...options]
}

function combine(rng: Rng): string[] {
  const operation = rng.pick(['ZUNION', 'ZINTER', 'ZDIFF'])
  const keys = Array.from({length: 1 + rng.below(3)}, () => anyKey(rng))
  const options: string[] = []
  if (rng.chance(0.4))
    options.push('WEIGHTS', ...keys.map(() => orWeird(rng, ['1', '2', '-1', '0', 'inf', '0.5'], ['x'])))
  if (rng.chance(0.4)) options.push('AGGREGATE', rng.pick(['SUM', 'MIN', 'max', 'foo']))
  if (rng.chance(0.4)) options.push('WITHSCORES')
  const number = rng.chance(0.05) ? rng.pick(['0', '-1', 'x', '9']) : String(keys.length)
  if (rng.chance(0.5)) return [operation, number, ...keys, ...options]
  return [`${operation}STORE`, rng.pick(['z0', 'z1', 'z2', 'str']), number, ...keys, ...options]
}

export const SORTED_SETS: readonly Make[] = [
  zadd,
  zadd,
  zadd,
  zadd,
  zaddMany,
  zrange,
  zrange,
  combine,
  combine,
  (rng) => {
    const name = rng.pick(['z0', 'z1', 'z2', 'big', 'str'])
    return ['ZINCRBY', name, score(rng), member(rng)]
  },
  (rng) => [rng.pick(['ZSCORE', 'ZRANK', 'ZREVRANK']), key(rng), member(rng)],
  (rng) => ['ZMSCORE', key(rng), member(rng), member(rng)],
  (rng) => ['ZCARD', key(rng)],
  (rng) => ['ZREM', key(rng), member(rng), member(rng), member(rng)],
  (rng) => [rng.pick(['ZCOUNT', 'ZCOUNT', 'ZREMRANGEBYSCORE']), key(rng), end(rng), end(rng)],
  (rng) => [
    rng.pick(['ZLEXCOUNT', 'ZLEXCOUNT', 'ZREMRANGEBYLEX']),
    rng.pick(['l0', 'l1', 'text']),
    lexEnd(rng),
    lexEnd(rng),
  ],
  (rng) => ['ZREMRANGEBYRANK', key(rng), rank(rng), rng.pick(['0', '1', '2', '-2', '-1'])],
  (rng) => ['ZRANGEBYSCORE', key(rng), end(rng), end(rng), ...some(rng, ['WITHSCORES', 'REV'], 1), ...limit(rng)],
  (rng) => ['ZREVRANGEBYSCORE', key(rng), end(rng), end(rng), ...some(rng, ['WITHSCORES'], 1), ...limit(rng)],
  (rng) => [
    rng.pick(['ZRANGEBYLEX', 'ZREVRANGEBYLEX']),
    rng.pick(['l0', 'l1']),
    lexEnd(rng),
    lexEnd(rng),
    ...limit(rng),
  ],
  (rng) => ['ZREVRANGE', key(rng), rank(rng), rank(rng), ...some(rng, ['WITHSCORES', 'BYSCORE', 'LIMIT'], 1)],
  (rng) => [rng.pick(['ZPOPMIN', 'ZPOPMAX']), key(rng), ...(rng.chance(0.5) ? [count(rng)] : [])],
  (rng) => [
    'ZMPOP',
    rng.pick(['1', '2', '2', '2', '0', 'x', '3']),
    anyKey(rng),
    key(rng),
    rng.pick(['MIN', 'max', 'foo']),
    ...(rng.chance(0.5) ? ['COUNT', count(rng)] : []),
  ],
  (rng) => [rng.pick(['BZPOPMIN', 'BZPOPMAX']), rng.pick(['z0', 'big']), rng.pick(['x', '-1', 'inf', '', '-inf'])],
  (rng) => [
    'BZMPOP',
    rng.pick(['x', '-1']),
    rng.pick(['1', '0']),
    key(rng),
    rng.pick(['MIN', 'foo']),
    'COUNT',
    count(rng),
  ],
  (rng) => ['ZINTERCARD', '2', anyKey(rng), anyKey(rng), ...(rng.chance(0.5) ? ['LIMIT', count(rng)] : [])],
  (rng) => ['ZRANDMEMBER', rng.pick(['void', 'text']), ...(rng.chance(0.5) ? [count(rng)] : [])],
  (rng) => ['ZRANDMEMBER', key(rng), rng.pick(['0', 'x', '1.5']), ...some(rng, ['WITHSCORES', 'foo'], 2)],
  (rng) => ['ZADD', 'small', score(rng), `m${rng.below(8)}`],
  (rng) => [
    'ZSCAN',
    rng.pick(['small', 'void', 'text']),
    rng.pick(['0', 'x']),
    ...some(rng, ['COUNT', 'MATCH', '0', 'm1*'], 4),
  ],
  (rng) => ['OBJECT', 'ENCODING', rng.pick(['z0', 'z1', 'z2', 'l0', 'l1', 'big'])],
  (rng) => ['DUMP', rng.pick(['z0', 'z1', 'l0', 'big'])],
  (rng) => ['COPY', rng.pick(['z0', 'big']), rng.pick(['z1', 'z2']), 'REPLACE'],
  (rng) => ['TYPE', key(rng)],
  (rng) => ['DEL', rng.pick(['z0', 'z1', 'z2', 'l0', 'l1', 'big'])],
  (rng) => ['PEXPIREAT', key(rng), rng.pick(['1', '4102444800000'])],
  (rng) => ['PEXPIRETIME', key(rng)],
  () => ['SET', 'text', 'x'],
  (rng) => ['SET', 'str', String(rng.below(3))],
  (rng) => [
    'SADD',
    rng.pick(['set1', 'set2']),
    ...Array.from({length: 4}, () => rng.pick(['m1', 'm2', 'm3', '12', 'm5'])),
  ],
  (rng) => ['SREM', rng.pick(['set1', 'set2']), 'm1', 'm2'],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  () => ['DEBUG', 'RELOAD'],
  (rng) => ['COMMAND', 'GETKEYS', ...combine(rng)],
  (rng) => [rng.pick(['ZADD', 'ZRANGE', 'ZSCORE', 'ZUNION', 'ZMPOP', 'ZPOPMIN']), ...some(rng, ['z0', '1', 'a'], 4)],
]
