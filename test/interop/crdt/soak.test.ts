import {afterEach, describe, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {REGIONS} from '../../support/crdb/world.js'
import {SoakWorld} from './soak-world.js'
import {Exchanged, expectKept, TAGS} from './soak-writers.js'

/** How long regions are tormented; CRDT_SOAK_SECONDS=60 for the long run, CRDT_SOAK_SEED=7 for other torments. */
const SECONDS = Number(process.env['CRDT_SOAK_SECONDS'] ?? 4)
const SEED = Number(process.env['CRDT_SOAK_SEED'] ?? 1)
const TIMEOUT_MS = SECONDS * 2000 + 120_000

let world: SoakWorld

afterEach(() => world.down())

describe('three regions under load, cut apart and killed', () => {
  it(
    'keep all that they acknowledged, where every write goes to a file',
    async () => {
      world = new SoakWorld()
      const rng = seededRng(SEED)
      await world.up('--persistence', 'aof', '--set', 'appendfsync=always')
      await world.create()
      world.write(1, 2, 3)
      await world.written()
      const end = Date.now() + SECONDS * 1000
      while (Date.now() < end) {
        const victim = rng.pick([1, 2, 3])
        const actions = {
          cut: async () => {
            await world.done('partition', '--regions', REGIONS[victim - 1]!)
            await world.written()
          },
          'cut all': async () => {
            await world.done('partition', '--regions')
            await world.written()
          },
          heal: async () => {
            await world.done('heal')
            await world.written()
          },
          kill: async () => {
            await world.done('kill', `mycrdb-${victim}-1`)
            await world.written([1, 2, 3].filter((each) => each !== victim))
            await world.done('start', `mycrdb-${victim}-1`)
            await world.written()
          },
        }
        await actions[rng.pick(['cut', 'cut all', 'heal', 'kill', 'kill'] as const)]()
      }
      await world.done('heal')
      await world.expectEqual()
      for (const tag of TAGS) {
        for (const region of [1, 2, 3]) expectKept(await world.look(region, tag), world.writersOf(tag))
      }
    },
    TIMEOUT_MS,
  )

  it(
    'keep all that they exchanged, where replicas take over',
    async () => {
      world = new SoakWorld()
      const rng = seededRng(SEED)
      await world.up('--node-timeout', '1000')
      await world.create('--shards-count', '3', '--replication', 'true')
      world.write(1, 2, 3)
      await world.written()
      const exchanged = new Map(TAGS.map((tag) => [tag, new Exchanged()]))
      const see = async (): Promise<void> => {
        for (const tag of TAGS) {
          for (const region of [1, 2, 3]) exchanged.get(tag)!.add(region, await world.look(region, tag))
        }
      }
      const end = Date.now() + SECONDS * 1000
      do {
        await see()
        const primary = rng.pick(await world.list())
        if (rng.chance(0.5)) {
          await world.done('partition', '--regions', REGIONS[rng.pick([0, 1, 2] as const)]!)
          await world.written()
        }
        await world.done('kill', primary)
        await world.written()
        if (rng.chance(0.5)) await world.done('heal')
        await world.done('start', primary)
        await world.done('heal')
        await world.settled()
      } while (Date.now() < end)
      await see()
      await world.expectEqual()
      for (const tag of TAGS) {
        for (const region of [1, 2, 3]) {
          exchanged.get(tag)!.expectKept(await world.look(region, tag), world.writersOf(tag))
        }
      }
    },
    TIMEOUT_MS,
  )
})
