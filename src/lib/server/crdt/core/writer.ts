import type {CrdtType, ListEnd, SlotWriter, Step} from './api.js'
import {type ListValue, type SketchValue, type StreamValue, SubValue} from './container.js'
import {codeOfType} from './containers.js'
import {Counter} from './counter.js'
import {assignDeadline, encodeDeadline, NO_DEADLINES} from './deadline.js'
import type {Engine} from './engine.js'
import type {HashValue} from './hash-value.js'
import {deadlinesOf, type KeyState, type StoredKey, typeOfStored, unfold} from './key-state.js'
import {CLEAR_DEADLINE, DEADLINE, KEY, PUBLISH, RESET, RESET_OTHERS, RESET_SLOT} from './opcodes.js'
import {Row} from './rows.js'
import type {SetValue} from './set-value.js'
import type {Slot} from './slot.js'
import type {SortedSetValue} from './sorted-set-value.js'
import {addToCounter, assignRow, type StringValue} from './string-value.js'
import {WrittenEffect} from './written-effect.js'

/**
 * Applies operations of this node as it writes them. One is used for many effects, one after the other.
 *
 * An operation that changes nothing writes nothing: what was written towards it, its key, is cut off again.
 */
export class Writer implements SlotWriter {
  private readonly operation: WrittenEffect
  private slot!: Slot
  /** That the next operation concerns, if it says nothing else. */
  private key: string | undefined = undefined
  private state!: KeyState
  /** All there is of the key entered, in place of `state`: nearly always. */
  private alone: SubValue | undefined = undefined
  private entered = ''
  /** The key looked up last, and what the table holds of it: most commands ask several times. */
  private foundKey: string | undefined = undefined
  private found: StoredKey | undefined = undefined
  /** Where its name begins in the effect, and the operation. */
  private start = 0
  private mark = 0

  /** @param release - is called when the effect is at its end */
  constructor(
    private readonly engine: Engine,
    private readonly release: (writer: Writer) => void,
  ) {
    this.operation = new WrittenEffect(engine)
  }

  begin(slot: Slot): this {
    this.slot = slot
    this.operation.begin(slot)
    this.key = undefined
    this.foundKey = undefined
    return this
  }

  typeOf(key: string): CrdtType | undefined {
    const stored = this.find(key)
    return stored && typeOfStored(stored, this.engine.actors)
  }

  end(): string | undefined {
    const effect = this.operation.end()
    this.release(this)
    return effect
  }

  resetKey(key: string): void {
    if (this.find(key) === undefined) return
    this.enter(key)
    if (this.hasSomething()) this.reset(undefined)
    this.done()
  }

  setString(key: string, value: string): void {
    const stored = this.find(key)
    if (stored === undefined || stored instanceof Row) {
      this.name(key)
      this.next()
      this.wrote(key, assignRow(stored, value, this.operation))
      return
    }
    this.valueFor<StringValue>(key, 'string').assignOwn(this.operation, value)
    this.done()
  }

  addToString(key: string, step: Step): void {
    const stored = this.find(key)
    if (stored === undefined || (stored instanceof Counter && stored.actor === this.engine.actor)) {
      this.name(key)
      this.next()
      this.wrote(key, addToCounter(stored, step, this.operation))
      return
    }
    this.valueFor<StringValue>(key, 'string').addOwn(this.operation, step)
    this.done()
  }

  setDeadline(key: string, atMs: number): void {
    if (this.find(key) === undefined) return
    const {operation} = this
    const state = this.enter(key)
    this.next()
    operation.out.byte(DEADLINE)
    encodeDeadline(atMs, operation.out)
    state.setDeadlines(assignDeadline(state.deadlines, atMs, operation), operation.ledger)
    this.done()
  }

  clearDeadline(key: string): void {
    const stored = this.find(key)
    // Nearly always: SET asks each time.
    if (stored === undefined || deadlinesOf(stored).length === 0) return
    const {ledger, out} = this.operation
    const state = this.enter(key)
    this.next()
    out.byte(CLEAR_DEADLINE)
    state.setDeadlines(NO_DEADLINES, ledger)
    this.done()
  }

