import {requireInteger} from '../../arguments.js'
import type {CrdtDatabase} from '../../crdt/crdt-database.js'
import {ReplyError} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {CommandFlag} from '../command.js'

const SLOT_MAX = 16_383

export const ADMIN: readonly CommandFlag[] = ['readonly', 'admin', 'noscript']

/** @throws ReplyError */
export function requireCrdt({crdt}: Server): CrdtDatabase {
  if (crdt === undefined) throw new ReplyError('ERR this node holds no instance of an active-active database')
  return crdt
}

/** @throws ReplyError */
export function requireSlot(text: string): number {
  const slot = requireInteger(text, 'ERR Invalid or out of range slot')
  if (slot < 0 || slot > SLOT_MAX) throw new ReplyError('ERR Invalid or out of range slot')
  return slot
}
