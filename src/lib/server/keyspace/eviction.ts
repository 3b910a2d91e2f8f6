import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import type {Entry, Store} from './store.js'

/** As in maxmemory-policy, without `noeviction`. */
export type EvictionPolicy =
  | 'volatile-lru'
  | 'volatile-lfu'
  | 'volatile-random'
  | 'volatile-ttl'
  | 'allkeys-lru'
  | 'allkeys-lfu'
  | 'allkeys-random'

/** A key that was looked at; the highest score goes first. */
interface Candidate {
  readonly db: Database
  readonly store: Store
  readonly key: string
  readonly entry: Entry
  readonly score: number
}

/** The best of earlier samples are remembered: with five samples a time that comes close to looking at all keys. */
const POOL_SIZE = 16
/** For policies by chance: up to so many keys of the walk are passed over. */
const SKIPPED_MAX = 8

/**
 * Chooses keys to delete, as Redis does: a few samples at a time, and a pool of the best of them.
 *
 * A Map has no random access, so a sample is the next key of a walk through a store chosen by chance; each store's walk
 * goes on where it stopped, so that all keys have their turn.
 */
export class Eviction {
  private readonly pool: Candidate[] = []
  private policy: EvictionPolicy | undefined
  private readonly walks = new WeakMap<Store, Iterator<[string, Entry]>>()
  private readonly volatileWalks = new WeakMap<Store, Iterator<string>>()
  private readonly expiringWalks = new WeakMap<Set<Store>, Iterator<Store>>()
  private nextDb = 0

  constructor(private readonly rng: Rng) {}

  /**
   * Deletes one key.
   *
   * @param sampleCount - maxmemory-samples: of each database
   * @returns false: the policy allows no further key
   */
  evictOne(databases: readonly Database[], policy: EvictionPolicy, sampleCount: number): boolean {
    if (policy !== this.policy) this.pool.length = 0
    this.policy = policy
    const victim = policy.endsWith('-random') ? this.any(databases) : this.best(databases, sampleCount)
    if (victim === undefined) return false
    victim.db.evict(victim.store, victim.key)
    return true
  }

  private get isVolatile(): boolean {
    return this.policy!.startsWith('volatile-')
  }

  /** From one database after the other. */
  private any(databases: readonly Database[]): Candidate | undefined {
    for (let tries = 0; tries < databases.length; tries++) {
      const db = databases[this.nextDb++ % databases.length]!
      let found = this.sample(db)
      for (let skipped = this.rng.below(SKIPPED_MAX); skipped > 0; skipped--) found = this.sample(db)
      if (found !== undefined) return found
    }
    return undefined
  }

  private best(databases: readonly Database[], sampleCount: number): Candidate | undefined {
    for (;;) {
      let hasKeys = false
      for (const db of databases) {
        for (let i = 0; i < sampleCount; i++) {
          const candidate = this.sample(db)
          if (candidate === undefined) break
          hasKeys = true
          this.remember(candidate)
        }
      }
      if (!hasKeys) return undefined
      for (let victim = this.pool.pop(); victim !== undefined; victim = this.pool.pop()) {
        if (this.isStillThere(victim)) return victim
      }
    }
  }

  private remember(candidate: Candidate): void {
    const {pool} = this
    if (pool.length === POOL_SIZE && candidate.score <= pool[0]!.score) return
    if (pool.some(({entry}) => entry === candidate.entry)) return
    let at = pool.length
    while (at > 0 && pool[at - 1]!.score > candidate.score) at--
    pool.splice(at, 0, candidate)
    if (pool.length > POOL_SIZE) pool.shift()
  }

  private isStillThere({db, entry, key, store}: Candidate): boolean {
    // The store itself may have been dropped, or belong to another database by now.
    if (db.storeOf(key) !== store || store.entries.get(key) !== entry) return false
    return !this.isVolatile || store.expires?.has(key) === true
  }

  private sample(db: Database): Candidate | undefined {
    const store = this.isVolatile ? this.expiringStore(db) : this.anyStore(db)
    if (store === undefined) return undefined
    return this.isVolatile ? this.nextVolatile(db, store) : this.nextOfAll(db, store)
  }

  private nextOfAll(db: Database, store: Store): Candidate | undefined {
    let next = this.walks.get(store)?.next()
    if (next === undefined || next.done) {
      const walk = store.entries.entries()
      this.walks.set(store, walk)
      next = walk.next()
      if (next.done) return undefined
    }
    const [key, entry] = next.value
    return {db, entry, key, score: this.scoreOf(db, store, key, entry), store}
  }

  private nextVolatile(db: Database, store: Store): Candidate | undefined {
    let next = this.volatileWalks.get(store)?.next()
    if (next === undefined || next.done) {
      const walk = store.expires!.keys()
      this.volatileWalks.set(store, walk)
      next = walk.next()
      if (next.done) return undefined
    }
    const key = next.value
    const entry = store.entries.get(key)
    // A walk may go on over deadlines of before, if the store had none in between.
    if (entry === undefined || !store.expires!.has(key)) {
      this.volatileWalks.delete(store)
      return this.nextVolatile(db, store)
    }
    return {db, entry, key, score: this.scoreOf(db, store, key, entry), store}
  }

  private scoreOf({state}: Database, store: Store, key: string, entry: Entry): number {
    if (this.policy === 'volatile-ttl') return -store.expires!.get(key)!
    if (state.lfu !== undefined) return -state.lfu.countOf(entry.lru)
    return state.lruClock - entry.lru
  }

  private anyStore(db: Database): Store | undefined {
    if (db.size === 0) return undefined
    const {length} = db.stores
    const first = this.rng.below(length)
    for (let i = 0; i < length; i++) {
      const store = db.stores[(first + i) % length]
      if (store !== undefined && store.entries.size > 0) return store
    }
    return undefined
  }

  /** One after the other. */
  private expiringStore({expiring}: Database): Store | undefined {
    if (expiring.size === 0) return undefined
    const next = this.expiringWalks.get(expiring)?.next()
    if (next !== undefined && !next.done) return next.value
    const walk = expiring.values()
    this.expiringWalks.set(expiring, walk)
    return walk.next().value
  }
}