  addMembers(key: string, members: readonly string[]): void {
    if (members.length === 0) return
    this.valueFor<SetValue>(key, 'set').addOwn(this.operation, members)
    this.done()
  }

  removeMembers(key: string, members: readonly string[]): void {
    const value = this.existing<SetValue>(key, 'set')
    if (value === undefined) return
    value.removeOwn(this.operation, members)
    this.done()
  }

  setFields(key: string, pairs: readonly (readonly [field: string, value: string])[]): void {
    if (pairs.length === 0) return
    this.valueFor<HashValue>(key, 'hash').assignOwn(this.operation, pairs)
    this.done()
  }

  addToField(key: string, field: string, step: Step): void {
    this.valueFor<HashValue>(key, 'hash').addOwn(this.operation, field, step)
    this.done()
  }

  removeFields(key: string, fields: readonly string[]): void {
    const value = this.existing<HashValue>(key, 'hash')
    if (value === undefined) return
    value.removeOwn(this.operation, fields)
    this.done()
  }

  setScores(key: string, scored: readonly (readonly [member: string, score: number])[]): void {
    if (scored.length === 0) return
    this.valueFor<SortedSetValue>(key, 'zset').assignOwn(this.operation, scored)
    this.done()
  }

  addToScore(key: string, member: string, by: number): void {
    this.valueFor<SortedSetValue>(key, 'zset').addOwn(this.operation, member, by)
    this.done()
  }

  removeScored(key: string, members: readonly string[]): void {
    const value = this.existing<SortedSetValue>(key, 'zset')
    if (value === undefined) return
    value.removeOwn(this.operation, members)
    this.done()
  }

  push(key: string, end: ListEnd, values: readonly string[]): void {
    if (values.length === 0) return
    this.valueFor<ListValue>(key, 'list').push(this.operation, end, values)
    this.done()
  }

  insertAt(key: string, index: number, value: string): void {
    this.valueFor<ListValue>(key, 'list').insertAt(this.operation, index, value)
    this.done()
  }

  setAt(key: string, index: number, value: string): void {
    this.valueFor<ListValue>(key, 'list').setAt(this.operation, index, value)
    this.done()
  }

  removeAt(key: string, indexes: readonly number[]): void {
    const value = this.existing<ListValue>(key, 'list')
    if (value === undefined) return
    value.removeAt(this.operation, indexes)
    this.done()
  }

  addEntry(key: string, id: string, fields: readonly string[]): void {
    this.valueFor<StreamValue>(key, 'stream').addEntry(this.operation, id, fields)
    this.done()
  }

  removeEntries(key: string, ids: readonly string[]): void {
    const value = this.existing<StreamValue>(key, 'stream')
    if (value === undefined) return
    value.removeEntries(this.operation, ids)
    this.done()
  }

  createGroup(key: string, group: string, lastId: string): void {
    this.valueFor<StreamValue>(key, 'stream').createGroup(this.operation, group, lastId)
    this.done()
  }

  destroyGroup(key: string, group: string): void {
    const value = this.existing<StreamValue>(key, 'stream')
    if (value === undefined) return
    value.destroyGroup(this.operation, group)
    this.done()
  }

  acknowledge(key: string, group: string, id: string): void {
    const value = this.existing<StreamValue>(key, 'stream')
    if (value === undefined) return
    value.acknowledge(this.operation, group, id)
    this.done()
  }

  addSketch(key: string, sketch: string): void {
    this.valueFor<SketchValue>(key, 'hll').addSketch(this.operation, sketch)
    this.done()
  }

  publish(channel: string, message: string): void {
    this.next()
    const {out} = this.operation
    out.byte(PUBLISH)
    out.text(channel)
    out.text(message)
    this.operation.count++
  }

  /** Of most keys nothing must be said; what of the others must be, stands before. */
  resetSlot(): void {
    const {out} = this.operation
    let isAny = false
    for (const key of [...this.slot.keys.keys()]) {
      const {count} = this.operation
      this.enter(key)
      if (this.hasSomething()) {
        isAny = true
        if (!this.reset(undefined)) {
          this.operation.count = count
          this.key = undefined
          out.cut(this.start)
        }
      }
      this.done()
    }
    if (!isAny) return
    this.next()
    out.byte(RESET_SLOT)
    this.operation.count++
    this.key = undefined
  }

