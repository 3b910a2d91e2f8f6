import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import {NEVER} from './deadlines.js'
import {pickStore} from './random-key.js'
import type {Store} from './store.js'

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
  readonly key: string
  readonly score: number
}

/** The best of earlier samples are remembered: with five samples a time that comes close to looking at all keys. */
const POOL_SIZE = 16

/** Chooses keys to delete, as Redis does: a few by chance at a time, and a pool of the best of them. */
export class Eviction {
  private readonly pool: Candidate[] = []
  private policy: EvictionPolicy | undefined
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
    return policy.endsWith('-random') ? this.evictAny(databases) : this.evictBest(databases, sampleCount)
  }

  private get isVolatile(): boolean {
    return this.policy!.startsWith('volatile-')
  }

  /** From one database after the other. */
  private evictAny(databases: readonly Database[]): boolean {
    for (let tries = 0; tries < databases.length; tries++) {
      const db = databases[this.nextDb++ % databases.length]!
      const store = this.pickStore(db)
      if (store === undefined) continue
      db.evict(store, this.pickPlace(store))
      return true
    }
    return false
  }

  private evictBest(databases: readonly Database[], sampleCount: number): boolean {
    for (;;) {
      let hasKeys = false
      for (const db of databases) {
        for (let i = 0; i < sampleCount; i++) {
          const store = this.pickStore(db)
          if (store === undefined) break
          hasKeys = true
          this.sample(db, store, this.pickPlace(store))
        }
      }
      if (!hasKeys) return false
      for (let candidate = this.pool.pop(); candidate !== undefined; candidate = this.pool.pop()) {
        if (this.evict(candidate)) return true
      }
    }
  }

  /** @returns whether it was still there; it may have left long ago, and its database may hold other data by now */
  private evict({db, key}: Candidate): boolean {
    const store = db.storeOf(key)
    const place = store === undefined ? -1 : store.find(key)
    if (place < 0 || (this.isVolatile && store!.deadlineAt(place) === NEVER)) return false
    db.evict(store!, place)
    return true
  }

  private pickStore(db: Database): Store | undefined {
    return this.isVolatile ? this.expiringStore(db) : pickStore(db, this.rng)
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

  /** Under a volatile policy, the next one with a deadline from a place chosen by chance. */
  private pickPlace(store: Store): number {
    const place = this.rng.below(store.size)
    if (!this.isVolatile) return place
    const below = store.deadlines!.findDown(place, 0)
    return below >= 0 ? below : store.deadlines!.findDown(store.size - 1, place + 1)
  }

  private sample(db: Database, store: Store, place: number): void {
    const {pool} = this
    const score = this.scoreOf(db, store, place)
    if (pool.length === POOL_SIZE && score <= pool[0]!.score) return
    const key = store.keyAt(place)
    if (pool.some((one) => one.key === key && one.db === db)) return
    let at = pool.length
    while (at > 0 && pool[at - 1]!.score > score) at--
    pool.splice(at, 0, {db, key, score})
    if (pool.length > POOL_SIZE) pool.shift()
  }

  private scoreOf({state}: Database, store: Store, place: number): number {
    if (this.policy === 'volatile-ttl') return -store.deadlineAt(place)
    const mark = store.rows.markAt(place)
    return state.lfu === undefined ? state.lruClock - mark : -state.lfu.countOf(mark)
  }
}
