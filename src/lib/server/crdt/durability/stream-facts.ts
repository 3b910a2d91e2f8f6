import {compareIds} from '../../../protocol/stream-id.js'
import {decodePayload, encodePayload} from '../../commands/migration/payload.js'
import type {Database} from '../../keyspace/database.js'
import type {Server} from '../../server.js'
import {Stream} from '../../values/stream/stream.js'

/**
 * What a region knows of a stream for itself: how far its groups have read, who has what to acknowledge, the greatest id
 * given. Entries and the groups' existence are in the state; so this is the stream without its entries, as a DUMP payload.
 */

/** @returns undefined if the key is no stream */
export function packStreamFacts(server: Server, key: string): string | undefined {
  const stream = streamAt(server.databases[0]!, key)
  if (stream === undefined) return undefined
  const bare = new Stream()
  bare.lastId = stream.lastId
  bare.firstId = stream.firstId
  bare.maxDeletedId = stream.maxDeletedId
  bare.entriesAdded = stream.entriesAdded
  for (const [name, group] of stream.groups) bare.groups.set(name, group)
  return encodePayload(server, bare)
}

/** Gives a stream that was made of the state what `packStreamFacts` said. @throws ReplyError if it is no such payload */
export function adoptStreamFacts(server: Server, db: Database, key: string, facts: string): void {
  const known = decodePayload(server, facts)
  const stream = streamAt(db, key)
  if (stream === undefined || !(known instanceof Stream)) return
  const place = db.store.find(key)
  server.state.willChange(db.store, place)
  if (compareIds(known.lastId, stream.lastId) > 0) stream.lastId = known.lastId
  if (compareIds(known.maxDeletedId, stream.maxDeletedId) > 0) stream.maxDeletedId = known.maxDeletedId
  stream.entriesAdded = known.entriesAdded
  for (const [name, group] of known.groups) if (stream.groups.has(name)) stream.groups.set(name, group)
}

/** Whether or not its deadline has passed. */
function streamAt({store}: Database, key: string): Stream | undefined {
  const place = store.find(key)
  const value = place < 0 ? undefined : store.valueAt(place)
  return value instanceof Stream ? value : undefined
}
