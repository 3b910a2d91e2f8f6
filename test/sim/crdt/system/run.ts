import type {Failure} from '../engine/run.js'
import {Violation} from '../engine/violation.js'
import type {SystemScenario} from './scenario.js'
import {runLine} from './script.js'
import {SystemWorld} from './system-world.js'

export interface SystemOutcome {
  readonly failure: Failure | undefined
  /** Of all slots of the first region, in the end. */
  readonly digest: string
  /** Last lines of what the nodes logged. */
  readonly log: readonly string[]
}

/** Never throws: what breaks is the outcome. */
export function runSystem(scenario: SystemScenario): SystemOutcome {
  let current = 'begin'
  let world: SystemWorld | undefined
  try {
    world = new SystemWorld(scenario)
    for (const line of scenario.lines) {
      current = line
      runLine(world, line)
    }
  } catch (error) {
    const rule = error instanceof Violation ? error.rule : 'crash'
    const message = error instanceof Error ? (rule === 'crash' ? (error.stack ?? '') : error.message) : String(error)
    return {digest: '', failure: {line: current, message, rule}, log: logOf(world)}
  }
  return {digest: world.digest(), failure: undefined, log: logOf(world)}
}

function logOf(world: SystemWorld | undefined): string[] {
  return (world?.nodes ?? []).flatMap(({log, name}) => log.slice(-6).map((line) => `${name} ${line}`))
}
