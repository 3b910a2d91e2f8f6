import {Snapshot, type SnapshotParts} from '../persistence/snapshot.js'
import type {Server} from '../server.js'

/** The data as they are now, for replicas. @param selected - the database that the stream is in; -1: it says so anew */
export function openSnapshot(server: Server, selected: number, parts: SnapshotParts): Snapshot {
  const {id, offset} = server.replication
  return new Snapshot(server, {
    parts,
    aux: {
      'repl-stream-db': String(Math.max(0, selected)),
      'repl-id': id,
      'repl-offset': String(offset),
      'aof-base': '0',
    },
  })
}
