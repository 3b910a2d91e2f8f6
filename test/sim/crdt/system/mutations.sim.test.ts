import {describe, expect, it} from 'vitest'
import {SYSTEM_MUTATIONS, type SystemMutation} from './mutations.js'
import {runSystem} from './run.js'
import {type SystemScenario, systemScenario} from './scenario.js'
import {SCRIPTS, scenarioOf} from './scripts.js'

/** Does the net catch fish? Each planted bug must break a rule in a script, or within this many seeds. */
const SEED_BUDGET = 60

function* scenarios(): Iterable<SystemScenario> {
  for (const script of SCRIPTS) yield scenarioOf(script)
  for (let seed = 1; seed <= SEED_BUDGET; seed++) yield systemScenario(seed)
}

function firstFinding({bend}: SystemMutation): string {
  const straighten = bend()
  try {
    for (const scenario of scenarios()) {
      const {failure} = runSystem(scenario)
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
