import type {ConnectOptions} from '../../client/connect-options.js'
import type {Address} from '../../model/address.js'
import {type ImportPlan, planImport} from '../../plan/import.js'
import type {FunctionPlan} from '../../plan/import-functions.js'
import {requireHealthy, settledView} from '../fitness.js'
import type {ObservedCluster} from '../observe.js'
import {prepareFunctions} from './functions.js'
import {broughtBefore, type ImportOptions} from './run-import.js'
import {openSource, type Source} from './source.js'

export interface WantedImport {
  readonly from: Address
  /** How the source is reached. */
  readonly login: ConnectOptions
  readonly database: number
  readonly functions: boolean
  readonly options: ImportOptions
  /** Where the journals of jobs are. */
  readonly jobsFolder: string
}

export interface PreparedImport {
  readonly source: Source
  readonly plan: ImportPlan
  readonly functions: FunctionPlan | undefined
}

/**
 * Looks at both sides, and tells what would go where. Changes nothing.
 *
 * @throws {CliError} as `openSource`, `planImport` and `prepareFunctions`; CLUSTER_UNHEALTHY
 */
export async function prepareImport(
  cluster: ObservedCluster,
  {database, from, functions, jobsFolder, login, options}: WantedImport,
  signal: AbortSignal,
): Promise<PreparedImport> {
  const source = await openSource(from, login, database, signal)
  const view = await settledView(cluster, signal)
  requireHealthy(view)
  const {move, replace} = options
  const keysBrought = await broughtBefore({cluster, source, options, jobsFolder})
  const plan = planImport(view, source.facts, {database, functions, keysBrought, move})
  return {source, plan, functions: functions ? await prepareFunctions(cluster, source, {replace, signal}) : undefined}
}
