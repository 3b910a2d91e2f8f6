import {join} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import type {Manifest, ShardEntry} from '../../plan/backup/manifest.js'
import {keysElsewhere, memoryWarnings, planTargets, type RestoreTarget} from '../../plan/backup/plan-restore.js'
import {type FunctionOrigin, type FunctionPlan, planFunctions} from '../../plan/import-functions.js'
import {readFunctionDump} from '../../protocol/rdb/function-dump.js'
import {requireHealthy, settledView} from '../fitness.js'
import {type JobRecord, type Journal, newJobId, reachedBy} from '../journal.js'
import {ClusterWriter} from '../load/cluster-writer.js'
import {loadFunctions, presentFunctions} from '../load/functions.js'
import {findLoad, openLoad} from '../load/load-job.js'
import {membersOf, type RestoreRecord} from '../load/records.js'
import type {KeyConflict, WriterCounts} from '../load/types.js'
import {lockOwner, mayTakeOver, takeLock} from '../migration/lock.js'
import type {ObservedCluster} from '../observe.js'
import {readManifest, readWhole} from './read-backup.js'
import {type EachFile, type KeyVerification, verifyKeys, writeKeys} from './restore-keys.js'
import {restoreUsers} from './restore-users.js'
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
  /** Where jobs are kept. */
  readonly jobsFolder: string
  /** The job to go on with. By default one that was cut short and is of the same folder and cluster, if there is one. */
  readonly resumed?: JobRecord | undefined
  readonly signal: AbortSignal
  /** @param totalBytes - of the files that the phase reads */
  readonly onPhase: (phase: RestorePhase, totalBytes: number) => void
  readonly onProgress: (shard: ShardEntry, bytes: number) => void
  readonly onWarning: (message: string) => void
}

export interface RestorePlan {
  readonly backup: BackupReport
  readonly targets: readonly RestoreTarget[]
  /** Libraries, by whether some primary lacks them. */
  readonly functions: {readonly load: readonly string[]; readonly equal: readonly string[]}
  /** Users that `--acl` brings; empty without it. */
  readonly users: readonly string[]
}

export interface PreparedRestore {
  readonly plan: RestorePlan
  readonly manifest: Manifest
  readonly functions: FunctionPlan
  /** ACL LIST, latin1 text; undefined if no users are to be restored. */
  readonly userList: string | undefined
  /** Keys that are too big for one command, and the first of them by name. */
  readonly bigKeys: {readonly count: number; readonly names: readonly string[]}
  readonly warnings: readonly string[]
}

export interface RestoreResult {
  readonly job: string
  readonly keys: WriterCounts
  /** Keys of the cluster that differ and were left as they are: the first of them. `keys.conflict` counts all. */
  readonly conflicts: readonly KeyConflict[]
  /** Of slots that their shard did not own when the backup was taken. */
  readonly strayKeysSkipped: number
  /** Keys too big for one command, left out. */
  readonly skipped: number
  /** The first of them, as people read them. */
  readonly skippedKeys: readonly string[]
  /** Libraries that some primary did not have. */
  readonly functionsLoaded: readonly string[]
  readonly users: readonly string[]
  /** Null if it was not wanted. */
  readonly verified: KeyVerification | null
  readonly durationMs: number
  readonly warnings: readonly string[]
}

/**
 * Reads the backup from end to end, looks at the cluster, and tells what would go where. Changes nothing.
 *
 * @throws {CliError} NOT_FOUND, PREFLIGHT_FAILED of the backup; CLUSTER_UNHEALTHY, NODES_DISAGREE of the cluster;
 *   PREFLIGHT_FAILED for functions that differ and are not to be replaced; INTERRUPTED
 */
export async function prepareRestore(cluster: ObservedCluster, options: RestoreOptions): Promise<PreparedRestore> {
  const {acl, folder, functions, onPhase, onProgress, parallel, replace, signal} = options
  const manifest = await readManifest(folder)
  onPhase('check', bytesOf(manifest))
  const {bigKeys, keys, report, slotBytes} = await verifyBackup(folder, manifest, {onProgress, parallel, signal})
  requireUndamaged(report)
  const elsewhere = keysElsewhere(keys)
  if (elsewhere > 0) throw otherDatabases(elsewhere)
  if (acl && !manifest.acl) throw noUsers(folder)
  const [libraries, userList] = await Promise.all([
    functions && manifest.functions ? readLibraries(join(folder, manifest.functions.file)) : new Map<string, string>(),
    acl && manifest.acl
      ? readWhole(join(folder, manifest.acl.file)).then(({content}) => content.toString('latin1'))
      : undefined,
  ])
  const view = await settledView(cluster, signal)
  requireHealthy(view)
  const present = libraries.size > 0 ? await presentFunctions(cluster) : []
  const functionPlan = planFunctions(libraries, present, replace, BACKUP)
  const memoryBytes = manifest.shards.reduce((sum, shard) => sum + shard.memoryBytes, 0)
  const targets = planTargets(view, slotBytes, memoryBytes)
  const users = manifest.acl && acl ? manifest.acl.users : []
  const plan: RestorePlan = {backup: report, targets, functions: namesIn(functionPlan), users}
  const warnings = [...memoryWarnings(targets), ...bigKeyWarnings(bigKeys)]
  return {plan, manifest, functions: functionPlan, userList, bigKeys, warnings}
}

