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
})
