import {shrink} from '../engine/shrink.js'
import {runSystem} from './run.js'
import type {SystemScenario} from './scenario.js'

/** For the failure message: how to run it again, and the smallest script. */
export function explainFailure(scenario: SystemScenario): string {
  const {failure} = runSystem(scenario)
  const {outcome, scenario: small} = shrink(scenario, runSystem, {runsMax: 300, separator: ' | '})
  return [
    `seed ${scenario.seed}: ${failure?.message}`,
    `replay: SIM_SEED=${scenario.seed} npx vitest run --project sim test/sim/crdt/system`,
    `smallest (${outcome.failure?.message}, at "${outcome.failure?.line}"), ${small.regions} regions,`,
    `${small.shards} shards, ${small.replicas ? 'with' : 'without'} replicas:`,
    ...small.lines,
    '--- last lines of logs',
    ...outcome.log,
  ].join('\n')
}
