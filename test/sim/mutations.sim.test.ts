import {describe, expect, it} from 'vitest'
import {
  askingKept,
  collisionIgnored,
  failClearedAtOnce,
  lowerClaimAccepted,
  type Mutation,
  noFsyncBeforeRename,
  saveAfterSend,
  updateIgnored,
  voteNotPersisted,
  voteTwice,
} from './mutations.js'
import {runScenario} from './run.js'
import {shrink} from './shrink.js'
import {swarmScenario} from './swarm.js'

/** Does the net catch fish? Each planted bug must break one of its rules within this many seeds. */
const SEED_BUDGET = 100

/** Where the search begins, to save time: some need a rare meeting of faults. Any seed will do. */
const PLANTED: [mutation: Mutation, rules: string[], firstSeed: number][] = [
  [noFsyncBeforeRename, ['nodes-conf-loads'], 1],
  [saveAfterSend, ['durable-before-sent'], 2],
  [failClearedAtOnce, ['fail-is-kept'], 1],
  [collisionIgnored, ['epochs-differ', 'forms'], 2],
  [updateIgnored, ['stale-claims-end'], 6],
  [lowerClaimAccepted, ['claims-need-greater-epoch', 'no-key-dropped', 'no-lost-write', 'heals'], 6],
  [voteNotPersisted, ['durable-before-sent'], 13],
  [voteTwice, ['one-vote-per-epoch'], 27],
  [askingKept, ['asking-once', 'no-lost-write'], 24],
]

function firstFinding(mutation: Mutation, firstSeed = 1): {seed: number; rule: string} | undefined {
  for (let seed = firstSeed; seed < firstSeed + SEED_BUDGET; seed++) {
    const {failure} = runScenario(swarmScenario(seed), mutation)
    if (failure) return {rule: failure.rule, seed}
  }
  return undefined
}

describe('planted bugs', () => {
  for (const [mutation, rules, firstSeed] of PLANTED) {
    it(`finds: ${mutation.name}`, () => {
      expect(rules).toContain(firstFinding(mutation, firstSeed)?.rule)
    })
  }
})

describe('shrinking', () => {
  it('leaves a handful of steps that break the same rule', () => {
    const seed = firstFinding(failClearedAtOnce)?.seed as number
    const failing = swarmScenario(seed)
    const {outcome, scenario} = shrink(failing, failClearedAtOnce, 120)
    expect(outcome.failure?.rule).toBe('fail-is-kept')
    expect(scenario.steps.length).toBeLessThanOrEqual(4)
    expect(scenario.steps.length).toBeLessThan(failing.steps.length)
    expect(scenario.options.nodeCount).toBeLessThanOrEqual(failing.options.nodeCount)
    expect(runScenario(scenario).failure).toBeUndefined()
  })

  it('refuses a run that does not fail', () => {
    expect(() => shrink(swarmScenario(1))).toThrow('only a failing run')
  })
})

describe('the trace hash', () => {
  it('differs if anything depends on real chance', () => {
    const random: Mutation = {
      input: (_core, input) => (input.kind === 'packet' && Math.random() < 0.1 ? undefined : input),
      name: 'real chance',
    }
    const scenario = swarmScenario(2)
    expect(runScenario(scenario, random).hash).not.toBe(runScenario(scenario, random).hash)
  })
})
