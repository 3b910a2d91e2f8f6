import {describe, expect, it} from 'vitest'
import {runSystem} from './run.js'
import {SCRIPTS, scenarioOf} from './scripts.js'

describe('scripts of whole nodes', () => {
  for (const script of SCRIPTS) {
    it(script.name, () => {
      expect(runSystem(scenarioOf(script)).failure).toBeUndefined()
    })
  }
})
