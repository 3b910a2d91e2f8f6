import type {ListEnd, SlotWriter, Step} from './api.js'
import type {ListValue, SketchValue, StreamValue} from './container.js'
import {Counter} from './counter.js'
import {assignDeadline, encodeDeadline, NO_DEADLINES} from './deadline.js'
import type {Engine} from './engine.js'
import type {HashValue} from './hash-value.js'
import {deadlinesOf} from './key-state.js'
import {KeyWriter} from './key-writer.js'
import {CLEAR_DEADLINE, DEADLINE, PUBLISH, RESET_SLOT} from './opcodes.js'
import {Row} from './rows.js'
import type {SetValue} from './set-value.js'
import type {SortedSetValue} from './sorted-set-value.js'
import {addToCounter, assignRow, PLAIN_BYTES, type StringValue, writeAdd, writeAssign} from './string-value.js'

/** Applies operations of this node as it writes them. One is used for many effects, one after the other. */
export class Writer extends KeyWriter implements SlotWriter {
  /** @param idle - where it waits for the next effect */
  constructor(
    engine: Engine,
    private readonly idle: Writer[],
  ) {
    super(engine)
  }

  release(): void {
    this.operation.out.clear()
    this.idle.push(this)
  }

  resetKey(key: string): void {
    if (this.find(key) === undefined) return
    this.enter(key)
    if (this.hasSomething()) this.reset(undefined)
    this.done()
  }

  setPlain(key: string, value: string): boolean {
    const {operation} = this
    const {slots} = this.engine
    const place = slots.placed === undefined ? -1 : slots.placed.plainPlaceOf(operation.slot, key)
    if (place < 0) {
      const stored = this.find(key)
      if (stored !== undefined && !(stored instanceof Row)) return false
      this.setString(key, value)
      return true
    }
    try {
      this.namePlaced(key)
      writeAssign(value, operation.out)
      if (slots.placed!.setPlain(place, operation.dot, operation.clock, value))
        slots.bytes[operation.slot]! += PLAIN_BYTES
    } catch (error) {
      this.failedAt(key)
      throw error
    }
    this.wrotePlaced(key)
    return true
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
    if (typeof step === 'number' && step !== 0 && this.addPlain(key, step)) return
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

  /** INCR in its plainest case. @returns false, and nothing is done: there is more to the key than steps of ours, and few */
  private addPlain(key: string, step: number): boolean {
    const {operation} = this
    const {actor, slots} = this.engine
    const {placed} = slots
    const place = placed === undefined ? -1 : placed.sumPlaceOf(operation.slot, key, actor)
    if (place < 0) return false
    const before = placed!.sumAt(place)
    const total = (before ?? 0) + step
    if (!Number.isSafeInteger(total)) return false
    try {
      this.namePlaced(key)
      writeAdd(step, before === undefined ? undefined : total, operation.out)
      placed!.setSum(place, operation.dot, operation.clock, total)
      if (before === undefined) slots.bytes[operation.slot]! += PLAIN_BYTES
    } catch (error) {
      this.failedAt(key)
      throw error
    }
    this.wrotePlaced(key)
    return true
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
    let isAny = false
    let failure: unknown
    for (const key of this.own.keys.names()) {
      const {count} = this.operation
      try {
        this.enter(key)
        if (this.hasSomething()) {
          isAny = true
          if (!this.reset(undefined)) {
            this.operation.count = count
            this.key = undefined
            this.operation.out.cut(this.start)
          }
        }
        this.done()
      } catch (error) {
        failure ??= error
        this.abandon()
      }
    }
    if (isAny) {
      this.next()
      this.operation.out.byte(RESET_SLOT)
      this.operation.count++
      this.key = undefined
    }
    if (failure !== undefined) throw failure
  }
}
