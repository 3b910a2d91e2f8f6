import {type FileHandle, open, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import type {KeyspaceSource} from '../server/persistence/keyspace-source.js'
import {systemMessage} from './config-file.js'

/** So that the end of a long file does not wait for all of it to reach the disk. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024

/** What gives the bytes of a file, piece by piece; `undefined` ends it. */
type Pieces = Pick<KeyspaceSource, 'next'>

/**
 * Writes a snapshot beside the file and puts it in its place once it is durable. Between two chunks the loop serves others.
 *
 * @throws Error with the system's message; the old file is untouched then
 */
export async function writeSnapshotFile(path: string, snapshot: Pieces): Promise<void> {
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
export async function writeDurably(path: string, source: Pieces): Promise<void> {
  const file = await open(path, 'w', 0o644)
  try {
    await writeAll(file, source)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A turn of the loop in which others were served takes longer; then they get so much more before the next piece is made. */
const BUSY_MS = 0.3
const REST_MS = 2

/** Clients come first: all of the time that they leave, and a third of what they want. */
async function serveOthers(): Promise<void> {
  const startMs = performance.now()
  await new Promise((resolve) => setImmediate(resolve))
  if (performance.now() - startMs > BUSY_MS) await new Promise((resolve) => setTimeout(resolve, REST_MS))
}

async function writeAll(file: FileHandle, source: Pieces): Promise<void> {
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
    }
    await serveOthers()
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
