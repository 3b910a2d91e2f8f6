import {defaultStateFolder} from '../environment/state-folder.js'
import type {ExitCode} from '../kernel/errors.js'
import {type JobRecord, jobsFolder} from '../operations/journal.js'
import {requireImportable} from '../operations/load/load-permissions.js'
import type {PreparedImport} from '../operations/load/prepare-import.js'
import {type ImportOptions, type ImportResult, runImport} from '../operations/load/run-import.js'
import type {SourceSurvey} from '../operations/load/survey-source.js'
import type {ObservedCluster} from '../operations/observe.js'
import type {ImportPlan} from '../plan/import.js'
import type {Host} from './host.js'
import {showImport} from './import-progress.js'
import {renderImportPlan, renderImportResult} from './render/import.js'

/** The `--json` document. */
export interface ImportDocument {
  /** `conflicts`: exit 5; `partial`: some keys are missing, too big, or were left at the source, exit 6. */
  readonly status: 'imported' | 'conflicts' | 'partial' | 'planned'
  readonly plan: ImportPlan
  /** After `--dry-run`. */
  readonly survey?: SourceSurvey
  readonly result?: ImportResult
}

export function showImportPlan({plan}: PreparedImport, host: Host): void {
  host.showPlan(renderImportPlan(plan, host.style))
  for (const warning of plan.warnings) host.progress(`Warning: ${warning}`)
}

/**
 * Looks whether the users on both sides may do what the import takes, and shows what they may not touch.
 *
 * @returns the import with those warnings
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireImportAllowed(
  cluster: ObservedCluster,
  {functions, plan, source}: PreparedImport,
  {move, verify}: Pick<ImportOptions, 'move' | 'verify'>,
  {progress, signal}: Host,
): Promise<PreparedImport> {
  const limits = await requireImportable(cluster, source, {move, count: verify === 'count', functions, signal})
  for (const warning of limits) progress(`Warning: ${warning}`)
  return {functions, plan: {...plan, warnings: [...plan.warnings, ...limits]}, source}
}

export interface CarryOutImport {
  readonly options: ImportOptions
  readonly events: boolean
  /** The job to go on with. */
  readonly resumed?: JobRecord
}

/** Brings the keys, and shows it. Throws what the import throws. */
export async function carryOutImport(
  cluster: ObservedCluster,
  {functions, plan, source}: PreparedImport,
  {events, options, resumed}: CarryOutImport,
  host: Host,
): Promise<ImportDocument> {
  const {move, verify} = options
  const result = await showImport({
    how: events ? 'events' : host.interactive ? 'tasks' : 'silent',
    keyCount: plan.keyCount,
    phases: move || verify === 'none' ? ['copy'] : ['copy', 'verify'],
    onWarning: (message) => host.progress(`Warning: ${message}`),
    run: (emit) =>
      runImport({
        cluster,
        source,
        functions,
        options,
        resumed,
        jobsFolder: jobsFolder(defaultStateFolder(process.env)),
        emit,
        stop: host.signal,
      }),
  })
  host.print(renderImportResult(result, plan, host.style))
  const {exit, status} = endOf(result)
  host.exitWith(exit)
  return {status, plan, result}
}

function endOf({conflict, kept, skipped, verified}: ImportResult): {
  readonly status: 'imported' | 'conflicts' | 'partial'
  readonly exit: ExitCode
} {
  const {different, missing} = 'different' in verified ? verified : {different: 0, missing: 0}
  if (conflict + different > 0) return {status: 'conflicts', exit: 5}
  return missing + kept + skipped > 0 ? {status: 'partial', exit: 6} : {status: 'imported', exit: 0}
}
