import type {ActorTable} from './actors.js'
import {deadlineInForce} from './deadline.js'
import {Digest} from './digest.js'
import {deadlinesOf, type StoredKey, visibleOf} from './key-state.js'

const KEY = 1
const DEADLINE = 2

/** Of what is visible and its deadline: hidden values and what is left of gone ones are dropped here earlier, there later. */
export function digestKey(key: string, stored: StoredKey, actors: ActorTable): Digest {
  const sum = new Digest()
  const value = visibleOf(stored, actors)
  if (value === undefined) return sum
  const parts = new Digest()
  value.digest(parts, actors)
  const row = deadlineInForce(deadlinesOf(stored), actors)
  if (row) {
    parts.begin(DEADLINE).number(row.value)
    actors.digestDot(row.dot, parts)
    parts.end()
  }
  sum.begin(KEY).text(key).text(value.type).digits(parts).end()
  return sum
}
