import {join} from 'node:path'
import {CliError} from '../../kernel/errors.js'
import type {Manifest, ShardEntry} from '../../plan/backup/manifest.js'
import {
  type FunctionPlan,
  keysElsewhere,
  memoryWarnings,
  planTargets,
  type RestoreTarget,
} from '../../plan/backup/plan-restore.js'
import {type FunctionLibrary, readFunctionDump} from '../../protocol/rdb/function-dump.js'
import {requireHealthy, settledView} from '../fitness.js'
import {newJobId} from '../journal.js'
import {ClusterWriter} from '../load/cluster-writer.js'
import type {KeyConflict, WriterCounts} from '../load/types.js'
import {mayTakeOver, ownerOf, takeLock} from '../migration/lock.js'
import type {ObservedCluster} from '../observe.js'
import {readManifest, readWhole} from './read-backup.js'
import {type EachFile, type KeyVerification, verifyKeys, writeKeys} from './restore-keys.js'
import {compareFunctions, loadFunctions, restoreUsers} from './restore-traits.js'
import {type BackupReport, verifyBackup} from './verify-backup.js'

export type RestorePhase = 'check' | 'write' | 'verify'

export interface RestoreOptions {
  readonly folder: string
  /** Whether the backup wins over keys and functions of the cluster that differ. */
  readonly replace: boolean
  readonly functions: boolean
  /** Whether users are restored too. */
  readonly acl: boolean
  /** Whether every key is compared at the end. */
  readonly verify: boolean
  /** Files read at one time. */
  readonly parallel: number
  readonly signal: AbortSignal
  /** @param totalBytes - of the files that the phase reads */
  readonly onPhase: (phase: RestorePhase, totalBytes: number) => void
  readonly onProgress: (shard: ShardEntry, bytes: number) => void
  readonly onWarning: (message: string) => void
}

export interface RestorePlan {
  readonly backup: BackupReport
  readonly targets: readonly RestoreTarget[]
  readonly functions: FunctionPlan
  /** Users that `--acl` brings; empty without it. */
  readonly users: readonly string[]
}

export interface PreparedRestore {
  readonly plan: RestorePlan
  readonly manifest: Manifest
  readonly libraries: readonly FunctionLibrary[]
  /** ACL LIST, latin1 text; undefined if no users are to be restored. */
  readonly userList: string | undefined
  readonly warnings: readonly string[]
}

export interface RestoreResult {
  readonly keys: WriterCounts
  /** Of slots that their shard did not own when the backup was taken. */
  readonly strayKeysSkipped: number
  /** Libraries that some primary did not have. */
  readonly functionsLoaded: readonly string[]
  readonly users: readonly string[]
  /** Null if it was not wanted. */
  readonly verified: KeyVerification | null
  readonly durationMs: number
  readonly warnings: readonly string[]
}

/** Under way at one time. With small keys most of the memory is what is known of each. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024

/**
 * Reads the backup from end to end, looks at the cluster, and tells what would go where. Changes nothing.
 *
 * @throws {CliError} NOT_FOUND, PREFLIGHT_FAILED of the backup; CLUSTER_UNHEALTHY, NODES_DISAGREE of the cluster;
 *   KEYS_CONFLICT for functions that differ; INTERRUPTED
 */
export async function prepareRestore(cluster: ObservedCluster, options: RestoreOptions): Promise<PreparedRestore> {
  const {acl, folder, functions, onPhase, onProgress, parallel, replace, signal} = options
  const manifest = await readManifest(folder)
  onPhase('check', bytesOf(manifest))
  const {keys, report, slotBytes} = await verifyBackup(folder, manifest, {onProgress, parallel, signal})
  requireUndamaged(report)
  const elsewhere = keysElsewhere(keys)
  if (elsewhere > 0) throw otherDatabases(elsewhere)
  if (acl && !manifest.acl) throw noUsers(folder)
  const [libraries, userList] = await Promise.all([
    functions && manifest.functions ? readLibraries(join(folder, manifest.functions.file)) : [],
    acl && manifest.acl
      ? readWhole(join(folder, manifest.acl.file)).then(({content}) => content.toString('latin1'))
      : undefined,
  ])
  const view = await settledView(cluster, signal)
  requireHealthy(view)
  const functionPlan = await compareFunctions(cluster, libraries)
  if (functionPlan.conflict.length > 0 && !replace) throw functionConflict(functionPlan.conflict)
  const memoryBytes = manifest.shards.reduce((sum, shard) => sum + shard.memoryBytes, 0)
  const targets = planTargets(view, slotBytes, memoryBytes)
  const users = manifest.acl && acl ? manifest.acl.users : []
  const plan: RestorePlan = {backup: report, targets, functions: functionPlan, users}
  return {plan, manifest, libraries, userList, warnings: memoryWarnings(targets)}
}

/**
 * Brings functions, keys and users of a backup into the cluster, and compares every key at the end. What is there already
 * and equal is left alone, so a run that was cut short is continued by the same command.
 *
 * @throws {CliError} KEYS_CONFLICT if keys of the cluster differ and were not to be replaced, all others being restored;
 *   PROBLEMS_FOUND if the cluster does not hold what was written; PLAN_PARTIAL, LOCKED, INTERRUPTED
 */
