import type {CrdtDatabase} from '../crdt-database.js'

/** Regions whose files grow alike are rewritten one after the other: per cent of their size between one and the next. */
const HEADROOM_STEP = 12
const HEADROOM_STEPS = 4

/** The node's data are this database's from now on. Before a file is loaded at the start, or while no key is there. */
export function attachDurability({durability, region, server}: CrdtDatabase): void {
  durability.becomeNew()
  // Replicas that knew the keys as they were cannot go on.
  server.replication.beginAnew()
  // A file can: in the end it has no keys. But there is no reason to keep what came before.
  if (server.appendOnly.state !== 'off') server.appendOnly.isScheduled = true
  server.appendOnly.headroom = HEADROOM_STEP * (region % HEADROOM_STEPS)
}

/** The node's data are nobody's: replicas that followed its effects begin anew. */
export function detachDurability({server}: CrdtDatabase): void {
  server.replication.beginAnew()
  server.appendOnly.headroom = 0
}
