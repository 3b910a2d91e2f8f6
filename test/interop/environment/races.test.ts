import {describe, it} from 'vitest'
import {
  type Durations,
  killPartitions,
  killUpAndDown,
  runSideBySide,
  runTwice,
} from '../../support/environment/races.js'
import {EMBEDDED, type EngineWorld, PROCESS} from '../../support/environment/world.js'
import {describeWithPeers} from '../../support/peers.js'

/** `RACE_SEED=7 RACE_SEEDS=50` runs fifty from the seventh on. */
const FIRST = Number(process.env['RACE_SEED'] ?? 1)
const COUNT = Number(process.env['RACE_SEEDS'] ?? 1)
const seeds = Array.from({length: COUNT}, (_, index) => FIRST + index)
const DURATIONS: Durations = {downMs: 500, partitionMs: 900, upMs: 2500}

function race(engine: EngineWorld): void {
  it.each(seeds)('make good what is left of an up and a down that were killed (seed %d)', (seed) =>
    killUpAndDown(engine, seed, DURATIONS),
  )

  it.each(seeds.slice(0, Math.ceil(COUNT / 3)))(
    'heal what is left of faults whose command was killed (seed %d)',
    (seed) => killPartitions(engine, seed, DURATIONS),
  )

  it('do the same twice at the same time', () => runTwice(engine))

  it('leave other environments alone', () => runSideBySide(engine))
}

describe('commands on embedded nodes', () => race(EMBEDDED))

describeWithPeers('commands on redis-servers', () => race(PROCESS))
