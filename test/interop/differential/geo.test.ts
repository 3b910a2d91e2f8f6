import {describeWithPeers} from '../../support/peers.js'
import {GEO, TARGETS} from './geo-commands.js'
import {bothServers, describeRandomCommands} from './harness.js'

const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 1500

/** The last of a distance's 17 digits depends on who computes sines. Positions, which do not, have more characters. */
const DISTANCE = /(?:\$1[5-8]\r\n|,)(\d+\.\d{6,16})\r\n/g

function rounded(_command: readonly string[], reply: string): string {
  return reply.replace(DISTANCE, (all, digits: string) => (digits.length > 18 ? all : Number(digits).toPrecision(13)))
}

describeWithPeers('geo beside redis-server', () => {
  const settings = {'zset-max-listpack-entries': '32'}
  describeRandomCommands(bothServers(settings), {
    inexactKeys: TARGETS,
    normal: rounded,
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: (rng) => rng.pick(GEO)(rng),
    seeds: SEEDS,
  })
})
