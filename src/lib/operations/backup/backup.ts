import {createHash} from 'node:crypto'
import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {findNode, highestEpoch, ownRecord} from '../../model/cluster-map.js'
import {shortId} from '../../model/node-id.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import {type BackupShard, type BackupSource, chooseSources} from '../../plan/backup/choose-sources.js'
import {MANIFEST_FILE, type Manifest, makeManifest, type ShardEntry} from '../../plan/backup/manifest.js'
import {movedSlots} from '../../plan/backup/moved-slots.js'
import {snapshotWarnings} from '../../plan/backup/snapshot-warnings.js'
import {RdbTally} from '../../plan/backup/tally.js'
import {eachOf} from '../each-of.js'
import {requireHealthy, settledView} from '../fitness.js'
import {newJobId} from '../journal.js'
import {LOCK_KEY, lockOwner, mayTakeOver, takeLock} from '../migration/lock.js'
import type {ObservedCluster} from '../observe.js'
import {BackupFolder} from './folder.js'
import {type SavedSnapshot, type SnapshotProgress, saveSnapshot} from './shard-file.js'
import {readTraits} from './traits.js'

/** Not data of the cluster. */
export const IGNORED_KEYS: ReadonlySet<string> = new Set([LOCK_KEY])

export const FUNCTIONS_FILE = 'functions.dump'
export const USERS_FILE = 'users.acl'

export interface BackupOptions {
  readonly folder: string
  /** Whether the users go with it, with the hashes of their passwords. */
  readonly acl: boolean
  /** Snapshots under way at one time. */
  readonly parallel: number
  readonly signal: AbortSignal
  readonly onProgress: (shard: BackupShard, progress: SnapshotProgress) => void
  readonly onDone: (shard: BackupShard, entry: ShardEntry) => void
  readonly onWarning: (message: string) => void
}

/**
 * Whom the data of a healthy cluster is to be taken from. Changes nothing.
 *
 * @throws {CliError} CLUSTER_UNHEALTHY, NODES_DISAGREE, INTERRUPTED
 */
export async function prepareBackup(cluster: ObservedCluster, signal: AbortSignal): Promise<BackupShard[]> {
  const view = await settledView(cluster, signal)
  requireHealthy(view)
  return chooseSources(view)
}

/**
 * Writes a backup: one snapshot per shard, each of one moment; functions, users and settings; the manifest at last. No
 * slot moves meanwhile: the lock is held, and looked for at the end what others may have done in spite of it.
 *
 * @throws {CliError} PREFLIGHT_FAILED, ENVIRONMENT_LACKS, LOCKED, UNREACHABLE, TIMED_OUT, INTERRUPTED; what was written is
 *   removed then
 */
