import {ownString} from '../../../kernel/own-string.js'
import type {Dot} from './api.js'
import type {Ledger, SubValue} from './container.js'
import {NO_DEADLINES} from './deadline.js'
import {actorOf, sequenceOf} from './dot.js'
import {fold, KeyState, type StoredKey, unfold} from './key-state.js'

const SLOT_BYTES = 300

/** Vector and keys of a slot. */
export class Slot {
  /** Index of the actor -> highest sequence applied. */
  readonly vector: number[] = []
  readonly keys = new Map<string, StoredKey>()
  readonly ledger: Ledger = {bytes: 0, garbage: 0}

  /** Keys of which the ledger counts garbage; some that had it once. */
  readonly unclean = new Set<string>()
  private garbageBefore = 0
  private before: StoredKey | undefined = undefined

  constructor(readonly number: number) {}

  /** Rough. */
  get bytes(): number {
    return SLOT_BYTES + this.ledger.bytes
  }

  sequenceOf(actor: number): number {
    return this.vector[actor] ?? 0
  }

  covers(dot: Dot): boolean {
    return sequenceOf(dot) <= (this.vector[actorOf(dot)] ?? 0)
  }

  advance(actor: number, sequence: number): void {
    while (this.vector.length < actor) this.vector.push(0)
    this.vector[actor] = sequence
  }

  /** All of a key, a new one if nothing is known of it. `close` must follow, before another is opened. */
  open(key: string): KeyState {
    return this.openStored(this.keys.get(key))
  }

  /** `open` of a key of which the table holds this. */
  openStored(stored: StoredKey | undefined): KeyState {
    this.before = stored
    this.garbageBefore = this.ledger.garbage
    return stored === undefined ? new KeyState([], NO_DEADLINES) : unfold(stored)
  }

  /** @returns what the table holds of it now */
  close(key: string, state: KeyState): StoredKey | undefined {
    const folded = fold(state)
    if (this.ledger.garbage > this.garbageBefore) this.unclean.add(key)
    const {before} = this
    if (folded !== before) {
      if (folded === undefined) this.keys.delete(key)
      else this.keys.set(before === undefined ? ownString(key) : key, folded)
    }
    return folded
  }

  /** In place of `open` where all there is of a key is one value, and an operation will leave it at that. */
  openAlone(): void {
    this.garbageBefore = this.ledger.garbage
  }

  /** @returns what the table holds of it now */
  closeAlone(key: string, value: SubValue): StoredKey | undefined {
    if (this.ledger.garbage > this.garbageBefore) this.unclean.add(key)
    if (!value.isBlank) return value
    this.keys.delete(key)
    return undefined
  }

  /** A key of which nothing was known. @param key - kept as it is: words of clients are strings of their own, inline commands apart */
  add(key: string, stored: StoredKey): void {
    this.keys.set(key, stored)
  }
}
