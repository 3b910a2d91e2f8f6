import {describe, expect, it} from 'vitest'
import {seedsToRun} from '../support/seeds.js'
import {runScenario} from './run.js'
import {explainFailure} from './shrink.js'
import {swarmScenario} from './swarm.js'

const SEED_COUNT = 80
const BLOCK = 20

/**
 * Blocks, not one test per seed: a thousand green lines help nobody; a red one prints its seed and smallest script. Each
 * seed runs twice, and both runs must leave the same trace: whatever reads a clock, chance or the order of a set shows here.
 */
describe('the cluster core under faults', () => {
  const seeds = seedsToRun(SEED_COUNT)
  for (let at = 0; at < seeds.length; at += BLOCK) {
    const block = seeds.slice(at, at + BLOCK)
    it(`keeps its invariants and heals (seeds ${block[0]}-${block.at(-1)})`, () => {
      for (const seed of block) {
        const scenario = swarmScenario(seed)
        const {failure, hash} = runScenario(scenario)
        if (failure) expect.fail(explainFailure(scenario))
        expect(runScenario(scenario).hash, `second run of seed ${seed}`).toBe(hash)
      }
    })
  }
})
