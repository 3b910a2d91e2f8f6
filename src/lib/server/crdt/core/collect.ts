import type {ActorTable} from './actors.js'
import type {Dot, VectorEntries} from './api.js'
import type {SubValue} from './container.js'
import {NO_DEADLINES} from './deadline.js'
import {actorOf, sequenceOf} from './dot.js'
import type {Engine} from './engine.js'

import type {KeyState} from './key-state.js'
import type {Slot} from './slot.js'

/** @returns how many things were dropped */
export function collectSlot({actors, willChange}: Engine, slot: Slot, stable: VectorEntries): number {
  if (slot.garbage === 0) return 0
  willChange?.(slot.number)
  const sequences: number[] = []
  for (const [{epoch, region}, sequence] of stable) sequences[actors.indexOf(region, epoch)] = sequence
  return collectMarks(slot, sequences, actors) + collectLeftovers(slot, sequences, actors)
}

/** Resets of counters, and what containers keep. */
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

/** Once all regions know how a key stands here, no write can come that would show what is left over: each resets it first. */
function collectLeftovers(slot: Slot, stable: readonly number[], actors: ActorTable): number {
  let now: readonly number[] | undefined
  let count = 0
  for (const [key, since] of [...slot.leftovers]) {
    if (since === undefined) {
      now ??= [...slot.vector]
      slot.leftovers.set(key, now)
    } else if (since.every((sequence, actor) => sequence <= (stable[actor] ?? 0))) {
      const state = slot.open(key)
      dropLeftovers(slot, state, state.visible(actors))
      slot.close(key, state)
      count++
    }
  }
  return count
}

function dropLeftovers(slot: Slot, state: KeyState, visible: SubValue | undefined): void {
  if (visible === undefined) {
    state.setDeadlines(NO_DEADLINES, slot.ledger)
    return
  }
  for (const value of state.values) if (value !== visible) value.release(slot.ledger)
  state.values = [visible]
}
