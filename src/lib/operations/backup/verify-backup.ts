import {createHash} from 'node:crypto'
import {join} from 'node:path'
import {parseRanges, SLOT_COUNT, slotsOf} from '../../model/slot-set.js'
import type {BackupFile, Manifest, ShardEntry} from '../../plan/backup/manifest.js'
import {keyTotal, type RdbFigures, RdbTally} from '../../plan/backup/tally.js'
import {readFunctionDump} from '../../protocol/rdb/function-dump.js'
import {eachOf} from '../each-of.js'
import {printableKey} from '../migration/busy-keys.js'
import {IGNORED_KEYS} from './backup.js'
import {readProblem, readRdb, readWhole} from './read-backup.js'

/** One file of a backup, looked at. */
export interface FileReport {
  readonly file: string
  readonly bytes: number
  /** Keys of the shard's slots; 0 for a file without keys. */
  readonly keys: number
  readonly status: 'ok' | 'damaged'
  /** What is wrong, one sentence each without the file's name. */
  readonly problems: readonly string[]
}

/** What `backup verify` found; the `--json` document. */
export interface BackupReport {
  readonly folder: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly files: readonly FileReport[]
  readonly totals: {readonly keys: number; readonly expires: number; readonly strayKeys: number; readonly bytes: number}
  readonly status: 'ok' | 'damaged'
}

export interface CheckedBackup {
  readonly report: BackupReport
  /** Serialized bytes of the keys, by slot. */
  readonly slotBytes: Float64Array
  /** Keys, by database. */
  readonly keys: Readonly<Record<string, number>>
  /** Keys that are too big for one command, and the first of them by name, as people read them. */
  readonly bigKeys: {readonly count: number; readonly names: readonly string[]}
}

export interface VerifyOptions {
  /** Files read at one time. */
  readonly parallel: number
  readonly signal: AbortSignal
  readonly onProgress: (shard: ShardEntry, bytes: number) => void
}

/**
 * Reads every file of a backup from end to end: sizes and checksums as the manifest has them, the structure of the RDB
 * files, their own checksums, and how many keys there are. Needs no cluster.
 *
 * @throws {CliError} INTERRUPTED; what is wrong with the files is part of the report
 */
export async function verifyBackup(
  folder: string,
  manifest: Manifest,
  {onProgress, parallel, signal}: VerifyOptions,
): Promise<CheckedBackup> {
  const shards = await eachOf(manifest.shards, parallel, (shard) =>
    verifyShard(join(folder, shard.file), shard, signal, (bytes) => onProgress(shard, bytes)),
  )
  const others = await Promise.all(
    [
      manifest.functions ? [verifyFunctions(join(folder, manifest.functions.file), manifest.functions)] : [],
      manifest.acl ? [verifySmall(join(folder, manifest.acl.file), manifest.acl)] : [],
    ].flat(),
  )
  const files = [...shards.map(({report}) => report), ...others]
  const slotBytes = new Float64Array(SLOT_COUNT)
  const keys: Record<string, number> = {}
  for (const {figures, tally} of shards) {
    for (let slot = 0; slot < SLOT_COUNT; slot++)
      slotBytes[slot] = (slotBytes[slot] as number) + (tally.slotBytes[slot] as number)
    for (const [database, count] of Object.entries(figures.keys)) keys[database] = (keys[database] ?? 0) + count
  }
  const sum = (pick: (figures: RdbFigures) => number) => shards.reduce((total, {figures}) => total + pick(figures), 0)
  const report: BackupReport = {
    folder,
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    files,
    totals: {
      keys: keyTotal(keys),
      expires: sum(({expires}) => expires),
      strayKeys: sum(({strayKeys}) => strayKeys),
      bytes: files.reduce((total, {bytes}) => total + bytes, 0),
    },
    status: files.every(({status}) => status === 'ok') ? 'ok' : 'damaged',
  }
  const bigKeys = {
    count: sum((figures) => figures.bigKeys),
    names: shards.flatMap(({tally}) => tally.bigKeyNames.map(printableKey)),
  }
  return {report, slotBytes, keys, bigKeys}
}

async function verifyShard(path: string, shard: ShardEntry, signal: AbortSignal, onBytes: (bytes: number) => void) {
  const tally = new RdbTally(slotsOf(parseRanges(shard.slots) ?? []), IGNORED_KEYS)
  const hash = createHash('sha256')
  const problems: string[] = []
  let bytes = 0
  const countBytes = (read: number) => {
    bytes = read
    onBytes(read)
  }
  try {
    for await (const items of readRdb(path, {keepValues: false, signal, onBytes: countBytes, hash})) {
      for (const item of items) tally.take(item)
    }
  } catch (error) {
    problems.push(readProblem(error))
  }
  const figures = tally.figures()
  if (problems.length === 0) problems.push(...differences(shard, bytes, hash.digest('hex'), figures))
  return {report: reportOf(shard, bytes, keyTotal(figures.keys), problems), figures, tally}
}

function differences(shard: ShardEntry, bytes: number, sha256: string, figures: RdbFigures): string[] {
  const keys = [keyTotal(shard.keys), keyTotal(figures.keys)] as const
  return [
    ...sameBytes(shard, bytes, sha256),
    ...(figures.checksum === 'wrong' ? ['has a wrong checksum at its end'] : []),
    ...(keys[0] === keys[1] ? [] : [`holds ${keys[1]} keys, the manifest says ${keys[0]}`]),
  ]
}

function sameBytes({bytes, sha256}: BackupFile, seenBytes: number, seenSha256: string): string[] {
  if (bytes !== seenBytes) return [`has ${seenBytes} bytes, the manifest says ${bytes}`]
  return sha256 === seenSha256 ? [] : ['has another checksum (SHA-256) than the manifest says']
}

async function verifySmall(path: string, entry: BackupFile, read: (content: Buffer) => unknown = () => undefined) {
  const problems: string[] = []
  let bytes = 0
  try {
    const {content, sha256} = await readWhole(path)
    bytes = content.length
    problems.push(...sameBytes(entry, bytes, sha256))
    if (problems.length === 0) read(content)
  } catch (error) {
    problems.push(readProblem(error))
  }
  return reportOf(entry, bytes, 0, problems)
}

function verifyFunctions(path: string, entry: BackupFile): Promise<FileReport> {
  return verifySmall(path, entry, (content) => readFunctionDump(content.toString('latin1')))
}

function reportOf({file}: BackupFile, bytes: number, keys: number, problems: readonly string[]): FileReport {
  return {file, bytes, keys, status: problems.length === 0 ? 'ok' : 'damaged', problems}
}
