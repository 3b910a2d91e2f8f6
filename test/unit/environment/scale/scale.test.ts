import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {ScaleDriver} from '../../../../src/lib/environment/scale/driver.js'
import {scaleEnvironment} from '../../../../src/lib/environment/scale/scale.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {lowerStage, never, raiseStage, type Stage} from '../faults/stage.js'

let stage: Stage

beforeEach(async () => {
  stage = await raiseStage()
})
afterEach(() => lowerStage(stage))

const notAsked = () => Promise.reject(new Error('not asked'))

describe('a change of size', () => {
  it.each(['INTERRUPTED', 'PLAN_PARTIAL'] as const)('that is cut short goes on by scale itself: %s', async (code) => {
    const failing = () => Promise.reject(new CliError(code, 'cut short', {suggestions: ['shoal resume rebalance-1']}))
    const scaler: ScaleDriver = {
      follow: notAsked,
      join: notAsked,
      members: failing,
      newJob: () => 'rebalance-1',
      remove: notAsked,
      resume: notAsked,
      spread: notAsked,
    }
    await expect(scaleEnvironment(stage.parts, scaler, 'blue', {primaries: 4}, never())).rejects.toMatchObject({
      code,
      message: 'cut short',
      suggestions: ['shoal scale --primaries 4 --replicas 1 --name blue'],
    })
    expect((await stage.parts.store.read('blue'))?.scaling).toEqual({primaries: 4, replicas: 1})
  })
})
