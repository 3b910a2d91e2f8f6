import type {Rng} from '../../../src/lib/kernel/rng.js'
import {mixedCase} from './harness.js'
import {LIBRARY_BODIES, SCRIPTS} from './scripts-corpus.js'

/** Random commands about scripts and libraries of functions. */
const SHA_OF_ONE = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db'
const COUNTS = ['0', '0', '1', '2', '3', '-1', 'x', '']
const LIBRARY_LINES = ['#!lua name=x', '#!lua name=y', '#!LUA name=x', '#!lua', '#!py name=x', '#!lua name=a-b', 'x']

type Make = (rng: Rng) => string[]

/** Numbers, texts and tables in each other, as a script writes them. */
function literal(rng: Rng, depth: number): string {
  const scalars = ['1', '-2.5', "'a'", 'true', 'false', '1e15', "'\\0\\200'", '0.1', '12345678901', "''"]
  if (depth === 0 || rng.chance(0.4)) return rng.pick(scalars)
  const count = rng.below(6)
  const items = Array.from({length: count}, () => literal(rng, depth - 1))
  if (rng.chance(0.5)) return `{${items.join(', ')}}`
  return `{${items.map((item) => `['k${rng.below(20)}'] = ${item}`).join(', ')}}`
}

const ENCODINGS = [
  'cjson.encode(t)',
  'cjson.encode(cjson.decode(cjson.encode(t)))',
  'cmsgpack.pack(t)',
  'cmsgpack.pack(cmsgpack.unpack(cmsgpack.pack(t)))',
  't',
]

export const SCRIPTING: readonly Make[] = [
  (rng) => ['EVAL', rng.pick(SCRIPTS), '0'],
  (rng) => ['EVAL', rng.pick(SCRIPTS), '0'],
  (rng) => ['EVAL', rng.pick(SCRIPTS), '2', 'k1', 'k2', 'v1'],
  (rng) => ['EVAL_RO', rng.pick(SCRIPTS), '0'],
  (rng) => ['EVAL', `local t = ${literal(rng, 4)} return ${rng.pick(ENCODINGS)}`, '0'],
  (rng) => ['EVAL', `local t = ${literal(rng, 4)} return ${rng.pick(ENCODINGS)}`, '0'],
  (rng) => [rng.pick(['EVAL', 'EVAL_RO']), 'return {KEYS, ARGV}', rng.pick(COUNTS), 'a', 'b'],
  (rng) => [rng.pick(['EVALSHA', 'evalsha_ro']), mixedCase(rng, SHA_OF_ONE.toUpperCase()), rng.pick(COUNTS), 'a'],
  (rng) => ['EVALSHA', rng.pick(['x', 'x'.repeat(40)]), '0'],
  (rng) => ['SCRIPT', 'LOAD', rng.pick(['return 1', 'x x', '#!lua flags=x\n'])],
  (rng) => ['SCRIPT', 'EXISTS', SHA_OF_ONE, rng.pick(['x', SHA_OF_ONE.toUpperCase()])],
  (rng) => ['SCRIPT', 'FLUSH', ...rng.pick([[], ['SYNC'], ['async'], ['x'], ['SYNC', 'x']])],
  (rng) => ['SCRIPT', rng.pick(['KILL', 'HELP', 'X', 'LOAD'])],
  (rng) => [
    'FUNCTION',
    'LOAD',
    ...rng.pick([[], ['REPLACE'], ['REPLACE'], ['x']]),
    `${rng.pick(rng.chance(0.7) ? LIBRARY_LINES.slice(0, 2) : LIBRARY_LINES)}\n${rng.pick(LIBRARY_BODIES)}`,
  ],
  (rng) => [rng.pick(['FCALL', 'FCALL_RO']), rng.pick(['f', 'F', 'nope', 'g']), rng.pick(COUNTS), 'a', 'b'],
  (rng) => [rng.pick(['FCALL', 'FCALL_RO']), 'f', '1', 'a', 'b'],
  (rng) => ['FUNCTION', 'DELETE', rng.pick(['x', 'X', 'y'])],
  (rng) => ['FUNCTION', rng.pick(['STATS', 'KILL', 'HELP', 'X', 'DELETE', 'LOAD', 'RESTORE'])],
  (rng) => ['FUNCTION', 'FLUSH', ...rng.pick([[], ['SYNC'], ['x'], ['SYNC', 'x']])],
  (rng) => ['FUNCTION', 'LIST', 'LIBRARYNAME', rng.pick(['x', 'X*', 'none']), ...rng.pick([[], ['WITHCODE']])],
  (rng) => ['FUNCTION', 'LIST', ...rng.pick([['WITHCODE', 'WITHCODE'], ['LIBRARYNAME'], ['x']])],
  (rng) => ['FUNCTION', 'RESTORE', 'x', ...rng.pick([[], ['FLUSH'], ['x'], ['FLUSH', 'x']])],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (rng) => ['COMMAND', 'GETKEYS', 'EVAL', 'x', rng.pick(COUNTS), 'a', 'b'],
  (rng) => ['GET', rng.pick(['a', 's', 'k', 'one'])],
]
