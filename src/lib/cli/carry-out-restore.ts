import type {ExitCode} from '../kernel/errors.js'
import {
  type PreparedRestore,
  prepareRestore,
  type RestoreOptions,
  type RestorePhase,
  type RestorePlan,
  type RestoreResult,
  restoreCluster,
} from '../operations/backup/restore.js'
import {requireRestorable} from '../operations/load/load-permissions.js'
import type {ObservedCluster} from '../operations/observe.js'
import type {Host} from './host.js'
import {PhaseDrawing} from './phase-drawing.js'
import {renderRestorePlan, renderRestoreResult} from './render/backup.js'

/** The `--json` document. */
export interface RestoreDocument {
  /**
   * `conflicts`: keys of the cluster that differ were kept (exit 5); `different`: it does not hold what was written (9);
   * `partial`: keys that are too big for one command were left out (6).
   */
  readonly status: 'restored' | 'conflicts' | 'different' | 'partial' | 'planned'
  readonly plan: RestorePlan
  readonly warnings: readonly string[]
  /** Absent after `--dry-run`. */
  readonly result?: RestoreResult
}

const PHASES: Readonly<Record<RestorePhase, string>> = {
  check: 'Checking the backup',
  write: 'Writing the keys',
  verify: 'Comparing every key',
}

export type WantedRestore = Omit<RestoreOptions, 'signal' | 'onPhase' | 'onProgress' | 'onWarning'>

/**
 * Looks whether the user may do what the restore takes, and shows what it may not touch.
 *
 * @returns warnings
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireRestoreAllowed(
  cluster: ObservedCluster,
  {functions, userList}: PreparedRestore,
  {progress}: Host,
): Promise<readonly string[]> {
  const limits = await requireRestorable(cluster, functions, userList !== undefined)
  for (const warning of limits) progress(`Warning: ${warning}`)
  return limits
}

/**
 * Reads the backup, shows what goes where, brings it, and shows that too. Throws what the restore throws.
 *
 * @param decide - asks whether to go on, once all is known and nothing changed; resolves to further warnings, or to undefined
 *   to leave it
 */
export async function carryOutRestore(
  cluster: ObservedCluster,
  wanted: WantedRestore,
  host: Host,
  decide: (prepared: PreparedRestore) => Promise<readonly string[] | undefined>,
): Promise<RestoreDocument> {
  const drawing = new PhaseDrawing(host.interactive, host.progress)
  const options: RestoreOptions = {
    ...wanted,
    signal: host.signal,
    onPhase: (phase, totalBytes) => drawing.begin(PHASES[phase], totalBytes),
    onProgress: ({file}, bytes) => drawing.take(file, bytes),
    onWarning: (message) => host.progress(`Warning: ${message}`),
  }
  try {
    const prepared = await prepareRestore(cluster, options)
    const {plan, warnings} = prepared
    drawing.end()
    host.showPlan(renderRestorePlan(plan, host.style))
    for (const warning of warnings) host.progress(`Warning: ${warning}`)
    const limits = await decide(prepared)
    if (!limits) return {status: 'planned', plan, warnings}
    const result = await restoreCluster(cluster, prepared, options)
    drawing.end()
    host.print(renderRestoreResult(result, host.style))
    const {exit, status} = endOf(result)
    host.exitWith(exit)
    return {status, plan, warnings: [...warnings, ...limits], result}
  } finally {
    drawing.stop()
  }
}

function endOf({keys, skipped, verified}: RestoreResult): {
  readonly status: 'restored' | 'conflicts' | 'different' | 'partial'
  readonly exit: ExitCode
} {
  if (keys.conflict > 0) return {status: 'conflicts', exit: 5}
  if (verified && verified.missing + verified.different > 0) return {status: 'different', exit: 9}
  return skipped > 0 ? {status: 'partial', exit: 6} : {status: 'restored', exit: 0}
}
