import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'

/** Expired keys may be hit this often before we answer that there is none. */
const TRIES_MAX = 100

/** A live key by chance, each as likely as any other. */
export function pickRandomKey(db: Database, rng: Rng): string | undefined {
  const {state, store} = db
  for (let tries = 0; tries < TRIES_MAX && store.size > 0; tries++) {
    const place = rng.below(store.size)
    if (store.deadlineAt(place) > state.nowMs) return store.keyAt(place)
    db.expire(place)
  }
  return undefined
}
