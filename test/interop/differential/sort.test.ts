import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {makeSortCommand} from './sort-commands.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 2000

describeWithPeers('SORT beside redis-server', () => {
  const servers = bothServers()
  describeRandomCommands(servers, {commandsPerSeed: COMMANDS_PER_SEED, makeCommand: makeSortCommand, seeds: SEEDS})

  it('answers pages of a big list alike', async () => {
    const [theirs, ours] = await servers.both()
    const numbers = Array.from({length: 3000}, (_, i) => String((i * 7919) % 3001))
    const requests = [
      ['DISCARD'],
      ['FLUSHALL'],
      ['RPUSH', 'big', ...numbers],
      ['SORT', 'big', 'LIMIT', '0', '10'],
      ['SORT', 'big', 'LIMIT', '1500', '10', 'DESC'],
      ['SORT', 'big', 'LIMIT', '2990', '100', 'ALPHA'],
      ['SORT', 'big', 'BY', 'nosort', 'LIMIT', '2990', '5', 'DESC'],
      ['SORT', 'big', 'BY', 'nokey_*', 'LIMIT', '5', '5'],
    ]
    expect(await ours.batch(requests)).toEqual(await theirs.batch(requests))
    theirs.close()
    ours.close()
  })

  it('looks all keys up before it refuses one, alike', async () => {
    const [theirs, ours] = await servers.both()
    const requests = [
      ['FLUSHALL'],
      ['RPUSH', 'l', '1', '2', '3'],
      ['SET', 'w_1', 'x'],
      ['CONFIG', 'RESETSTAT'],
      ['SORT', 'l', 'BY', 'w_*'],
    ]
    expect(await ours.batch(requests)).toEqual(await theirs.batch(requests))
    const misses = [theirs, ours].map(async (one) => /keyspace_misses:\d+/.exec(await one.call('INFO', 'stats'))?.[0])
    expect(await Promise.all(misses)).toEqual(['keyspace_misses:2', 'keyspace_misses:2'])
    theirs.close()
    ours.close()
  })

  it.each([
    ...['1e400', '-1e400', '1e308', '1e-400', '5e-324', '-1e-310', '2.2250738585072014e-308', '0x1p-1075', '0x1p1024'],
    ...['0e-999', '-0', 'inf', '-Infinity', 'nan', '0x', '1e', ' 1', '1 ', ''],
  ])('takes %j for a number, or not, alike', async (text) => {
    const [theirs, ours] = await servers.both()
    const requests = [
      ['FLUSHALL'],
      ['RPUSH', 'one', text],
      ['RPUSH', 'two', '1', '2'],
      ['SET', 'w_1', text],
      // Clears what the number before left in `errno` there, which SORT does not.
      ['INCRBYFLOAT', 'nokey', 'x'],
      ['SORT', 'one'],
      ['INCRBYFLOAT', 'nokey', 'x'],
      ['SORT', 'two', 'BY', 'w_*', 'STORE', 'out'],
      ['LRANGE', 'out', '0', '-1'],
    ]
    expect(await ours.batch(requests)).toEqual(await theirs.batch(requests))
    theirs.close()
    ours.close()
  })
})
