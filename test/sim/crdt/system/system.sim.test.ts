import {describe, expect, it} from 'vitest'
import {seedsToRun} from '../../../support/seeds.js'
import {explainFailure} from './explain.js'
import {runSystem} from './run.js'
import {systemScenario} from './scenario.js'

const SEED_COUNT = 60
const BLOCK = 20
/** Every so manieth seed runs twice, and must come to the same. */
const TWICE = 5

describe('regions of whole nodes under faults', () => {
  const seeds = seedsToRun(SEED_COUNT)
  for (let at = 0; at < seeds.length; at += BLOCK) {
    const block = seeds.slice(at, at + BLOCK)
    it(`keep their rules and converge (seeds ${block[0]}-${block.at(-1)})`, () => {
      for (const seed of block) {
        const scenario = systemScenario(seed)
        const {digest, failure} = runSystem(scenario)
        if (failure) expect.fail(explainFailure(scenario))
        if (seed % TWICE === 0) expect(runSystem(scenario).digest, `seed ${seed} again`).toBe(digest)
      }
    })
  }
})
