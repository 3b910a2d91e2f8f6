import {createReadStream, statSync} from 'node:fs'
import {SnapshotLoader} from '../server/persistence/snapshot-loader.js'
import {placeIn} from '../server/replication/stream-place.js'
import type {Server} from '../server/server.js'

const CHUNK_BYTES = 64 * 1024

/** Bytes of the file; undefined: there is none. @throws the system's error: a file that cannot be looked at may be there */
export function snapshotFileBytes(path: string): number | undefined {
  try {
    return statSync(path).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Loads an RDB file while the loop answers that the node is loading.
 *
 * @throws RdbError, or the system's error: this node must not go on as if it had no data
 */
export async function loadSnapshotFile(server: Server, path: string): Promise<void> {
  const startedMs = performance.now()
  const loader = new SnapshotLoader(server, true)
  for await (const chunk of createReadStream(path, {highWaterMark: CHUNK_BYTES})) {
    server.loadedBytes += (chunk as Buffer).length
    loader.push(chunk as Buffer)
    // Reading ahead must not keep the loop from its other work.
    await new Promise((resolve) => setImmediate(resolve))
  }
  loader.finish()
  server.loadedKeys = {expired: loader.expiredKeys, loaded: loader.keys}
  const place = placeIn((name) => loader.auxOf(name))
  if (place !== undefined) server.replication.resume(place)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(3)
  server.effects.log('notice', `Done loading RDB, keys loaded: ${loader.keys}, keys expired: ${loader.expiredKeys}.`)
  server.effects.log('notice', `DB loaded from disk: ${seconds} seconds`)
}