export async function restoreCluster(
  cluster: ObservedCluster,
  prepared: PreparedRestore,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const start = performance.now()
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    options.onWarning(message)
  }
  const jobId = newJobId('restore')
  const lock = await takeLock(cluster, ownerOf(jobId), mayTakeOver(jobId), warn)
  const signal = lock ? AbortSignal.any([options.signal, lock.lost]) : options.signal
  try {
    const functionsLoaded = await loadFunctions(cluster, prepared.libraries, options.replace)
    const {conflicts, keys, verified} = await restoreKeys(cluster, prepared, {...options, signal})
    if (conflicts.length > 0) throw keyConflicts(keys, conflicts, verified)
    if (verified && verified.missing + verified.different > 0) throw notEqual(keys, verified)
    const users = prepared.userList === undefined ? undefined : await restoreUsers(cluster, prepared.userList)
    for (const warning of users?.warnings ?? []) warn(warning)
    return {
      keys,
      strayKeysSkipped: prepared.plan.backup.totals.strayKeys,
      functionsLoaded,
      users: users?.users ?? [],
      verified,
      durationMs: Math.round(performance.now() - start),
      warnings,
    }
  } catch (error) {
    throw lock?.lost.aborted && !options.signal.aborted ? lostLock() : error
  } finally {
    await lock?.release()
  }
}

async function restoreKeys(
  cluster: ObservedCluster,
  {manifest}: PreparedRestore,
  options: RestoreOptions,
): Promise<{keys: WriterCounts; conflicts: readonly KeyConflict[]; verified: KeyVerification | null}> {
  const {folder, onPhase, onProgress, parallel, replace, signal} = options
  const writer = await ClusterWriter.open(cluster, {replace, signal, bufferBytesMax: WRITE_BUFFER_BYTES})
  const each: EachFile = {folder, manifest, parallel, signal, onProgress}
  try {
    onPhase('write', bytesOf(manifest))
    await writeKeys(each, writer)
    const keys = await writer.finish()
    if (!options.verify) return {keys, conflicts: writer.conflicts, verified: null}
    onPhase('verify', bytesOf(manifest))
    return {keys, conflicts: writer.conflicts, verified: await verifyKeys(each, writer)}
  } finally {
    writer.close()
  }
}

function bytesOf({shards}: Manifest): number {
  return shards.reduce((sum, {bytes}) => sum + bytes, 0)
}

async function readLibraries(path: string): Promise<FunctionLibrary[]> {
  return readFunctionDump((await readWhole(path)).content.toString('latin1'))
}

function requireUndamaged({files, folder, status}: BackupReport): void {
  if (status === 'ok') return
  const damaged = files.filter((file) => file.status === 'damaged')
  const text = damaged.map(({file, problems}) => `${file} ${problems.join(', ')}`).join('; ')
  throw new CliError('PREFLIGHT_FAILED', `the backup is damaged, so nothing was restored: ${text}`, {
    details: {folder, files: damaged},
    suggestions: [`shoal backup verify ${folder}`],
  })
}

function otherDatabases(count: number): CliError {
  return new CliError('PREFLIGHT_FAILED', `${count} keys are of databases other than 0, which a cluster does not have`)
}

function noUsers(folder: string): CliError {
  return new CliError('PREFLIGHT_FAILED', `${folder} holds no users: the backup was taken with --no-acl`, {
    suggestions: ['Leave --acl out.'],
  })
}

function functionConflict(libraries: readonly string[]): CliError {
  return new CliError('KEYS_CONFLICT', `the cluster has other functions by the name of ${libraries.join(', ')}`, {
    details: {libraries},
    suggestions: ['Pass --replace to let the backup win, or --no-functions to leave functions out.'],
  })
}

function keyConflicts(
  counts: WriterCounts,
  conflicts: readonly KeyConflict[],
  verified: KeyVerification | null,
): CliError {
  const named = conflicts.slice(0, 5).map(({key}) => key)
  const more = counts.conflict > named.length ? ` and ${counts.conflict - named.length} more` : ''
  return new CliError(
    'KEYS_CONFLICT',
    `${counts.conflict} keys of the cluster differ from the backup and were left as they are: ${named.join(', ')}${more}`,
    {
      details: {counts, conflicts, verified},
      suggestions: ['All other keys are restored. Pass --replace to let the backup win for these too.'],
    },
  )
}

function notEqual(counts: WriterCounts, verified: KeyVerification): CliError {
  const {different, differences, missing, missingKeys} = verified
  const named = [...missingKeys, ...differences.map(({key}) => key)].slice(0, 5).join(', ')
  return new CliError(
    'PROBLEMS_FOUND',
    `after the restore ${missing} keys are missing and ${different} differ, as ${named}`,
    {
      details: {counts, verified},
      suggestions: ['Clients that write, or eviction (maxmemory-policy), may have changed them; else run it again.'],
    },
  )
}

function lostLock(): CliError {
  return new CliError('LOCKED', 'another operator took the lock of this cluster, so the restore was stopped', {
    suggestions: ['The same command continues it.'],
  })
}
