import type {Dot, VectorEntries} from './api.js'
import {actorOf, sequenceOf} from './dot.js'
import type {Engine} from './engine.js'
import {unfold} from './key-state.js'
import type {Slot} from './slot.js'

/** @returns how many things were dropped */
export function collectSlot({actors}: Engine, slot: Slot, stable: VectorEntries): number {
  const {ledger} = slot
  if (ledger.garbage === 0) return 0
  const sequences: number[] = []
  for (const [{epoch, region}, sequence] of stable) sequences[actors.indexOf(region, epoch)] = sequence
  const isStable = (dot: Dot) => sequenceOf(dot) <= (sequences[actorOf(dot)] ?? 0)
  const context = {actors, edits: undefined, ledger}
  let count = 0
  for (const [key, stored] of [...slot.keys]) {
    const state = unfold(stored)
    for (const value of state.values) count += value.collect(isStable, context)
    slot.close(key, state)
  }
  return count
}
