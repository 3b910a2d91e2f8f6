import {createHash} from 'node:crypto'
import {type FileHandle, open, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {ConnectOptions} from '../../client/connect-options.js'
import {type SnapshotHead, takeSnapshot} from '../../client/replication/snapshot.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {renderAddress} from '../../model/address.js'
import type {BackupFile} from '../../plan/backup/manifest.js'
import type {RdbFigures, RdbTally} from '../../plan/backup/tally.js'
import {RdbError} from '../../protocol/rdb/reader.js'
import {RdbWalker} from '../../protocol/rdb/walker.js'

/** What a file is called until it is whole. */
const PARTIAL = '.partial'

export interface SnapshotProgress {
  readonly bytes: number
  readonly keys: number
}

export interface SaveSnapshot {
  readonly address: Address
  readonly tlsName: string | undefined
  readonly connect: ConnectOptions
  readonly folder: string
  readonly file: string
  readonly tally: RdbTally
  readonly signal: AbortSignal
  readonly onProgress: (progress: SnapshotProgress) => void
}

export interface SavedSnapshot extends BackupFile {
  readonly replication: SnapshotHead['replication'] | null
  readonly figures: RdbFigures
}

/**
 * Takes a node's snapshot into a file of the folder, readable by its owner alone. The bytes are checked and counted on
 * their way; no more than a chunk of them is held. The file gets its name once it is whole and on disk.
 *
 * @throws {CliError} as `takeSnapshot`; ENVIRONMENT_LACKS if the file cannot be written or the snapshot not be read.
 *   Nothing is left behind then.
 */
export async function saveSnapshot(save: SaveSnapshot): Promise<SavedSnapshot> {
  const path = join(save.folder, save.file)
  const partial = `${path}${PARTIAL}`
  // A source that failed before this one has left nothing, but a crash may have.
  const file = await onDisk(open(partial, 'w', 0o600), partial)
  try {
    const saved = await writeSnapshot(save, file, partial)
    await onDisk(file.sync(), partial)
    await file.close()
    await onDisk(rename(partial, path), path)
    return saved
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(partial, {force: true}).catch(() => undefined)
    throw error
  }
}

async function writeSnapshot(save: SaveSnapshot, file: FileHandle, path: string): Promise<SavedSnapshot> {
  const {address, connect, onProgress, signal, tally, tlsName} = save
  const hash = createHash('sha256')
  const walker = new RdbWalker({keepValues: false})
  let head: SnapshotHead | undefined
  let bytes = 0
  let keys = 0
  const onHead = (told: SnapshotHead) => {
    head = told
  }
  for await (const chunk of takeSnapshot(address, connect, {onHead, signal, tlsName})) {
    bytes += chunk.length
    hash.update(chunk)
    keys += countItems(walker, chunk, tally, address)
    await onDisk(file.appendFile(chunk), path)
    onProgress({bytes, keys})
  }
  const figures = requireWhole(walker, tally, address)
  return {file: save.file, bytes, sha256: hash.digest('hex'), replication: head?.replication ?? null, figures}
}

function countItems(walker: RdbWalker, chunk: Uint8Array, tally: RdbTally, address: Address): number {
  let keys = 0
  readable(address, () => {
    walker.push(chunk)
    for (let item = walker.next(); item; item = walker.next()) {
      tally.take(item)
      if (item.kind === 'key') keys++
    }
  })
  return keys
}

function requireWhole(walker: RdbWalker, tally: RdbTally, address: Address): RdbFigures {
  readable(address, () => walker.requireEnd())
  const figures = tally.figures()
  if (figures.checksum !== 'wrong') return figures
  throw new CliError('UNREACHABLE', `the snapshot of ${renderAddress(address)} was damaged on its way`)
}

function readable(address: Address, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    throw new CliError(
      'ENVIRONMENT_LACKS',
      `the snapshot of ${renderAddress(address)} cannot be read: ${error.message}`,
      {
        cause: error,
        suggestions: ['A type that this version of Shoal does not know cannot be restored by it; upgrade Shoal.'],
      },
    )
  }
}

/** @throws {CliError} ENVIRONMENT_LACKS with the file's name, if the disk does not do it */
export async function onDisk<T>(work: Promise<T>, path: string): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new CliError('ENVIRONMENT_LACKS', `${path} cannot be written: ${messageOf(error)}`, {cause: error})
  }
}
