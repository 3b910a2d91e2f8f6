import {requireInteger} from '../../arguments.js'
import type {VectorEntries} from '../../crdt/core/api.js'
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

/** `region.epoch:sequence` for each actor, in order. */
export function actorTexts(vector: VectorEntries): string[] {
  return [...vector]
    .sort(([a], [b]) => a.region - b.region || a.epoch - b.epoch)
    .map(([{epoch, region}, sequence]) => `${region}.${epoch}:${sequence}`)
}

/** @throws ReplyError */
export function requireSlot(text: string): number {
  const slot = requireInteger(text, 'ERR Invalid or out of range slot')
  if (slot < 0 || slot > SLOT_MAX) throw new ReplyError('ERR Invalid or out of range slot')
  return slot
}
