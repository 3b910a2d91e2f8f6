import type {CrdtDatabase} from '../crdt-database.js'

/** The node's data are this database's from now on. Before a file is loaded at the start, or while no key is there. */
export function attachDurability({durability, server}: CrdtDatabase): void {
  durability.becomeNew()
  // Neither replicas nor files that knew the keys as they were can go on.
  server.replication.beginAnew()
  server.appendOnly.restart()
}
