import type {Database} from '../../keyspace/database.js'
import {NOTIFY_LIST} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {ListValue} from '../../values/list/list-value.js'

/** Taking from and adding to the ends of lists, with the events redis-server gives: what all commands share. */

/** Is it LEFT? @throws ReplyError if it is neither LEFT nor RIGHT */
export function requireEnd(text: string): boolean {
  const word = text.toLowerCase()
  if (word !== 'left' && word !== 'right') throw new ReplyError(SYNTAX_ERROR)
  return word === 'left'
}

function tellPopped(db: Database, key: string, list: ListValue, left: boolean): void {
  if (list.length > 0) db.touched(key)
  db.notify(NOTIFY_LIST, left ? 'lpop' : 'rpop', key)
  if (list.length === 0) db.deleteEmptied(key)
}

export function popOne(db: Database, key: string, list: ListValue, left: boolean): string {
  const text = left ? list.popHead() : list.popTail()
  tellPopped(db, key, list, left)
  return text
}

/** @param count - at least one @returns in the order of the pops */
export function popSome(db: Database, key: string, list: ListValue, left: boolean, count: number): string[] {
  const taken = Math.min(count, list.length)
  const from = left ? 0 : list.length - taken
  const texts = list.range(from, taken)
  list.removeRange(from, taken)
  tellPopped(db, key, list, left)
  return left ? texts : texts.reverse()
}

/** A new, empty list at `key`; the caller fills it and tells of it. */
export function newList(server: Server, db: Database, key: string): ListValue {
  const list = new ListValue(server.config.values.listMaxListpackSize)
  db.set(key, list)
  return list
}

export function tellPushed(db: Database, key: string, left: boolean): void {
  db.notify(NOTIFY_LIST, left ? 'lpush' : 'rpush', key)
}

/** Between which ends of which lists an element moves. */
export interface Move {
  readonly source: string
  readonly target: string
  readonly fromLeft: boolean
  readonly toLeft: boolean
}

/** Moves one element. @param list - what is at the source, not empty @throws ReplyError WRONGTYPE, with nothing changed */
export function moveOne(server: Server, db: Database, list: ListValue, move: Move): string {
  const {fromLeft, source, target, toLeft} = move
  const existing = db.getObjectForWrite<ListValue>(target, 'list')
  const text = fromLeft ? list.popHead() : list.popTail()
  if (existing !== undefined) db.touched(target)
  const to = existing ?? newList(server, db, target)
  if (toLeft) to.pushHead(text)
  else to.pushTail(text)
  tellPushed(db, target, toLeft)
  tellPopped(db, source, list, fromLeft)
  return text
}

/** What another node does to come to the same as LMPOP or a blocking pop. */
export function propagatePop(server: Server, db: Database, key: string, left: boolean, count?: number): void {
  const words = count === undefined ? [key] : [key, String(count)]
  server.state.propagation.instead(db.index, [left ? 'LPOP' : 'RPOP', ...words])
}
