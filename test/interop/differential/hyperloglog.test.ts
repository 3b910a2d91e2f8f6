import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {SKETCHES} from './hyperloglog-commands.js'

/** The strings are compared, not only what they count: a sketch made here goes on over there, and the other way round. */
const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 1000

describeWithPeers('HyperLogLog beside redis-server', () => {
  // Compressed strings of the two differ, and both read them.
  const servers = bothServers({rdbcompression: 'no'})
  describeRandomCommands(servers, {
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: (rng) => rng.pick(SKETCHES)(rng),
    seeds: SEEDS,
  })

  it('tests itself', async () => {
    const [theirs, ours] = await servers.both()
    expect(await ours.call('PFSELFTEST')).toBe('+OK\r\n')
    theirs.close()
    ours.close()
  })
})
