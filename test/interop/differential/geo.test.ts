import {describeWithPeers} from '../../support/peers.js'
import {GEO, rounded, TARGETS} from './geo-commands.js'
import {bothServers, describeRandomCommands} from './harness.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 1500

describeWithPeers('geo beside redis-server', () => {
  const settings = {'zset-max-listpack-entries': '32'}
  describeRandomCommands(bothServers(settings), {
    inexactKeys: TARGETS,
    normal: (_command, reply) => rounded(reply),
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: (rng) => rng.pick(GEO)(rng),
    seeds: SEEDS,
  })
})
