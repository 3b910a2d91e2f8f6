import {describe, expect, it} from 'vitest'
import {seedsToRun} from '../support/seeds.js'
import {electionScenario} from './election-swarm.js'
import {runScenario} from './run.js'
import {explainFailure} from './shrink.js'

const SEED_COUNT = 120
const BLOCK = 20

/** Replicas that take over, under faults. In blocks and twice each, as in cluster.sim.test.ts. */
describe('elections under faults', () => {
  const seeds = seedsToRun(SEED_COUNT)
  for (let at = 0; at < seeds.length; at += BLOCK) {
    const block = seeds.slice(at, at + BLOCK)
    it(`keeps its invariants and heals (seeds ${block[0]}-${block.at(-1)})`, () => {
      for (const seed of block) {
        const scenario = electionScenario(seed)
        const {failure, hash} = runScenario(scenario)
        if (failure) expect.fail(explainFailure(scenario))
        expect(runScenario(scenario).hash, `second run of seed ${seed}`).toBe(hash)
      }
    })
  }
})
