import {describe, expect, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {type Outcome, runScenario} from './run.js'
import {range, type Scenario, type Step} from './scenario.js'
import {CALM_LINK} from './world.js'

const KEYS = ['{t0}a', '{t0}b', '{t0}c', '{t0}d']
const SLOT = hashSlot('{t0}')

/**
 * One slot with keys goes to and fro between two primaries, each move as soon as the other is over, while clients write
 * and gossip between the two is slow. Nothing else is wrong: whatever is lost is lost by the order of the steps.
 *
 * Node 3 begins with the greatest epoch. Once 2 has bumped past it to take the slot back, a 3 that has not heard of it
 * takes the slot again with its own lower epoch, then learns of 2's claim, yields, and drops the keys as dirty.
 */
function toAndFro(seed: number, verb: 'careless' | 'move'): Scenario {
  const rng = seededRng(seed)
  const steps: Step[] = [{atMs: 0, kind: 'fault', line: `slow 2->3 ${rng.below(400)}`}]
  steps.push({atMs: 0, kind: 'fault', line: `slow 3->2 ${rng.below(400)}`})
  for (let atMs = 10; atMs < 4000; atMs += 5 + rng.below(40)) {
    steps.push({atMs, kind: 'operation', line: `write ${rng.pick(KEYS)}`})
    if (rng.chance(0.3)) steps.push({atMs, kind: 'operation', line: `${verb} ${SLOT} ->${2 + rng.below(2)}`})
  }
  return {
    faultPhaseMs: 4000,
    givenEpochs: true,
    replicas: [],
    keysPerMigrate: 2,
    options: {
      codecEvery: 10,
      link: {...CALM_LINK, latencyMaxMs: 3},
      nodeCount: 3,
      nodeTimeoutMs: 2000,
      realServer: seed % 2 === 0,
      seed,
      slowFsyncChance: 0,
      slowFsyncMaxMs: 0,
    },
    primaryCount: 3,
    staysCut: [],
    steps,
    whileCut: [],
  }
}

function outcomes(verb: 'careless' | 'move'): Outcome[] {
  return range(1, 20).map((seed) => runScenario(toAndFro(seed, verb)))
}

describe('moving a slot with its keys to and fro', () => {
  it('loses nothing in the order barrier, IMPORTING, MIGRATING, keys, NODE on target, source, others', () => {
    const all = outcomes('move')
    expect(all.map(({failure}) => failure?.message).filter((message) => message !== undefined)).toEqual([])
    expect(Math.min(...all.map(({finishedMoves}) => finishedMoves))).toBeGreaterThanOrEqual(1)
  })

  it('loses keys without the epoch barrier', () => {
    const rules = outcomes('careless').map(({failure}) => failure?.rule)
    expect(rules).toContain('no-key-dropped')
  })
})
