import {describe, expect, it} from 'vitest'
import {SYSTEM_MUTATIONS, type SystemMutation} from './mutations.js'
import {runSystem} from './run.js'
import {systemScenario} from './scenario.js'

/** Does the net catch fish? Each planted bug must break a rule within this many seeds. */
const SEED_BUDGET = 60

function firstFinding({bend}: SystemMutation): string {
  const straighten = bend()
  try {
    for (let seed = 1; seed <= SEED_BUDGET; seed++) {
      const {failure} = runSystem(systemScenario(seed))
      if (failure) return failure.rule
    }
    return 'not found'
  } finally {
    straighten()
  }
}

describe('bugs planted around the engine', () => {
  for (const mutation of SYSTEM_MUTATIONS) {
    it(`finds: ${mutation.name}`, () => {
      expect(firstFinding(mutation)).not.toMatch(/^(?:crash|not found)$/)
    })
  }
})
