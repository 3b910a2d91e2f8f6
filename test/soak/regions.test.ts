import {afterEach, beforeEach, describe, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {SoakWorld} from '../support/crdb/soak-world.js'
import {Exchanged, TAGS} from '../support/crdb/soak-writers.js'
import {REGIONS} from '../support/crdb/world.js'

/** How long regions are tormented; CRDT_SOAK_SECONDS=60 for the long run, CRDT_SOAK_SEED=7 for other torments. */
const SECONDS = Number(process.env['CRDT_SOAK_SECONDS'] ?? 2)
const rng = seededRng(Number(process.env['CRDT_SOAK_SEED'] ?? 1))
const timeout = SECONDS * 5000 + 120_000
const ALL = [1, 2, 3] as const
const SHARDS = 3
const PRIMARIES = ALL.length * SHARDS

describe('three regions under load, cut apart and killed', () => {
  let world: SoakWorld

  beforeEach(() => {
    world = new SoakWorld()
  })

  afterEach(() => world.down())

  async function torment(act: () => Promise<void>): Promise<void> {
    const end = Date.now() + SECONDS * 1000
    do await act()
    while (Date.now() < end)
  }

  const torments = {
    cut: () => world.done('partition', '--regions', rng.pick(REGIONS)),
    'cut all': () => world.done('partition', '--regions'),
    heal: () => world.done('heal'),
    kill: async () => {
      const region = rng.pick(ALL)
      await world.done('kill', `mycrdb-${region}-1`)
      await world.written(ALL.filter((each) => each !== region))
      await world.done('start', `mycrdb-${region}-1`)
    },
  }

  it('keep all that they acknowledged, where every write goes to a file', {timeout}, async () => {
    await world.up('--persistence', 'aof', '--set', 'appendfsync=always')
    await world.create()
    world.write(...ALL)
    await world.written()
    await torment(async () => {
      await torments[rng.pick(['cut', 'cut all', 'heal', 'kill', 'kill'] as const)]()
      await world.written()
    })
    await world.done('heal')
    await world.expectAllKept()
  })

  it('keep all that they exchanged, where replicas take over', {timeout}, async () => {
    await world.up('--node-timeout', '1000', '--persistence', 'none')
    await world.create('--shards-count', String(SHARDS), '--replication', 'true')
    world.write(...ALL)
    await world.written()
    const exchanged = new Map(TAGS.map((tag) => [tag, new Exchanged()]))
    const see = async (): Promise<void> => {
      for (const tag of TAGS) {
        for (const region of ALL) exchanged.get(tag)!.add(region, await world.look(region, tag))
      }
    }
    await torment(async () => {
      const primary = rng.pick(await world.settled(PRIMARIES))
      await see()
      if (rng.chance(0.5)) await torments.cut()
      await world.done('kill', primary)
      await world.written()
      if (rng.chance(0.5)) await torments.heal()
      await world.done('start', primary)
      await torments.heal()
    })
    await world.settled(PRIMARIES)
    await see()
    await world.expectEqual()
    for (const tag of TAGS) {
      for (const region of ALL) exchanged.get(tag)!.expectKept(await world.look(region, tag), world.writersOf(tag))
    }
  })
})
