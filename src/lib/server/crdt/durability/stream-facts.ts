import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import {decodePayload, encodePayload} from '../../commands/migration/payload.js'
import type {Database} from '../../keyspace/database.js'
import type {Server} from '../../server.js'
import type {Group} from '../../values/stream/group.js'
import {Stream} from '../../values/stream/stream.js'
import {decodeEntryId, encodeEntryId} from '../core/containers/entry-id.js'
import {CrdtError} from '../core/crdt-error.js'
import {Decoder} from '../core/decoder.js'
import {Encoder} from '../core/encoder.js'

/**
 * What a region knows of a stream for itself: how far its groups have read, who has what to acknowledge, what came late, the
 * greatest id given. Entries and the groups' existence are in the state; so this is the stream without its entries:
 *
 *     version  n * (group  m * id of an entry that came late)  DUMP payload
 */
const VERSION = 1

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
  return packLate([...stream.groups.values()].filter((group) => group.hasLate)) + encodePayload(server, bare)
}

function packLate(groups: readonly Group[]): string {
  const out = new Encoder()
  out.byte(VERSION)
  out.varint(groups.length)
  for (const {late, name} of groups) {
    out.text(name)
    out.varint(late!.size)
    for (const id of late!.values()) encodeEntryId(out, id)
  }
  return out.take()
}

interface Facts {
  readonly stream: Stream
  readonly late: ReadonlyMap<string, readonly StreamId[]>
}

/** @throws CrdtError, ReplyError */
function unpackFacts(server: Server, facts: string): Facts {
  const decoder: Decoder = new Decoder(facts)
  if (decoder.byte() !== VERSION) decoder.fail('is of a version that is not known')
  const late = new Map<string, StreamId[]>()
  for (let groups = decoder.count(); groups > 0; groups--) {
    const ids: StreamId[] = []
    late.set(decoder.text(), ids)
    for (let count = decoder.count(); count > 0; count--) ids.push(decodeEntryId(decoder))
  }
  const stream = decodePayload(server, facts.slice(decoder.position))
  if (!(stream instanceof Stream)) throw new CrdtError('what is said of a stream is of something else')
  return {late, stream}
}

/** Gives a stream that was made of the state what `packStreamFacts` said. @throws CrdtError, ReplyError if it said no such thing */
export function adoptStreamFacts(server: Server, db: Database, key: string, facts: string): void {
  const {late, stream: known} = unpackFacts(server, facts)
  const stream = streamAt(db, key)
  if (stream === undefined) return
  const place = db.store.find(key)
  server.state.willChange(db.store, place)
  if (compareIds(known.lastId, stream.lastId) > 0) stream.lastId = known.lastId
  if (compareIds(known.maxDeletedId, stream.maxDeletedId) > 0) stream.maxDeletedId = known.maxDeletedId
  stream.entriesAdded = known.entriesAdded
  for (const [name, group] of known.groups) {
    if (!stream.groups.has(name)) continue
    stream.groups.set(name, group)
    for (const id of late.get(name) ?? []) group.noteLate(id)
  }
}

/** Whether or not its deadline has passed. */
function streamAt({store}: Database, key: string): Stream | undefined {
  const place = store.find(key)
  const value = place < 0 ? undefined : store.valueAt(place)
  return value instanceof Stream ? value : undefined
}
