import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {SCRIPTING} from './script-commands.js'
import {SCRIPTS} from './scripts-corpus.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 600
describeWithPeers('scripts and functions beside redis-server', () => {
  const servers = bothServers()
  describeRandomCommands(servers, {
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: (rng) => rng.pick(SCRIPTING)(rng),
    seeds: SEEDS,
  })

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
