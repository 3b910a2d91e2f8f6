import {deadlineInForce} from './deadline.js'
import type {Engine} from './engine.js'
import {KeyChanges} from './key-changes.js'
import {deadlinesOf, type KeyState, visibleOf} from './key-state.js'
import type {Slot} from './slot.js'

/** What becomes of the keys of a slot, told to the observer when all of it has. */
export class Changes {
  private readonly keys = new Map<string, KeyChanges>()

  constructor(
    private readonly engine: Engine,
    private readonly slot: Slot,
  ) {}

  /** Before the key changes. */
  of(key: string, state: KeyState): KeyChanges {
    const found = this.keys.get(key)
    if (found) return found
    const {actors} = this.engine
    const made = new KeyChanges(state.visible(actors)?.type, deadlineInForce(state.deadlines, actors)?.value)
    this.keys.set(key, made)
    return made
  }

  tell(): void {
    const {actors, observer} = this.engine
    for (const [key, changes] of this.keys) {
      const stored = this.slot.keys.get(key)
      const type = stored && visibleOf(stored, actors)?.type
      const edits = changes.end(type, stored && deadlineInForce(deadlinesOf(stored), actors)?.value)
      if (edits.length > 0) observer?.changed(this.slot.number, key, edits)
    }
  }
}
