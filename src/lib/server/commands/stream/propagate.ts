import {formatId} from '../../../protocol/stream-id.js'
import type {Database} from '../../keyspace/database.js'
import type {Consumer, Group, Pending} from '../../values/stream/group.js'

/** What another node does to come to the same as reading for a group, and claiming (wire.md 2.6). */

/** The entry is its consumer's now, or had been before it went. */
export function propagateClaim(db: Database, key: string, group: Group, pending: Pending): void {
  const {propagation} = db.state
  if (!propagation.isOn) return
  const {consumer, deliveredMs, deliveries} = pending
  const claim = ['XCLAIM', key, group.name, consumer.name, '0', formatId(pending), 'TIME', String(deliveredMs)]
  const state = ['RETRYCOUNT', String(deliveries), 'FORCE', 'JUSTID', 'LASTID', formatId(group.lastId)]
  propagation.also(db.index, [...claim, ...state])
}

export function propagateLastId(db: Database, key: string, group: Group): void {
  const {propagation} = db.state
  if (!propagation.isOn) return
  const read = ['ENTRIESREAD', String(group.entriesRead)]
  propagation.also(db.index, ['XGROUP', 'SETID', key, group.name, formatId(group.lastId), ...read])
}

export function propagateConsumer(db: Database, key: string, group: Group, consumer: Consumer): void {
  db.state.propagation.also(db.index, ['XGROUP', 'CREATECONSUMER', key, group.name, consumer.name])
}
