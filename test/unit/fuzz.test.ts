import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {MemoryWatch} from '../fuzz/memory.js'
import {FuzzRun} from '../fuzz/run.js'
import {TARGETS} from '../fuzz/targets/index.js'

/** The first inputs of every fuzz target; `npm run fuzz` runs more of them, in a process that survives a hang. */

const INPUTS_PER_SHARE = 12
const SEED = 1

describe('decoders of foreign input', () => {
  let memory: MemoryWatch
  beforeAll(() => {
    memory = new MemoryWatch()
  })
  afterAll(() => memory.release())

  it.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
    const run = new FuzzRun(target, SEED, memory)
    for (let index = 0; index < target.share * INPUTS_PER_SHARE; index++) run.step(index)
    expect(run.findings).toEqual([])
    // Compiled code is there to be refused; of all others something must get through.
    if (target.name !== 'lua-bytecode') expect(run.accepted).toBeGreaterThan(0)
  })
})
