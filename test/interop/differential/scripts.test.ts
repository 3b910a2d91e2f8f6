import {expect, it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands, mixedCase} from './harness.js'
import {LIBRARY_BODIES, SCRIPTS} from './scripts-corpus.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 600
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

const COMMANDS: readonly Make[] = [
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

const makeCommand: Make = (rng) => rng.pick(COMMANDS)(rng)

describeWithPeers('scripts and functions beside redis-server', () => {
  const servers = bothServers()
  describeRandomCommands(servers, {commandsPerSeed: COMMANDS_PER_SEED, makeCommand, seeds: SEEDS})

  it.each(['2', '3'])('answers each script of the corpus alike (RESP%s)', async (resp) => {
    const [theirs, ours] = await servers.both()
    for (const connection of [theirs, ours]) await connection.batch([['FLUSHALL'], ['HELLO', resp]])
    for (const script of SCRIPTS) {
      const [expected, actual] = await Promise.all([theirs, ours].map((one) => one.call('EVAL', script, '0')))
      expect({reply: actual, script}).toEqual({reply: expected, script})
    }
    theirs.close()
    ours.close()
  })

  it('takes dumps of functions from redis-server, and gives it its own', async () => {
    const [theirs, ours] = await servers.both()
    const library = (name: string): string =>
      `#!lua name=${name}\n${'-- text that can be compressed '.repeat(5)}\nredis.register_function('${name}', function() return '${name}' end)`
    await Promise.all([theirs, ours].map((one) => one.call('FUNCTION', 'FLUSH')))
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.batch([
        ['FUNCTION', 'FLUSH'],
        ['FUNCTION', 'LOAD', library('one')],
        ['FUNCTION', 'LOAD', library('two')],
      ])
      const dump = await from.call('FUNCTION', 'DUMP')
      const payload = dump.slice(dump.indexOf('\r\n') + 2, -2)
      await to.call('FUNCTION', 'FLUSH')
      expect(await to.call('FUNCTION', 'RESTORE', payload)).toBe('+OK\r\n')
      expect(await to.call('FCALL', 'two', '0')).toBe('$3\r\ntwo\r\n')
      expect(await to.call('FUNCTION', 'RESTORE', payload)).toMatch(/^-ERR Library (one|two) already exists\r\n$/)
      expect(await to.call('FUNCTION', 'RESTORE', payload, 'REPLACE')).toBe('+OK\r\n')
      expect(await to.call('FUNCTION', 'RESTORE', payload, 'FLUSH')).toBe('+OK\r\n')
    }
    theirs.close()
    ours.close()
  })
})
