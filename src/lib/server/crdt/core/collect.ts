import type {ActorTable} from './actors.js'
import type {Dot, VectorEntries} from './api.js'
import {actorOf, sequenceOf} from './dot.js'
import type {Engine} from './engine.js'
import type {Slot} from './slot.js'

/**
 * What is hidden, and the deadline of a key that is gone, stays until the next write resets it: a region that dropped it
 * before others would not tell them to.
 *
 * @returns how many things were dropped
 */
export function collectSlot({actors, willChange}: Engine, slot: Slot, stable: VectorEntries): number {
  if (slot.ledger.garbage === 0) return 0
  willChange?.(slot.number)
  const sequences: number[] = []
  for (const [{epoch, region}, sequence] of stable) sequences[actors.indexOf(region, epoch)] = sequence
  return collectMarks(slot, sequences, actors)
}

/**
 * Resets of counters, and what containers keep. Deadlines of gone keys and hidden values stay until a write resets them: a
 * region that dropped them would no longer say so to those who still have them.
 */
function collectMarks(slot: Slot, stable: readonly number[], actors: ActorTable): number {
  const {ledger, unclean} = slot
  const isStable = (dot: Dot) => sequenceOf(dot) <= (stable[actorOf(dot)] ?? 0)
  const context = {actors, edits: undefined, ledger}
  let count = 0
  for (const key of [...unclean]) {
    const state = slot.open(key)
    let left = 0
    let dropped = 0
    for (const value of state.values) {
      dropped += value.collect(isStable, context)
      left += value.garbage
    }
    if (left === 0) unclean.delete(key)
    if (dropped > 0) slot.close(key, state)
    count += dropped
  }
  return count
}
