import {describe, expect, it} from 'vitest'
import {
  acksBeforeApply,
  ageIgnored,
  copyNotNeeded,
  noQuorumNeeded,
  offsetNotAwaited,
  pauseLeftOut,
  placeAhead,
  promotedBeforeSave,
  rankIgnored,
  requestNotPersisted,
} from './election-mutations.js'
import {electionScenario} from './election-swarm.js'
import {type Mutation, voteNotPersisted, voteTwice} from './mutations.js'
import {runScenario} from './run.js'

/** Each planted bug must break its rule within this many seeds. */
const SEED_BUDGET = 100

/** Where the search begins, to save time: some need a rare meeting of faults. Any seed will do. */
const PLANTED: [mutation: Mutation, rule: string, firstSeed: number][] = [
  [rankIgnored, 'rank-delays', 27],
  [acksBeforeApply, 'no-lost-write', 8],
  [placeAhead, 'replicas-in-sync', 7],
  [requestNotPersisted, 'durable-before-sent', 1],
  [promotedBeforeSave, 'durable-before-sent', 1],
  [voteNotPersisted, 'durable-before-sent', 1],
  [voteTwice, 'one-vote-per-epoch', 1],
  [noQuorumNeeded, 'quorum-of-votes', 1],
  [ageIgnored, 'data-is-recent', 30],
  [copyNotNeeded, 'has-a-copy', 42],
  [offsetNotAwaited, 'manual-loses-nothing', 19],
  [pauseLeftOut, 'manual-loses-nothing', 53],
]

describe('planted bugs in elections', () => {
  for (const [mutation, rule, firstSeed] of PLANTED) {
    it(`finds: ${mutation.name}`, () => {
      for (let seed = firstSeed; seed < firstSeed + SEED_BUDGET; seed++) {
        const {failure} = runScenario(electionScenario(seed), mutation)
        if (!failure) continue
        expect(failure.rule, `seed ${seed}: ${failure.message}`).toBe(rule)
        return
      }
      expect.fail(`not found in ${SEED_BUDGET} seeds`)
    })
  }
})
