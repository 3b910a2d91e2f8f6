import {describe, expect, it} from 'vitest'
import {CrdtState} from '../../../../src/lib/server/crdt/core/state.js'
import {seedsToRun} from '../../../support/seeds.js'
import type {MakeCore} from './copy.js'
import {runScenario} from './run.js'
import {swarmScenario} from './scenario.js'
import {explainFailure} from './shrink.js'

const BLOCK = 500
/** Every so manieth seed runs twice, and must come to the same. */
const TWICE = 25

export const makeState: MakeCore = (options) => new CrdtState(options)

/** Histories over operations of these families; a file for each group of types, so that they share the processors. */
export function describeHistories(what: string, families: readonly string[], count: number): void {
  describe(`the engine under faults: ${what}`, () => {
    const seeds = seedsToRun(count)
    for (let at = 0; at < seeds.length; at += BLOCK) {
      const block = seeds.slice(at, at + BLOCK)
      it(`keeps its rules and converges (seeds ${block[0]}-${block.at(-1)})`, () => {
        for (const seed of block) {
          const scenario = swarmScenario(seed, {families})
          const {digest, failure} = runScenario(scenario, makeState)
          if (failure) expect.fail(explainFailure(scenario, makeState))
          if (seed % TWICE === 0) expect(runScenario(scenario, makeState).digest, `seed ${seed} again`).toBe(digest)
        }
      })
    }
  })
}
