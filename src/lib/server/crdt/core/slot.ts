import {ownString} from '../../../kernel/own-string.js'
import type {Dot} from './api.js'
import type {Ledger, SubValue} from './container.js'
import {Counter} from './counter.js'
import {NO_DEADLINES} from './deadline.js'
import {actorOf, sequenceOf} from './dot.js'
import {fold, KeyState, type StoredKey, unfold} from './key-state.js'
import {Row} from './rows.js'
import {SlotKeys} from './slot-keys.js'
import type {SlotTable} from './slot-table.js'

const SLOT_BYTES = 300

/** A slot's part of what the table keeps for all. */
class SlotLedger implements Ledger {
  constructor(
    private readonly table: SlotTable,
    private readonly slot: number,
  ) {}

  get bytes(): number {
    return this.table.bytes[this.slot]!
  }

  set bytes(bytes: number) {
    this.table.bytes[this.slot] = bytes
  }

  get garbage(): number {
    return this.table.garbage[this.slot]!
  }

  set garbage(garbage: number) {
    this.table.garbage[this.slot] = garbage
  }
}

/** Vector and keys of a slot. */
export class Slot {
  readonly keys: SlotKeys
  readonly ledger: Ledger

  /** Keys of which the ledger counts garbage; some that had it once. */
  readonly unclean = new Set<string>()
  private garbageBefore = 0
  private before: StoredKey | undefined = undefined

  constructor(
    private readonly table: SlotTable,
    readonly number: number,
  ) {
    this.keys = new SlotKeys(table, number)
    this.ledger = new SlotLedger(table, number)
  }

  /** Rough. */
  get bytes(): number {
    return SLOT_BYTES + this.ledger.bytes
  }

  /** A copy: index of the actor -> highest sequence applied. */
  get vector(): number[] {
    return this.table.vectors.vectorOf(this.number)
  }

  /** Nothing was applied. */
  get isEmpty(): boolean {
    return this.table.vectors.isEmpty(this.number)
  }

  sequenceOf(actor: number): number {
    return this.table.vectors.sequenceOf(this.number, actor)
  }

  covers(dot: Dot): boolean {
    return sequenceOf(dot) <= this.sequenceOf(actorOf(dot))
  }

  advance(actor: number, sequence: number): void {
    this.table.vectors.set(this.number, actor, sequence)
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
    // A row or counter may be a copy of what is kept.
    if (folded !== before || folded instanceof Row || folded instanceof Counter) {
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
}
