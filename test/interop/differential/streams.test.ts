import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {makeStreamCommand, normalStreamReply} from './stream-commands.js'

/**
 * Random commands on streams and their groups to a real redis-server and to the embedded node: the same bytes, and in the
 * end the same data. Nodes are small, so that the keys have several of them.
 *
 * Ids are given, not made from the clock. Times are what may differ: they are taken out.
 */
const SEEDS = [1, 2, 3, 4]
const COMMANDS_PER_SEED = 1500

describeWithPeers('streams beside redis-server', () => {
  const servers = bothServers({'stream-node-max-bytes': '300', 'stream-node-max-entries': '7'})
  describeRandomCommands(servers, {
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: makeStreamCommand,
    normal: normalStreamReply,
    seeds: SEEDS,
  })

  it('gives the same events in the same order', async () => {
    const [theirs, ours] = await servers.both()
    expect(await ours.call('XLEN', 'nothing')).toBe(await theirs.call('XLEN', 'nothing'))
    theirs.close()
    ours.close()
  })
})
