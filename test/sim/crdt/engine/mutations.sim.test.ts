import {describe, expect, it} from 'vitest'
import {MUTATIONS, type Mutation, mutated} from './mutations.js'
import {runScenario} from './run.js'
import {swarmScenario} from './scenario.js'
import {shrink} from './shrink.js'

/** Does the net catch fish? Each planted bug must break a rule within this many seeds. */
const SEED_BUDGET = 400

function bent<T>({bend}: Mutation, run: () => T): T {
  const straighten = bend?.()
  try {
    return run()
  } finally {
    straighten?.()
  }
}

function firstFinding(mutation: Mutation): {seed: number; rule: string} | undefined {
  const {families} = mutation
  for (let seed = 1; seed <= SEED_BUDGET; seed++) {
    const {failure} = runScenario(swarmScenario(seed, {families}), mutated(mutation))
    if (failure) return {rule: failure.rule, seed}
  }
  return undefined
}

describe('bugs planted in the engine', () => {
  for (const mutation of MUTATIONS) {
    it(`finds: ${mutation.name}`, () => {
      const found = bent(mutation, () => firstFinding(mutation))
      expect(found?.rule ?? 'not found').not.toMatch(/^(?:crash|not found)$/)
    })
  }
})

describe('shrinking', () => {
  it('leaves a handful of lines that break the same rule', () => {
    const mutation = MUTATIONS.find(({name}) => name.startsWith('losing siblings')) as Mutation
    const {rule, seed} = firstFinding(mutation) as {rule: string; seed: number}
    const {outcome, scenario} = shrink(swarmScenario(seed, mutation), (smaller) =>
      runScenario(smaller, mutated(mutation)),
    )
    expect(outcome.failure?.rule).toBe(rule)
    expect(scenario.lines.length).toBeLessThanOrEqual(8)
  })
})
