import {type FileHandle, open, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import type {Snapshot} from '../server/persistence/snapshot.js'
import {systemMessage} from './config-file.js'

/** So that the end of a long file does not wait for all of it to reach the disk. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024

/**
 * Writes a snapshot beside the file and puts it in its place once it is durable. Between two chunks the loop serves others.
 *
 * @throws Error with the system's message; the old file is untouched then
 */
export async function writeSnapshotFile(path: string, snapshot: Snapshot): Promise<void> {
  const temporary = join(dirname(path), `temp-${process.pid}.rdb`)
  let file: FileHandle | undefined
  try {
    file = await open(temporary, 'w')
    await writeAll(file, snapshot)
    await file.sync()
    await file.close()
    file = undefined
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await file?.close().catch(() => undefined)
    await rm(temporary, {force: true}).catch(() => undefined)
    throw new Error(systemMessage(error))
  }
}

async function writeAll(file: FileHandle, snapshot: Snapshot): Promise<void> {
  let unsynced = 0
  for (let chunk = snapshot.next(); chunk !== undefined; chunk = snapshot.next()) {
    let written = 0
    while (written < chunk.length) {
      const {bytesWritten} = await file.write(chunk, written)
      written += bytesWritten
    }
    unsynced += chunk.length
    if (unsynced >= SYNC_EVERY_BYTES) {
      unsynced = 0
      await file.datasync()
    } else if (chunk.length === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** A rename is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
