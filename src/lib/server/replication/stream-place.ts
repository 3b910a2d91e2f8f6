import {Snapshot, type SnapshotParts} from '../persistence/snapshot.js'
import type {Server} from '../server.js'
import type {StreamPlace} from './replication.js'

/** The data as they are now, with their place in the stream, for replicas and for the disk. */
export function openSnapshot(server: Server, parts: SnapshotParts): Snapshot {
  const {place} = server.replication
  const aux =
    place === undefined
      ? {'aof-base': '0'}
      : {
          'repl-stream-db': String(place.database),
          'repl-id': place.id,
          'repl-offset': String(place.offset),
          'aof-base': '0',
        }
  return new Snapshot(server, {aux, parts})
}

/** What such a snapshot says of its place. @param auxOf - its fields before the data */
export function placeIn(auxOf: (name: string) => string | undefined): StreamPlace | undefined {
  const [id, offset] = [auxOf('repl-id'), Number(auxOf('repl-offset') ?? Number.NaN)]
  if (id === undefined || !Number.isSafeInteger(offset)) return undefined
  return {database: Number(auxOf('repl-stream-db') ?? 0), id, offset}
}
