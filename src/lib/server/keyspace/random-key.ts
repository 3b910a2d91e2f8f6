import type {Rng} from '../../kernel/rng.js'
import type {Database} from './database.js'
import {SLOT_COUNT} from './slot-keys.js'

/** Expired keys may be hit this often before we answer that there is none. */
const TRIES_MAX = 100

/** A live key by chance, each as likely as any other. */
export function pickRandomKey(db: Database, rng: Rng): string | undefined {
  const {state, store} = db
  for (let tries = 0; tries < TRIES_MAX && store.size > 0; tries++) {
    const place = rng.below(store.size)
    if (db.isHiddenAt(place)) continue
    if (store.deadlineAt(place) > state.nowMs) return store.keyAt(place)
    db.expire(place)
  }
  return db.hidden === undefined ? undefined : pickVisibleKey(db, rng)
}

/** Where nearly all keys are hidden: the newest live one of a slot by chance. */
function pickVisibleKey({hidden, state, store}: Database, rng: Rng): string | undefined {
  const {slots} = store
  const first = rng.below(SLOT_COUNT)
  for (let i = 0; i < SLOT_COUNT && slots !== undefined; i++) {
    const slot = (first + i) % SLOT_COUNT
    if (hidden?.has(slot) === true) continue
    for (let place = slots.newestIn(slot); place >= 0; place = slots.olderThan(place)) {
      if (store.deadlineAt(place) > state.nowMs) return store.keyAt(place)
    }
  }
  return undefined
}
