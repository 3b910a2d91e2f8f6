import {assert, describe, it} from 'vitest'
import {seededRng} from '../../../../../src/lib/kernel/rng.js'
import {makeScript} from '../../../../interop/differential/mixed/script.js'
import {exchange, type Region, regions} from '../regions.js'

const SEED_COUNT = Number(process.env.CRDT_SEEDS ?? 2)
const SEEDS = Array.from({length: SEED_COUNT}, (_, i) => i + 1)

/** Commands of all kinds from the generators of the differential tests, each at the region that `where` says. */
function play(
  all: readonly Region[],
  seed: number,
  where: (step: number) => Region,
  after: (said: string) => void,
): void {
  const clients = new Map(
    all.map((region) => [
      region,
      {a: region.connect(), b: region.connect(), c: region.connect(), d: region.connect(), reader: region.connect()},
    ]),
  )
  for (const [i, step] of makeScript({inCluster: true, length: 400, resp: '2', seed}).entries()) {
    if (step.kind !== 'command') continue
    const region = where(i)
    const client = clients.get(region)![step.who]
    if (client.parked) continue
    region.send(step.argv, client)
    const said = `${i}: region ${region.id} ${step.argv.map((word) => word.slice(0, 60)).join(' ')}`
    const bugs = region.log.filter((line) => line.includes('Bug'))
    assert.deepEqual(bugs, [], said)
    assert.deepEqual(region.differences(), [], said)
    after(said)
  }
}

function requireAlike(all: readonly Region[], said: string): void {
  for (const one of all) assert.deepEqual(one.differences(), [], `region ${one.id} has heard of ${said}`)
  for (const one of all.slice(1)) assert.deepEqual(one.dump(), all[0]!.dump(), said)
}

describe('whatever commands run', () => {
  for (const seed of SEEDS) {
    it(`in one region at a time, the others see the same (seed ${seed})`, () => {
      const all = regions(2, {hincrbyOnFields: true, streamIdMode: seed % 2 === 0 ? 'liberal' : 'semi-strict'})
      play(
        all,
        seed,
        (step) => all[Math.floor(step / 20) % 2]!,
        (said) => {
          exchange(all)
          requireAlike(all, said)
        },
      )
    })

    it(`in three regions at a time, all see the same in the end (seed ${seed})`, () => {
      const all = regions(3, {streamIdMode: seed % 2 === 0 ? 'strict' : 'semi-strict'})
      const rng = seededRng(seed)
      play(
        all,
        1000 + seed,
        () => rng.pick(all),
        (said) => {
          if (!rng.chance(0.1)) return
          exchange(all)
          requireAlike(all, said)
        },
      )
    })
  }
})
