import {expect, it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'

/** Both are over their limit for good, so what is refused is the same. */
const COMMANDS = ['SET', 'GET', 'APPEND', 'SETBIT', 'PFADD', 'DEL', 'EXPIREAT', 'MULTI', 'EXEC', 'EXEC', 'WATCH']
const MORE = [
  'DISCARD',
  'PING',
  'COPY',
  'BITCOUNT',
  'BITFIELD',
  'OBJECT',
  'GETDEL',
  'NOPE',
  'MSET',
  'PFCOUNT',
  'FLUSHALL',
]

function makeCommand(rng: Rng): string[] {
  // The limit comes and goes, so that some of each transaction was queued without it.
  if (rng.chance(0.1)) return ['CONFIG', 'SET', 'maxmemory', rng.pick(['0', '1'])]
  if (rng.chance(0.1)) return ['SET', 'always', 'there']
  const name = rng.pick([...COMMANDS, ...MORE])
  const words = {
    APPEND: ['x'],
    BITFIELD: [],
    COPY: ['b'],
    EXPIREAT: ['4102444800'],
    OBJECT: ['ENCODING'],
    SETBIT: ['7', '1'],
  }
  if (name === 'OBJECT') return ['OBJECT', 'ENCODING', 'nokey']
  if (['MULTI', 'EXEC', 'DISCARD', 'PING', 'FLUSHALL'].includes(name)) return [name]
  if (name === 'SET' || name === 'MSET') return [name, 'a', 'b']
  return [name, 'a', ...((words as Record<string, string[]>)[name] ?? [])]
}

describeWithPeers('maxmemory beside redis-server', () => {
  const servers = bothServers()
  describeRandomCommands(servers, {commandsPerSeed: 1500, makeCommand: guarded, seeds: [1, 2]})

  it('counts its refusals alike', async () => {
    const [theirs, ours] = await servers.both()
    const requests = [
      ['CONFIG', 'SET', 'maxmemory', '0'],
      ['DISCARD'],
      ['SET', 'a', 'b'],
      ['CONFIG', 'SET', 'maxmemory', '1'],
      ['CONFIG', 'RESETSTAT'],
      ['SET', 'a', 'c'],
      ['MULTI'],
      ['GET', 'a'],
      ['EXEC'],
    ]
    await Promise.all([theirs, ours].map((one) => one.batch(requests)))
    const stats = await Promise.all(
      [theirs, ours].map(async (one) => (await one.call('INFO', 'errorstats')).match(/errorstat_.*/g)),
    )
    expect(stats[1]).toEqual(stats[0])
    theirs.close()
    ours.close()
  })
})

/** Without any key there is nothing here that counts, whereas redis-server itself takes a megabyte. */
function guarded(rng: Rng): string[] {
  const command = makeCommand(rng)
  return ['FLUSHALL', 'DEL', 'GETDEL'].includes(command[0]!) ? ['GET', 'a'] : command
}
