import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {BITMAPS} from './bitmap-commands.js'
import {bothServers, describeRandomCommands} from './harness.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 2000

describeWithPeers('bitmaps beside redis-server', () => {
  // Compressed strings of the two differ, and both read them.
  const servers = bothServers({rdbcompression: 'no'})
  describeRandomCommands(servers, {
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: (rng) => rng.pick(BITMAPS)(rng),
    seeds: SEEDS,
  })

  it('refuses bits beyond proto-max-bulk-len alike', async () => {
    const [theirs, ours] = await servers.both()
    const requests = [
      ['CONFIG', 'SET', 'proto-max-bulk-len', '1mb'],
      ['SETBIT', 'big', '8388608', '1'],
      ['SETBIT', 'big', '8388607', '1'],
      ['GETBIT', 'big', '8388608'],
      ['BITFIELD', 'big', 'SET', 'u8', '#1048576', '1'],
      ['BITFIELD', 'big', 'SET', 'u8', '#1048575', '255'],
      ['BITCOUNT', 'big'],
      ['STRLEN', 'big'],
    ]
    expect(await ours.batch(requests)).toEqual(await theirs.batch(requests))
    theirs.close()
    ours.close()
  })
})
