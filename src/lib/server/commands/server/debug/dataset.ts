import type {Database} from '../../../keyspace/database.js'
import {encodingOf} from '../../../keyspace/value.js'
import {NO_SUCH_KEY, ReplyError} from '../../../reply-error.js'
import type {Server} from '../../../server.js'
import {decodePayload, encodePayload} from '../../migration/payload.js'

/** Bytes of a DUMP payload that are not the value: type, version, checksum. */
const PAYLOAD_FRAME_BYTES = 11

/** DEBUG OBJECT's line. There are no addresses nor reference counts here; 0 and 1 stand for them. */
export function describeObject(server: Server, db: Database, key: string): string {
  const value = db.peek(key)
  if (value === undefined) throw new ReplyError(NO_SUCH_KEY)
  const accessed = db.accessedAt(key) ?? server.state.lruClock
  const idle = Math.max(0, server.state.lruClock - accessed)
  const bytes = encodePayload(server, value).length - PAYLOAD_FRAME_BYTES
  const more = typeof value === 'string' ? undefined : value.debugFields?.()
  return (
    `Value at:0x0 refcount:1 encoding:${encodingOf(value)} serializedlength:${bytes} ` +
    `lru:${accessed % (1 << 24)} lru_seconds_idle:${idle}${more === undefined ? '' : ` ${more}`}`
  )
}

/**
 * DEBUG RELOAD and LOADAOF: every value is written as RDB, the databases are emptied and filled from what was written, so
 * that whatever does not survive saving is found out. Deadlines stay; expired keys do not come back.
 */
export function reloadDataset(server: Server): void {
  for (const db of server.databases) {
    const saved = [...db.keys()].flatMap((key) => {
      const value = db.peek(key)
      return value === undefined ? [] : [{atMs: db.expiryOf(key), key, payload: encodePayload(server, value)}]
    })
    db.flush()
    for (const {atMs, key, payload} of saved) {
      db.set(key, decodePayload(server, payload))
      if (atMs !== undefined) db.setExpiry(key, atMs)
    }
  }
}

/** DEBUG POPULATE: `prefix:N` holds `value:N`, cut or filled with zero bytes to `size` if that is not 0. Keys that exist stay. */
export function populate(db: Database, count: number, prefix: string, size: number): void {
  for (let i = 0; i < count; i++) {
    const key = `${prefix}:${i}`
    if (db.has(key)) continue
    const text = `value:${i}`
    db.set(key, size === 0 ? text : text.slice(0, size).padEnd(size, '\0'))
  }
}
