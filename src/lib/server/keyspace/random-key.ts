import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import type {Store} from './store.js'

/** Expired keys may be hit this often before we answer that there is none. */
const TRIES_MAX = 100
/** Steps walked from the chosen place at most. */
const STEPS_MAX = 4096

/** Where the last walk through a big store ended: the next one goes on from there. */
const walks = new WeakMap<Store, Iterator<string>>()

/**
 * A live key by chance. Small stores are uniform; a Map has no random access, so a big one is walked on by a random number
 * of steps from where the last call stopped.
 */
export function pickRandomKey(db: Database, rng: Rng): string | undefined {
  for (let tries = 0; tries < TRIES_MAX && db.size > 0; tries++) {
    const store = pickStore(db, rng)
    const key = store && pickFrom(store, rng)
    if (key === undefined) return undefined
    if (db.isLiveIn(store!, key)) return key
    db.expire(store!, key)
  }
  return undefined
}

function pickStore(db: Database, rng: Rng): Store | undefined {
  const first = rng.below(db.stores.length)
  for (let i = 0; i < db.stores.length; i++) {
    const store = db.stores[(first + i) % db.stores.length]
    if (store !== undefined && store.entries.size > 0) return store
  }
  return undefined
}

function pickFrom(store: Store, rng: Rng): string | undefined {
  const {size} = store.entries
  let steps = rng.below(Math.min(size, STEPS_MAX)) + 1
  let walk = size <= STEPS_MAX ? store.entries.keys() : (walks.get(store) ?? store.entries.keys())
  let key: string | undefined
  while (steps > 0) {
    const next = walk.next()
    if (next.done) {
      walk = store.entries.keys()
      continue
    }
    key = next.value
    steps--
  }
  if (size > STEPS_MAX) walks.set(store, walk)
  return key
}
