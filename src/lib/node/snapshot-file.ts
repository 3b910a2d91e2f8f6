import {type FileHandle, open, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import type {KeyspaceSource} from '../server/persistence/keyspace-source.js'
import {systemMessage} from './config-file.js'

/** So that the end of a long file does not wait for all of it to reach the disk. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024

/**
 * Writes a snapshot beside the file and puts it in its place once it is durable. Between two chunks the loop serves others.
 *
 * @throws Error with the system's message; the old file is untouched then
 */
export async function writeSnapshotFile(path: string, snapshot: KeyspaceSource): Promise<void> {
  const temporary = join(dirname(path), `temp-${process.pid}.rdb`)
  try {
    await writeDurably(temporary, snapshot)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined)
    throw new Error(systemMessage(error))
  }
}

/** Resolves when all of it is on the disk, under this name. @throws the system's error; part of the file may be there */
export async function writeDurably(path: string, source: Pick<KeyspaceSource, 'next'>): Promise<void> {
  const file = await open(path, 'w', 0o644)
  try {
    await writeAll(file, source)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, source: Pick<KeyspaceSource, 'next'>): Promise<void> {
  let unsynced = 0
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
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
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
