import {ownString} from '../../../kernel/own-string.js'
import {deadlineInForce} from './deadline.js'
import type {Engine} from './engine.js'
import {KeyChanges} from './key-changes.js'
import {deadlinesOf, type KeyState, visibleOf} from './key-state.js'
import type {Slot} from './slot.js'

/** What becomes of the keys of a slot, told to the observer when all of it has. */
export class Changes {
  /** Most effects concern one key. */
  private key: string | undefined = undefined
  private first: KeyChanges | undefined = undefined
  private others: Map<string, KeyChanges> | undefined = undefined

  constructor(
    private readonly engine: Engine,
    private readonly slot: Slot,
  ) {}

  /** Before the key changes. */
  of(key: string, state: KeyState): KeyChanges {
    const found = key === this.key ? this.first : this.others?.get(key)
    if (found) return found
    const {actors} = this.engine
    const made = new KeyChanges(state.visible(actors)?.type, deadlineInForce(state.deadlines, actors)?.value)
    const own = ownString(key)
    if (this.first === undefined) {
      this.key = own
      this.first = made
    } else {
      this.others ??= new Map()
      this.others.set(own, made)
    }
    return made
  }

  tell(): void {
    if (this.first) this.tellOf(this.key!, this.first)
    if (this.others) for (const [key, changes] of this.others) this.tellOf(key, changes)
  }

  private tellOf(key: string, changes: KeyChanges): void {
    const {actors, observer} = this.engine
    const stored = this.slot.keys.get(key)
    const type = stored && visibleOf(stored, actors)?.type
    const edits = changes.end(type, stored && deadlineInForce(deadlinesOf(stored), actors)?.value)
    if (edits.length > 0) observer?.changed(this.slot.number, key, edits)
  }
}
