import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase, some} from './harness.js'

/** Random SORT commands, and what fills the keys they sort and look at. */
type Make = (rng: Rng) => string[]

const NUMBERS = ['1', '2', '-3', '10', '2.5', '1e2', '0', ' 7', '0x1f', 'inf', '-inf', '12345678901234567890']
const WORDS = ['a', 'b', 'B', 'aa', 'ab', '', 'é', 'zz top', '\xff', '10', '9']
/** Nothing out of range: after one such, redis-server refuses numbers that it takes at other times. */
const NO_NUMBERS = ['x', '1x', 'nan', '1 ', '\n']

const list = (rng: Rng): string => `l${rng.below(3)}`
const set = (rng: Rng): string => `s${rng.below(2)}`
const zset = (rng: Rng): string => `z${rng.below(2)}`
const number = (rng: Rng): string => (rng.chance(0.7) ? String(rng.below(40)) : rng.pick(NUMBERS))
const element = (rng: Rng): string => (rng.chance(0.01) ? rng.pick(NO_NUMBERS) : number(rng))
const any = (rng: Rng): string =>
  rng.pick([list, set, zset, () => 'words', () => 'nokey', () => 'text', () => 'h'])(rng)
const limit = (rng: Rng): string => rng.pick(['0', '1', '2', '5', '-1', '-5', '100', 'x', '9223372036854775807', ''])

const GET = ['#', 'w_*', 'w_*->f', 'h_*->f', 'h_*->', 'h_*->no', 'fixed', 'w_*x', '*', 'h_*->f*', '']
/** With ties only between missing keys of a few elements: which of equals comes first is chance over there. */
const BY = ['w_*', 'h_*->f', 'nosort', 'w_*->f', '*', 'no_*']

function options(rng: Rng): string[] {
  const found: string[] = []
  if (rng.chance(0.3)) found.push(mixedCase(rng, 'DESC'))
  if (rng.chance(0.1)) found.push('ASC')
  if (rng.chance(0.4)) found.push(mixedCase(rng, 'ALPHA'))
  if (rng.chance(0.3)) found.push('LIMIT', limit(rng), limit(rng))
  if (rng.chance(0.3)) found.push(mixedCase(rng, 'GET'), rng.pick(GET))
  if (rng.chance(0.1)) found.push('GET', rng.pick(GET))
  if (rng.chance(0.04)) found.push(rng.pick(['FOO', 'BY', 'GET', 'LIMIT', 'STORE']))
  return found
}

const COMMANDS: readonly Make[] = [
  (rng) => [mixedCase(rng, rng.pick(['SORT', 'SORT_RO'])), any(rng), ...options(rng)],
  (rng) => ['SORT', any(rng), ...options(rng)],
  (rng) => ['SORT', list(rng), ...options(rng), 'STORE', rng.pick(['out', 'out', 'l0', 'text', 's0'])],
  (rng) => ['SORT', rng.pick([list, zset])(rng), 'BY', 'nosort', ...options(rng)],
  (rng) => ['SORT', set(rng), 'BY', 'nosort', 'STORE', 'out'],
  // Numeric ties are broken by the element; alphabetic ones are not.
  (rng) => ['SORT', any(rng), 'BY', rng.pick(BY.slice(0, 5)), ...options(rng).filter((word) => !/alpha/i.test(word))],
  (rng) => ['SORT_RO', any(rng), 'STORE', 'x', ...options(rng)],
  (rng) => ['LRANGE', rng.pick(['out', 'l0']), '0', '-1'],
  (rng) => ['OBJECT', 'ENCODING', 'out'].slice(0, rng.chance(0.5) ? 3 : 2),
  (rng) => ['RPUSH', list(rng), element(rng), number(rng), number(rng)],
  (rng) => ['RPUSH', 'words', rng.pick(WORDS), rng.pick(WORDS)],
  (rng) => ['SADD', set(rng), number(rng), element(rng)],
  (rng) => ['ZADD', zset(rng), String(rng.below(100)), number(rng)],
  (rng) => ['SET', `w_${rng.below(40)}`, rng.chance(0.02) ? rng.pick(NO_NUMBERS) : number(rng)],
  (rng) => ['HSET', `h_${rng.below(40)}`, rng.pick(['f', 'f', 'f*', '']), number(rng)],
  (rng) => ['DEL', rng.pick([list, set, zset, () => 'words', () => 'out', () => 'w_3', () => 'h_4'])(rng)],
  (rng) => ['SET', 'text', rng.pick(WORDS)],
  (rng) => ['HSET', 'h', 'f', rng.pick(WORDS)],
  (rng) => ['COMMAND', 'GETKEYS', 'SORT', 'k', ...some(rng, ['STORE', 'BY', 'LIMIT', 'GET', 'a', 'b'], 6)],
  (rng) => ['COMMAND', 'GETKEYSANDFLAGS', 'SORT_RO', 'k', ...some(rng, ['STORE', 'BY', 'a'], 4)],
  () => ['MULTI'],
  () => ['EXEC'],
]

/** The members of a set that are left as they are come in no order, also within a transaction. */
export function makeSortCommand(rng: Rng): string[] {
  const command = rng.pick(COMMANDS)(rng)
  const isOfSet = /^s[01]$/.test(command[1] ?? '') && /^sort/i.test(command[0]!)
  return isOfSet && command.includes('nosort') && !command.includes('STORE') ? ['PING'] : command
}
