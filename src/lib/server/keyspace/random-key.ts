import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import type {Store} from './store.js'

/** Expired keys may be hit this often before we answer that there is none. */
const TRIES_MAX = 100

/** A live key by chance: uniform in one store, about so over the slots of a cluster's node. */
export function pickRandomKey(db: Database, rng: Rng): string | undefined {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const store = pickStore(db, rng)
    if (store === undefined) return undefined
    const place = rng.below(store.size)
    if (store.deadlineAt(place) > db.state.nowMs) return store.keyAt(place)
    db.expire(store, place)
  }
  return undefined
}

/** A store with keys: the first from one chosen by chance. */
export function pickStore({size, stores}: Database, rng: Rng): Store | undefined {
  if (size === 0) return undefined
  const {length} = stores
  const first = rng.below(length)
  for (let i = 0; i < length; i++) {
    const store = stores[(first + i) % length]
    if (store !== undefined && store.size > 0) return store
  }
  return undefined
}
