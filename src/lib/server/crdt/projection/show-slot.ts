import type {CrdtDatabase} from '../crdt-database.js'

/** Clients see of all keys of the slot what the core shows, whatever they saw before. */
export function showSlot({core, server}: Pick<CrdtDatabase, 'core' | 'server'>, slot: number): void {
  const seen = server.databases[0]!.keysInSlot(slot, Number.POSITIVE_INFINITY)
  for (const key of new Set([...seen, ...core.keys(slot)])) core.observer?.changed(slot, key, [{kind: 'key'}])
}
