import type {CrdtDatabase} from '../crdt-database.js'

/** Empties slots, one effect each; what other regions write meanwhile stays. @returns how many keys clients saw in them */
export function flushSlots(crdt: CrdtDatabase, slots: Iterable<number>): number {
  const {core, server} = crdt
  const db = server.databases[0]!
  crdt.endUnit()
  let count = 0
  for (const slot of slots) {
    const writer = core.write(slot)
    writer.resetSlot()
    const effect = writer.end()
    for (const key of db.keysInSlot(slot, Number.POSITIVE_INFINITY)) if (db.drop(key)) count++
    if (effect !== undefined) crdt.made([effect])
  }
  return count
}
