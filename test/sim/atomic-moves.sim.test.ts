import {describe, expect, it} from 'vitest'
import {runScenario} from './run.js'
import type {Scenario} from './scenario.js'
import {swarmScenario} from './swarm.js'

const FIRST = Number(process.env.SIM_FIRST ?? 1)
const COUNT = Number(process.env.SIM_SEEDS ?? 12)

/** A seed of the swarm whose slots move by CLUSTER MIGRATESLOTS. */
function atomicScenario(seed: number): Scenario {
  const scenario = swarmScenario(seed)
  return {...scenario, options: {...scenario.options, atomicMoves: true, realServer: true}}
}

describe('slots that move atomically under faults', () => {
  it(`lose no acknowledged write, and have one owner at a time (seeds ${FIRST} to ${FIRST + COUNT - 1})`, () => {
    let moves = 0
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const {failure, finishedMoves, tail} = runScenario(atomicScenario(seed))
      if (failure) expect.fail(`seed ${seed}: ${failure.message}\n${tail.slice(-30).join('\n')}`)
      moves += finishedMoves
    }
    expect(moves).toBeGreaterThan(COUNT)
  })
})
