import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase, some} from './harness.js'

/** Random commands on lists, whose elements make nodes of all sizes. */
const INDEXES = ['0', '1', '-1', '2', '-2', '5', '-5', '20', '100', '-100', '300', '-300']
const ODD_NUMBERS = ['x', '', '01', '+1', '1.5', '9223372036854775807', '-9223372036854775808', '9223372036854775808']
const SHORT = ['a', 'b', 'c', '', '1', '-1', '127', '128', '-4097', '65536', '9223372036854775807', '-0', '1e3']
const LONG = ['x'.repeat(40), 'y'.repeat(64), 'z'.repeat(700), 'w'.repeat(3000), 'v'.repeat(9000), '\0\r\n\xff']
const TIMEOUTS = ['0', '0.001', '-1', 'x', '', 'nan', 'inf', '1e30', ' 1', '-0.0']

type Make = (rng: Rng) => string[]

const key = (rng: Rng): string => (rng.chance(0.03) ? 'text' : `l${rng.below(5)}`)
const number = (rng: Rng): string => rng.pick(rng.chance(0.08) ? ODD_NUMBERS : INDEXES)
const element = (rng: Rng): string => (rng.chance(0.7) ? rng.pick(SHORT) : rng.pick(LONG))
const elements = (rng: Rng, max: number): string[] => Array.from({length: 1 + rng.below(max)}, () => element(rng))
const end = (rng: Rng): string => (rng.chance(0.03) ? 'UP' : mixedCase(rng, rng.pick(['LEFT', 'RIGHT'])))

const LISTS: readonly Make[] = [
  (rng) => [rng.pick(['LPUSH', 'RPUSH']), key(rng), ...elements(rng, 3)],
  (rng) => [rng.pick(['LPUSH', 'RPUSH']), key(rng), ...elements(rng, 60)],
  (rng) => [rng.pick(['LPUSHX', 'RPUSHX']), key(rng), ...elements(rng, 4)],
  (rng) => ['LINSERT', key(rng), rng.pick(['BEFORE', 'AFTER', 'after', 'x']), element(rng), element(rng)],
  (rng) => ['LINSERT', key(rng), rng.pick(['BEFORE', 'AFTER']), rng.pick(SHORT), element(rng)],
  (rng) => ['LINSERT', key(rng), rng.pick(['BEFORE', 'AFTER']), rng.pick(LONG), element(rng)],
  (rng) => ['LSET', key(rng), number(rng), element(rng)],
  (rng) => ['LLEN', key(rng)],
  (rng) => ['LINDEX', key(rng), number(rng)],
  (rng) => ['LRANGE', key(rng), number(rng), number(rng)],
  (rng) => ['LRANGE', key(rng), '0', '-1'],
  (rng) => ['LPOS', key(rng), element(rng), ...positionOptions(rng)],
  (rng) => [rng.pick(['LPOP', 'RPOP']), key(rng)],
  (rng) => [rng.pick(['LPOP', 'RPOP']), key(rng), number(rng)],
  (rng) => ['LMPOP', ...popRequest(rng)],
  (rng) => ['LMOVE', key(rng), key(rng), end(rng), end(rng)],
  (rng) => ['RPOPLPUSH', key(rng), key(rng)],
  (rng) => ['LREM', key(rng), rng.pick(['0', '1', '-1', '2', '-2', 'x']), element(rng)],
  (rng) => (rng.chance(0.4) ? ['LTRIM', key(rng), number(rng), number(rng)] : ['LTRIM', key(rng), '1', '-2']),
  (rng) => [rng.pick(['BLPOP', 'BRPOP']), key(rng), key(rng), timeout(rng)],
  (rng) => ['BLMPOP', timeout(rng), ...popRequest(rng)],
  (rng) => ['BLMOVE', key(rng), key(rng), end(rng), end(rng), timeout(rng)],
  (rng) => ['BRPOPLPUSH', key(rng), key(rng), timeout(rng)],
]

/** Never for ever: nobody would come. */
function timeout(rng: Rng): string {
  const text = rng.pick(TIMEOUTS)
  return text === '0' || text === '-0.0' ? '0.001' : text
}

function positionOptions(rng: Rng): string[] {
  const option = (): string[] => [
    rng.pick(['RANK', 'COUNT', 'MAXLEN', 'rank', 'count']),
    rng.pick(['0', '1', '2', '-1', '-2', '5', 'x']),
  ]
  return [...option(), ...(rng.chance(0.5) ? option() : []), ...some(rng, ['COUNT'], 1)].slice(rng.below(3) * 2)
}

function popRequest(rng: Rng): string[] {
  const keys = Array.from({length: 1 + rng.below(3)}, () => key(rng))
  const count = rng.chance(0.9) ? String(keys.length) : rng.pick(['0', '-1', '9', 'x'])
  const option = rng.chance(0.5) ? ['COUNT', rng.pick(['1', '3', '100', '0', '-1', 'x'])] : []
  return [count, ...keys, end(rng), ...option, ...some(rng, ['COUNT', '2'], 1)]
}

const AROUND: readonly Make[] = [
  (rng) => ['DUMP', key(rng)],
  (rng) => ['DUMP', key(rng)],
  (rng) => ['DEBUG', 'DIGEST-VALUE', key(rng)],
  (rng) => ['OBJECT', 'ENCODING', key(rng)],
  (rng) => ['TYPE', key(rng)],
  (rng) => ['COPY', key(rng), key(rng), ...some(rng, ['REPLACE'], 1)],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['DEL', key(rng)],
  (rng) => ['PEXPIREAT', key(rng), rng.pick(['1', '4102444800000'])],
  () => ['SET', 'text', 'x'],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (rng) => ['WATCH', key(rng)],
  (rng) => [rng.pick(['LPUSH', 'LPOP', 'LRANGE', 'LMOVE', 'LMPOP']), ...elements(rng, 3).slice(rng.below(2))],
  // Whatever the last argument is, it is a timeout: one that ends at once.
  (rng) => [rng.pick(['BLPOP', 'BRPOP', 'BLMPOP']), ...elements(rng, 2).slice(rng.below(2)), 'x'],
]

export function makeListCommand(rng: Rng): string[] {
  return rng.pick(rng.chance(0.8) ? LISTS : AROUND)(rng)
}
