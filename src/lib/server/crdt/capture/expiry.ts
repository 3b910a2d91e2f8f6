import {hashSlot} from '../../../protocol/hash-slot.js'
import type {Database} from '../../keyspace/database.js'
import type {ExpiryPolicy} from '../../keyspace/keyspace-state.js'
import type {CrdtDatabase} from '../crdt-database.js'

/** Hybrid time counts from the start of 2020. */
const HYBRID_EPOCH_MS = Date.UTC(2020, 0, 1)
const TICKS_PER_MS = 4096

/**
 * One region deletes what has run out: that whose deadline is in force. And it waits until it has heard of all that any
 * region did up to then, for one may have put the deadline off in time. The others hide the key until the deletion comes.
 */
export class OwnedExpiry implements ExpiryPolicy {
  private readonly db: Database

  constructor(private readonly crdt: CrdtDatabase) {
    this.db = crdt.server.databases[0]!
  }

  mayExpire(key: string): boolean {
    const {config, core, peers, region} = this.crdt
    const members = new Set(config.instances.map(({id}) => id))
    if (core.expiryOwner(hashSlot(key), key, members) !== region) return false
    // Without links there is nobody to hear.
    if (peers === undefined) return true
    const {store} = this.db
    const due = (store.deadlineAt(store.find(key)) - HYBRID_EPOCH_MS) * TICKS_PER_MS
    for (const member of members) if (member !== region && peers.heardUntil(member) < due) return false
    return true
  }
}
