import {createReadStream, existsSync, statSync} from 'node:fs'
import {encodeCommand} from '../protocol/resp/encode-command.js'
import {SnapshotLoader} from '../server/persistence/snapshot-loader.js'
import type {Server} from '../server/server.js'

const CHUNK_BYTES = 64 * 1024

/**
 * Loads the RDB file, if it is there, while the loop answers that the node is loading.
 *
 * @throws RdbError, or the system's error: this node must not go on as if it had no data
 */
export async function loadSnapshotFile(server: Server, path: string): Promise<void> {
  if (!existsSync(path)) return
  const startedMs = performance.now()
  // A replica keeps what seems to have expired: its primary may have decided otherwise, and tells. Of a cluster's node it is
  // not known yet which it is; as a primary it deletes such keys as any others.
  const {replicaof} = server.config.values
  const loader = new SnapshotLoader(server, !server.isCluster && replicaof === undefined)
  server.beginLoading(statSync(path).size)
  for await (const chunk of createReadStream(path, {highWaterMark: CHUNK_BYTES})) {
    server.loadedBytes += (chunk as Buffer).length
    loader.push(chunk as Buffer)
    // Reading ahead must not keep the loop from its other work.
    await new Promise((resolve) => setImmediate(resolve))
  }
  loader.finish()
  server.endLoading(loader)
  resumeStream(server, loader)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(3)
  server.effects.log('notice', `Done loading RDB, keys loaded: ${loader.keys}, keys expired: ${loader.expired.length}.`)
  server.effects.log('notice', `DB loaded from disk: ${seconds} seconds`)
}

/** The file says where in a stream its data are; not so if nobody followed when it was written. */
function resumeStream({replication}: Server, loader: SnapshotLoader): void {
  const [id, offset] = [loader.auxOf('repl-id'), Number(loader.auxOf('repl-offset'))]
  if (id === undefined || !Number.isSafeInteger(offset)) return
  replication.resume({id, offset, selected: Number(loader.auxOf('repl-stream-db') ?? 0)})
  // Whoever goes on from there has these keys still.
  for (const {database, key} of loader.expired) replication.feed(database, encodeCommand(['DEL', key]))
}
