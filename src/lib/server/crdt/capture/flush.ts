import type {CrdtDatabase} from '../crdt-database.js'
import {Recovery} from './recovery.js'

/** Empties slots, one effect each; what other regions write meanwhile stays. @returns how many keys clients saw in them @throws whatever kept one from being reset */
export function flushSlots(crdt: CrdtDatabase, slots: Iterable<number>): number {
  const {core, server} = crdt
  const db = server.databases[0]!
  const recovery = new Recovery(crdt)
  crdt.endUnit()
  let count = 0
  let failure: unknown
  for (const slot of slots) {
    const writer = core.write(slot)
    try {
      writer.resetSlot()
    } catch (error) {
      failure ??= error
      // Others have reset what could not be reset here.
      for (const key of [...core.keys(slot)]) recovery.writeAnew(writer, key)
    }
    const effect = writer.finish()
    for (const key of db.keysInSlot(slot, Number.POSITIVE_INFINITY)) if (db.drop(key)) count++
    for (const key of core.keys(slot)) recovery.putBackKey(key)
    if (effect !== undefined) crdt.made(effect)
  }
  if (failure !== undefined) throw failure
  return count
}