  private hasSomething(): boolean {
    return this.state.deadlines.length > 0 || this.state.visible(this.engine.actors) !== undefined
  }

  /** For an operation that may make the key. `done` must follow. */
  private valueFor<V extends SubValue>(key: string, type: CrdtType): V {
    const stored = this.find(key)
    if (stored instanceof SubValue && stored.type === type) {
      this.name(key)
      this.slot.openAlone()
      this.alone = stored
      this.next()
      return stored as V
    }
    const state = this.enter(key)
    this.tidy(type)
    this.next()
    return state.open(type) as V
  }

  /** For an operation on what is there. If there is anything, `done` must follow. */
  private existing<V extends SubValue>(key: string, type: CrdtType): V | undefined {
    const stored = this.find(key)
    if (stored === undefined || unfold(stored).valueOf(type)?.isEmpty !== false) return undefined
    const state = this.enter(key)
    this.tidy(type)
    this.next()
    return state.valueOf(type) as V
  }

  /** What the table holds of a key. */
  private find(key: string): StoredKey | undefined {
    if (key === this.foundKey) return this.found
    this.foundKey = key
    this.found = this.slot.keys.get(key)
    return this.found
  }

  /** Makes the key the one that operations concern. */
  private enter(key: string): KeyState {
    this.name(key)
    this.state = this.slot.openStored(this.find(key))
    return this.state
  }

  /** Writes the key, unless the operation before concerned it too. */
  private name(key: string): void {
    this.operation.start()
    const {out} = this.operation
    this.start = out.length
    this.entered = key
    if (key !== this.key) {
      out.byte(KEY)
      out.text(key)
    }
    this.mark = out.length
  }

  /** An operation on what the table held of the key; that is this now. */
  private wrote(key: string, stored: StoredKey): void {
    this.operation.count++
    this.key = key
    if (this.found !== undefined) return
    this.slot.add(key, stored)
    this.found = stored
  }

  /** The operation is written, or nothing was: then nor is its key. */
  private done(): void {
    const {out} = this.operation
    if (out.length > this.mark) {
      this.operation.count++
      this.key = this.entered
    } else if (this.key !== this.entered) out.cut(this.start)
    const {alone, entered, slot} = this
    this.foundKey = entered
    this.found = alone === undefined ? slot.close(entered, this.state) : slot.closeAlone(entered, alone)
    this.alone = undefined
  }

  /** What is left of a key that is not visible goes before it is written anew, and what is hidden before any write. */
  private tidy(type: CrdtType): void {
    const {deadlines, values} = this.state
    if (deadlines.length === 0 && (values.length === 0 || (values.length === 1 && values[0]!.type === type))) return
    const visible = this.state.visible(this.engine.actors)
    if (visible === undefined) {
      if (deadlines.length > 0) this.reset(undefined)
    } else if (values.some((value) => value.type !== type && !value.isEmpty)) this.reset(type)
  }

  /** @param kept - type whose value stays, and the deadline with it @returns whether others are told more than the key */
  private reset(kept: CrdtType | undefined): boolean {
    this.next()
    const {operation, state} = this
    const {out} = operation
    if (kept === undefined) out.byte(RESET)
    else {
      out.byte(RESET_OTHERS)
      out.byte(codeOfType(kept))
    }
    let isTold = false
    for (const value of state.values) {
      if (value.type === kept) continue
      const before = out.length
      out.byte(codeOfType(value.type))
      if (value.resetOwn(operation)) isTold = true
      else out.cut(before)
    }
    out.byte(0)
    if (kept === undefined) state.setDeadlines(NO_DEADLINES, operation.ledger)
    this.operation.count++
    this.key = this.entered
    this.mark = out.length
    return isTold
  }

  /** The next operation begins here. */
  private next(): void {
    this.operation.next()
    this.mark = this.operation.out.length
  }
}
