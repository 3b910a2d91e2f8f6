import type {MakeCore} from './copy.js'
import type {Scenario} from './scenario.js'
import {runLine} from './script.js'
import {Violation} from './violation.js'
import {EngineWorld} from './world.js'

export interface Failure {
  /** The broken rule; `crash` for anything thrown that is not a Violation. */
  readonly rule: string
  readonly message: string
  /** The line at which it was found. */
  readonly line: string
}

export interface Outcome {
  readonly failure: Failure | undefined
  readonly units: number
  /** Of the last state of the first region: two runs of a seed must agree. */
  readonly digest: string
}

/** Never throws: what breaks is the outcome. */
export function runScenario(scenario: Scenario, makeCore: MakeCore): Outcome {
  const world = new EngineWorld(scenario.regions, makeCore)
  let current = 'begin'
  try {
    for (const line of scenario.lines) {
      current = line
      runLine(world, line)
    }
  } catch (error) {
    const rule = error instanceof Violation ? error.rule : 'crash'
    const message = error instanceof Error ? (rule === 'crash' ? (error.stack ?? '') : error.message) : String(error)
    return {digest: '', failure: {line: current, message, rule}, units: world.units.length}
  }
  return {digest: world.digest(), failure: undefined, units: world.units.length}
}
