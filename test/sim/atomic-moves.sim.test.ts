import {describe, expect, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {runScenario} from './run.js'
import type {Scenario, Step} from './scenario.js'
import {swarmScenario} from './swarm.js'
import {CALM_LINK} from './world.js'

const FIRST = Number(process.env.SIM_FIRST ?? 1)
const COUNT = Number(process.env.SIM_SEEDS ?? 8)

/** So many short runs take as long as one of the swarm. */
const SHORT = 5

/** A seed of the swarm whose slots move by CLUSTER MIGRATESLOTS. */
function atomicScenario(seed: number): Scenario {
  const scenario = swarmScenario(seed)
  return {...scenario, options: {...scenario.options, atomicMoves: true, realServer: true}}
}

const KEYS = ['{t0}a', '{t0}b', '{t0}c', '{t0}d']
const SLOT = hashSlot('{t0}')

/**
 * One slot goes to and fro between two primaries that are slow to hear each other, under many writes; in every other seed
 * they do not hear each other at all for a while, which may begin amid a handover.
 */
function toAndFro(seed: number): Scenario {
  const rng = seededRng(seed)
  const steps: Step[] = [{atMs: 0, kind: 'fault', line: `slow 2->3 ${rng.below(60)}`}]
  steps.push({atMs: 0, kind: 'fault', line: `slow 3->2 ${rng.below(60)}`})
  for (let atMs = 10; atMs < 6000; atMs += 2 + rng.below(12)) {
    steps.push({atMs, kind: 'operation', line: `write ${rng.pick(KEYS)}`})
    if (rng.chance(0.1)) steps.push({atMs, kind: 'operation', line: `move ${SLOT} ->${2 + rng.below(2)}`})
    if (seed % 2 === 0 && rng.chance(0.02)) {
      const way = rng.pick(['2->3', '3->2', '2<->3'])
      steps.push(
        {atMs, kind: 'fault', line: `cut ${way}`},
        {atMs: atMs + 100 + rng.below(800), kind: 'fault', line: `heal ${way}`},
      )
    }
  }
  steps.sort((a, b) => a.atMs - b.atMs)
  return {
    faultPhaseMs: 7000,
    givenEpochs: true,
    keysPerMigrate: 1,
    options: {
      atomicMoves: true,
      codecEvery: 10,
      link: {...CALM_LINK, latencyMaxMs: 3},
      nodeCount: 3,
      nodeTimeoutMs: 2000,
      realServer: true,
      seed,
      slowFsyncChance: 0,
      slowFsyncMaxMs: 0,
    },
    primaryCount: 3,
    replicas: [],
    staysCut: [],
    steps,
    whileCut: [],
  }
}

/** @returns how many moves were finished */
function runAll(count: number, scenarioOf: (seed: number) => Scenario): number {
  let moves = 0
  for (let seed = FIRST; seed < FIRST + count; seed++) {
    const {failure, finishedMoves, tail} = runScenario(scenarioOf(seed))
    if (failure) expect.fail(`seed ${seed}: ${failure.message}\n${tail.slice(-30).join('\n')}`)
    moves += finishedMoves
  }
  return moves
}

describe(`slots that move atomically (from seed ${FIRST} on)`, () => {
  it('lose no acknowledged write under faults, and have one owner at a time', () => {
    expect(runAll(COUNT, atomicScenario)).toBeGreaterThanOrEqual(COUNT / 2)
  })

  it('lose none to and fro under many writes, whenever the connection breaks', () => {
    expect(runAll(SHORT * COUNT, toAndFro)).toBeGreaterThan(SHORT * COUNT)
  })
})
