import {describe, expect, it} from 'vitest'
import {
  ageIgnored,
  copyNotNeeded,
  noQuorumNeeded,
  offsetNotAwaited,
  pauseLeftOut,
  promotedBeforeSave,
  rankIgnored,
  requestNotPersisted,
} from './election-mutations.js'
import {electionScenario} from './election-swarm.js'
import {type Mutation, voteNotPersisted, voteTwice} from './mutations.js'
import {runScenario} from './run.js'

/** Each planted bug must break one of its rules within this many seeds. */
const SEED_BUDGET = 60

const PLANTED: [mutation: Mutation, rules: string[]][] = [
  [rankIgnored, ['rank-delays']],
  [requestNotPersisted, ['durable-before-sent']],
  [promotedBeforeSave, ['durable-before-sent']],
  [voteNotPersisted, ['durable-before-sent']],
  [voteTwice, ['one-vote-per-epoch']],
  [noQuorumNeeded, ['quorum-of-votes']],
  [ageIgnored, ['data-is-recent']],
  [copyNotNeeded, ['has-a-copy']],
  [offsetNotAwaited, ['manual-loses-nothing']],
  [pauseLeftOut, ['manual-loses-nothing']],
]

describe('planted bugs in elections', () => {
  for (const [mutation, rules] of PLANTED) {
    it(`finds: ${mutation.name}`, () => {
      for (let seed = 1; seed <= SEED_BUDGET; seed++) {
        const {failure} = runScenario(electionScenario(seed), mutation)
        if (!failure) continue
        expect(rules, `seed ${seed}: ${failure.message}`).toContain(failure.rule)
        return
      }
      expect.fail(`not found in ${SEED_BUDGET} seeds`)
    })
  }
})
