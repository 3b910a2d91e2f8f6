import {Snapshot} from '../persistence/snapshot.js'
import type {Server} from '../server.js'
import type {SnapshotSource} from './snapshot-transfer.js'

/** The data as they are now, for replicas. @param selected - the database that the stream is in; -1: it says so anew */
export function openSnapshot(server: Server, selected: number): SnapshotSource {
  const {id, offset} = server.replication
  const snapshot = new Snapshot(server, {
    aux: {
      'repl-stream-db': String(Math.max(0, selected)),
      'repl-id': id,
      'repl-offset': String(offset),
      'aof-base': '0',
    },
  })
  return {
    close: () => snapshot.close(),
    next: () => {
      const chunk = snapshot.next()
      return chunk && Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    },
  }
}
