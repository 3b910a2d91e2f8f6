import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import {NEVER} from './deadlines.js'
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
/** Keys of hidden slots may be hit so often before it counts as there being no other. */
const HIDDEN_TRIES_MAX = 64

/** Chooses keys to delete, as Redis does: a few by chance at a time, and a pool of the best of them. */
export class Eviction {
  private readonly pool: Candidate[] = []
  private policy: EvictionPolicy | undefined
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
      const place = this.pickVisible(db)
      if (place < 0) continue
      db.evict(place)
      return true
    }
    return false
  }

  private evictBest(databases: readonly Database[], sampleCount: number): boolean {
    for (;;) {
      let hasKeys = false
      for (const db of databases) {
        for (let i = 0; i < sampleCount; i++) {
          const place = this.pickVisible(db)
          if (place < 0) break
          hasKeys = true
          this.sample(db, place)
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
    const place = db.store.find(key)
    if (place < 0 || (this.isVolatile && db.store.deadlineAt(place) === NEVER) || db.isHiddenAt(place)) return false
    db.evict(place)
    return true
  }

  /** `pick`, but no key that the stream of its former node goes on to change. @returns -1 also where nearly all are hidden */
  private pickVisible(db: Database): number {
    let place = this.pick(db.store)
    for (let tries = 1; place >= 0 && db.isHiddenAt(place); tries++) {
      if (tries === HIDDEN_TRIES_MAX) return -1
      place = this.pick(db.store)
    }
    return place
  }

  /** A place by chance; under a volatile policy the next with a deadline from there. @returns -1 if there is none */
  private pick({deadlines, size}: Store): number {
    if (size === 0 || (this.isVolatile && deadlines === undefined)) return -1
    const place = this.rng.below(size)
    if (!this.isVolatile) return place
    const below = deadlines!.findDown(place, 0)
    return below >= 0 ? below : deadlines!.findDown(size - 1, place + 1)
  }

  private sample(db: Database, place: number): void {
    const {pool} = this
    const score = this.scoreOf(db, place)
    if (pool.length === POOL_SIZE && score <= pool[0]!.score) return
    const key = db.store.keyAt(place)
    if (pool.some((one) => one.key === key && one.db === db)) return
    let at = pool.length
    while (at > 0 && pool[at - 1]!.score > score) at--
    pool.splice(at, 0, {db, key, score})
    if (pool.length > POOL_SIZE) pool.shift()
  }

  private scoreOf({state, store}: Database, place: number): number {
    if (this.policy === 'volatile-ttl') return -store.deadlineAt(place)
    const mark = store.rows.markAt(place)
    return state.lfu === undefined ? state.lruClock - mark : -state.lfu.countOf(mark)
  }
}