export async function backupCluster(
  cluster: ObservedCluster,
  shards: readonly BackupShard[],
  options: BackupOptions,
): Promise<Manifest> {
  const folder = await BackupFolder.open(options.folder)
  try {
    const jobId = newJobId('backup')
    const warnings: string[] = []
    const warn = (message: string) => {
      warnings.push(message)
      options.onWarning(message)
    }
    const lock = await takeLock(cluster, lockOwner(jobId), mayTakeOver(jobId), warn)
    try {
      const stop = lock ? AbortSignal.any([options.signal, lock.lost]) : options.signal
      const manifest = await writeAll(cluster, shards, {...options, signal: stop, onWarning: warn}, folder, warnings)
      if (lock?.lost.aborted) throw lostLock()
      await folder.write(MANIFEST_FILE, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
      await folder.sync()
      return manifest
    } catch (error) {
      throw lock?.lost.aborted && !options.signal.aborted ? lostLock() : error
    } finally {
      await lock?.release()
    }
  } catch (error) {
    await folder.discard()
    throw error
  }
}

async function writeAll(
  cluster: ObservedCluster,
  shards: readonly BackupShard[],
  options: BackupOptions,
  folder: BackupFolder,
  warnings: readonly string[],
): Promise<Manifest> {
  const startedAt = new Date().toISOString()
  const currentEpoch = highestEpoch(cluster.view)
  const traits = await readTraits(cluster, {acl: options.acl})
  for (const warning of traits.warnings) options.onWarning(warning)
  const entries = await eachOf(shards, options.parallel, async (shard, index) => {
    const entry = await saveShard(cluster, shard, fileOf(shard, index), options, folder)
    options.onDone(shard, entry)
    return entry
  })
  const spoilt = movedSlots(shards, await cluster.observe(options.signal))
  if (spoilt.length > 0) throw spoiltError(spoilt)
  const {functions, users} = traits
  return makeManifest({
    startedAt,
    finishedAt: new Date().toISOString(),
    cluster: {seed: renderAddress(cluster.seed), fingerprint: fingerprintOf(shards), currentEpoch},
    shards: entries,
    functions: functions
      ? {...(await folder.write(FUNCTIONS_FILE, functions.dump)), libraries: functions.libraries}
      : null,
    acl: users ? {...(await folder.write(USERS_FILE, users.list)), users: users.names} : null,
    config: traits.config,
    warnings,
  })
}

/** From the first source that gives it. */
async function saveShard(
  cluster: ObservedCluster,
  shard: BackupShard,
  file: string,
  options: BackupOptions,
  folder: BackupFolder,
): Promise<ShardEntry> {
  folder.expect(file)
  const last = shard.sources.at(-1) as BackupSource
  for (const source of shard.sources) {
    try {
      const saved = await saveFrom(cluster, shard, source, file, options)
      for (const warning of snapshotWarnings(file, source, saved.figures)) options.onWarning(warning)
      return entryOf(shard, source, saved)
    } catch (error) {
      if (source === last || !isOfSource(error)) throw error
      const how = `${source.address}, a ${source.role} of ${shortId(shard.id)}, gives no snapshot: ${error.message}`
      options.onWarning(`${how}; another node is asked`)
    }
  }
  throw new Error('a shard without sources')
}

/** Whether another node may do better. */
function isOfSource(error: unknown): error is CliError {
  const codes = ['UNREACHABLE', 'TIMED_OUT', 'AUTH_FAILED', 'PREFLIGHT_FAILED']
  return error instanceof CliError && codes.includes(error.code)
}

function saveFrom(
  cluster: ObservedCluster,
  shard: BackupShard,
  source: BackupSource,
  file: string,
  {folder, onProgress, signal}: BackupOptions,
): Promise<SavedSnapshot> {
  const node = findNode(cluster.view, source.id)
  if (!node) throw new CliError('UNREACHABLE', `${source.address} does not answer any more`)
  return saveSnapshot({
    address: node.address,
    tlsName: ownRecord(node)?.hostname,
    connect: cluster.options,
    folder,
    file,
    tally: new RdbTally(slotsOf(parseRanges(shard.slots) ?? []), IGNORED_KEYS),
    signal,
    onProgress: (progress) => onProgress(shard, progress),
  })
}

function entryOf(shard: BackupShard, source: BackupSource, saved: SavedSnapshot): ShardEntry {
  const {address, configEpoch, id, memoryBytes, slots} = shard
  const {bytes, figures, file, replication, sha256} = saved
  const {expires, keys, rdbVersion, redisVersion, strayKeys} = figures
  return {
    ...{id, address, slots, configEpoch, source, file, bytes, sha256, replication: replication ?? null},
    ...{redisVersion, rdbVersion, keys, expires, strayKeys, memoryBytes},
  }
}

/** `shard-01-3f2a1b9c.rdb` */
function fileOf({id}: BackupShard, index: number): string {
  return `shard-${String(index + 1).padStart(2, '0')}-${shortId(id)}.rdb`
}

function fingerprintOf(shards: readonly BackupShard[]): string {
  const ids = shards.map(({id}) => id).sort()
  return createHash('sha256').update(ids.join('\n')).digest('hex')
}

function spoiltError(problems: readonly string[]): CliError {
  return new CliError('LOCKED', `slots moved while the backup was taken, so it was discarded: ${problems.join('; ')}`, {
    details: {problems},
    suggestions: ['Take it again once nobody moves slots.'],
  })
}

function lostLock(): CliError {
  return new CliError('LOCKED', 'another operator took the lock of this cluster, so the backup was discarded')
}
