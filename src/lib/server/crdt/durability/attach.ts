import type {CrdtDatabase} from '../crdt-database.js'

/** The node's data are this database's from now on. Before a file is loaded at the start, or while no key is there. */
export function attachDurability({durability, server}: CrdtDatabase): void {
  durability.becomeNew()
  // Replicas that knew the keys as they were cannot go on.
  server.replication.beginAnew()
  // A file can: in the end it has no keys. But there is no reason to keep what came before.
  if (server.appendOnly.state !== 'off') server.appendOnly.isScheduled = true
}

/** The node's data are nobody's: replicas that followed its effects begin anew. */
export function detachDurability({server}: CrdtDatabase): void {
  server.replication.beginAnew()
}