/**
 * Brings functions, keys and users of a backup into the cluster, and compares every key at the end. What is there already
 * and equal is left alone, so a run that was cut short is continued by doing all of it again. Keys that differ are part of
 * the result, as are those that the last look did not find as they should be.
 *
 * @throws {CliError} LOCKED, ENVIRONMENT_LACKS before anything is changed; PLAN_PARTIAL, LOCKED, UNREACHABLE, INTERRUPTED
 *   with `details.job` after that
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
  const request = {command: 'restore', restore: recordOf(cluster, prepared, options)} as const
  const before = options.resumed ?? (await findLoad(options.jobsFolder, request))
  const jobId = before?.header.id ?? newJobId('restore')
  const lock = await takeLock(cluster, lockOwner(jobId), mayTakeOver(jobId), warn)
  const signal = lock ? AbortSignal.any([options.signal, lock.lost]) : options.signal
  let journal: Journal | undefined
  try {
    const seed = renderAddress(cluster.seed)
    const earlier = before ? (reachedBy(before)?.keys ?? 0) : 0
    journal = await openLoad(options.jobsFolder, {...request, id: jobId, seed}, before, {keys: earlier})
    const note = ({replaced, written}: WriterCounts) => journal?.note({keys: earlier + replaced + written})
    await loadFunctions(cluster, prepared.functions)
    const {conflicts, keys, verified} = await restoreKeys(cluster, prepared, {...options, signal}, note)
    const users = prepared.userList === undefined ? undefined : await restoreUsers(cluster, prepared.userList)
    for (const warning of users?.warnings ?? []) warn(warning)
    // The keys have arrived, whatever becomes of the note of it.
    await journal.finished().catch(() => undefined)
    return {
      job: jobId,
      keys,
      conflicts,
      strayKeysSkipped: prepared.plan.backup.totals.strayKeys,
      skipped: prepared.bigKeys.count,
      skippedKeys: prepared.bigKeys.names,
      functionsLoaded: prepared.plan.functions.load,
      users: users?.users ?? [],
      verified,
      durationMs: Math.round(performance.now() - start),
      warnings,
    }
  } catch (error) {
    throw await stopError(journal, lock?.lost.aborted && !options.signal.aborted ? lostLock() : error)
  } finally {
    await lock?.release()
    await journal?.close()
  }
}

function recordOf({view}: ObservedCluster, {manifest}: PreparedRestore, options: RestoreOptions): RestoreRecord {
  const {acl, folder, functions, parallel, replace, verify} = options
  return {folder, takenAt: manifest.finishedAt, replace, functions, acl, verify, parallel, members: membersOf(view)}
}

async function restoreKeys(
  cluster: ObservedCluster,
  {manifest}: PreparedRestore,
  options: RestoreOptions,
  onWritten: (counts: WriterCounts) => void,
): Promise<{keys: WriterCounts; conflicts: readonly KeyConflict[]; verified: KeyVerification | null}> {
  const {folder, onPhase, onProgress, parallel, replace, signal} = options
  const writer = await ClusterWriter.open(cluster, {replace, signal})
  const each: EachFile = {folder, manifest, parallel, signal, onProgress}
  const onPart: EachFile['onProgress'] = (shard, bytes) => {
    onWritten(writer.counts)
    onProgress(shard, bytes)
  }
  try {
    onPhase('write', bytesOf(manifest))
    await writeKeys({...each, onProgress: onPart}, writer)
    const keys = await writer.finish()
    onWritten(keys)
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

const BACKUP: FunctionOrigin = {
  name: 'the backup',
  wayOut: 'Pass --replace to let the backup win, or --no-functions to leave functions out.',
}

/** Name -> source, latin1 text. */
async function readLibraries(path: string): Promise<Map<string, string>> {
  const libraries = readFunctionDump((await readWhole(path)).content.toString('latin1'))
  return new Map(libraries.map(({code, name}) => [name, code]))
}

function namesIn({libraries, loads}: FunctionPlan): RestorePlan['functions'] {
  const load = new Set(loads.flatMap((each) => each.libraries.map(({name}) => name)))
  return {load: [...load], equal: libraries.filter((name) => !load.has(name))}
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

const NAMED_MAX = 10

function bigKeyWarnings({count, names}: PreparedRestore['bigKeys']): string[] {
  if (count === 0) return []
  const shown = names.slice(0, NAMED_MAX)
  const more = count > shown.length ? ` and ${count - shown.length} more` : ''
  return [`too big for one command, and left out: ${shown.join(', ')}${more}`]
}

function otherDatabases(count: number): CliError {
  return new CliError('PREFLIGHT_FAILED', `${count} keys are of databases other than 0, which a cluster does not have`)
}

function noUsers(folder: string): CliError {
  return new CliError('PREFLIGHT_FAILED', `${folder} holds no users: the backup was taken with --no-acl`, {
    suggestions: ['Leave --acl out.'],
  })
}

/** What was written stays, and is found equal the next time. */
async function stopError(journal: Journal | undefined, error: unknown): Promise<unknown> {
  await journal?.stopped(error instanceof CliError ? error.code : 'BUG', messageOf(error)).catch(() => undefined)
  if (!(error instanceof CliError) || !journal) return error
  const {code, details, message, suggestions} = error
  return new CliError(code, message, {
    cause: error,
    details: {...details, job: journal.id},
    suggestions: [...suggestions, `shoal resume ${journal.id}`],
  })
}

function lostLock(): CliError {
  return new CliError('LOCKED', 'another operator took the lock of this cluster, so the restore was stopped')
}
