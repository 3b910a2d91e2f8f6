import {expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {SORTED_SETS} from './sorted-sets-commands.js'

const SEEDS = [1, 2, 3, 4]
const COMMANDS_PER_SEED = 2500

function makeCommand(rng: Rng): string[] {
  return rng.pick(SORTED_SETS)(rng)
}

describeWithPeers('sorted sets beside redis-server', () => {
  // Compression is a matter of its own.
  const settings = {rdbcompression: 'no', 'zset-max-listpack-entries': '24', 'zset-max-listpack-value': '64'}
  describeRandomCommands(bothServers(settings), {commandsPerSeed: COMMANDS_PER_SEED, makeCommand, seeds: SEEDS})
})

describeWithPeers('sorted sets as payloads', () => {
  const {both} = bothServers({rdbcompression: 'no'})
  it('go there and back again', async () => {
    const [theirs, ours] = await both()
    const rng = seededRng(3)
    for (const size of [1, 2, 128, 129, 3000]) {
      const pairs = Array.from({length: size}, (_, i) => [
        String(rng.below(1000) / 8),
        `${rng.hex(rng.below(40))}${i}`,
      ]).flat()
      await Promise.all(
        [theirs, ours].map((one) =>
          one.batch([
            ['DEL', 'z'],
            ['ZADD', 'z', ...pairs],
          ]),
        ),
      )
      const [theirDump, ourDump] = await Promise.all([theirs, ours].map((one) => one.call('DUMP', 'z')))
      expect(ourDump).toBe(theirDump)
      const payload = ourDump!.slice(ourDump!.indexOf('\r\n') + 2, -2)
      for (const one of [theirs, ours]) {
        expect(await one.call('RESTORE', 'back', '0', payload, 'REPLACE')).toBe('+OK\r\n')
        expect(await one.call('DEBUG', 'DIGEST-VALUE', 'back')).toBe(await theirs.call('DEBUG', 'DIGEST-VALUE', 'z'))
        expect(await one.call('OBJECT', 'ENCODING', 'back')).toBe(await theirs.call('OBJECT', 'ENCODING', 'z'))
      }
    }
    theirs.close()
    ours.close()
  })
})
