import type {ActorTable} from './actors.js'
import type {CrdtType, Dot, ListEnd, SlotWriter, Step} from './api.js'
import type {Ledger, ListValue, OwnOperation, SketchValue, StreamValue, SubValue} from './container.js'
import {codeOfType} from './containers.js'
import {assignDeadline, encodeDeadline, NO_DEADLINES} from './deadline.js'
import {dotOf} from './dot.js'
import {encodeHead} from './effect-head.js'
import {Encoder} from './encoder.js'
import type {Engine} from './engine.js'
import type {HashValue} from './hash-value.js'
import {deadlinesOf, type KeyState, unfold} from './key-state.js'
import {CLEAR_DEADLINE, DEADLINE, KEY, PUBLISH, RESET, RESET_OTHERS, RESET_SLOT} from './opcodes.js'
import type {SetValue} from './set-value.js'
import type {Slot} from './slot.js'
import type {SortedSetValue} from './sorted-set-value.js'
import type {StringValue} from './string-value.js'

/** The operation of ours that is being written. */
class WrittenOperation implements OwnOperation {
  actor = 0
  sequence = 0
  dot: Dot = 0
  clock = 0
  ledger!: Ledger
  readonly edits = undefined
  readonly out = new Encoder()

  constructor(readonly actors: ActorTable) {}

  sees(): boolean {
    return true
  }
}

/**
 * Applies operations of this node as it writes them. One is used for many effects, one after the other.
 *
 * An operation that changes nothing writes nothing: what was written towards it, its key, is cut off again.
 */
export class Writer implements SlotWriter {
  private readonly operation: WrittenOperation
  private slot!: Slot
  /** Operations so far; each has a clock of its own. */
  private count = 0
  private isBegun = false
  private firstClock = 0
  /** That the next operation concerns, if it says nothing else. */
  private key: string | undefined = undefined
  private state!: KeyState
  private entered = ''
  /** Where its name begins in the effect, and the operation. */
  private start = 0
  private mark = 0

  /** @param release - is called when the effect is at its end */
  constructor(
    private readonly engine: Engine,
    private readonly release: (writer: Writer) => void,
  ) {
    this.operation = new WrittenOperation(engine.actors)
  }

  begin(slot: Slot): this {
    this.slot = slot
    this.operation.ledger = slot.ledger
    this.count = 0
    this.isBegun = false
    this.key = undefined
    return this
  }

  end(): string | undefined {
    const {engine, operation, slot} = this
    let effect: string | undefined
    if (this.count > 0) {
      slot.advance(operation.actor, operation.sequence)
      engine.clock.reached(this.firstClock + this.count - 1)
      effect = operation.out.take()
    } else operation.out.cut()
    this.release(this)
    return effect
  }

  resetKey(key: string): void {
    if (!this.slot.keys.has(key)) return
    this.enter(key)
    if (this.hasSomething()) this.reset(undefined)
    this.done()
  }

  setString(key: string, value: string): void {
    this.valueFor<StringValue>(key, 'string').assignOwn(this.operation, value)
    this.done()
  }

  addToString(key: string, step: Step): void {
    this.valueFor<StringValue>(key, 'string').addOwn(this.operation, step)
    this.done()
  }

  setDeadline(key: string, atMs: number): void {
    if (!this.slot.keys.has(key)) return
    const {operation} = this
    const state = this.enter(key)
    this.next()
    operation.out.byte(DEADLINE)
    encodeDeadline(atMs, operation.out)
    state.setDeadlines(assignDeadline(state.deadlines, atMs, operation), operation.ledger)
    this.done()
  }

  clearDeadline(key: string): void {
    const stored = this.slot.keys.get(key)
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
    this.beginEffect()
    this.next()
    const {out} = this.operation
    out.byte(PUBLISH)
    out.text(channel)
    out.text(message)
    this.count++
  }

  /** Of most keys nothing must be said; what of the others must be, stands before. */
  resetSlot(): void {
    const {out} = this.operation
    let isAny = false
    for (const key of [...this.slot.keys.keys()]) {
      const {count} = this
      this.enter(key)
      if (this.hasSomething()) {
        isAny = true
        if (!this.reset(undefined)) {
          this.count = count
          this.key = undefined
          out.cut(this.start)
        }
      }
      this.done()
    }
    if (!isAny) return
    this.next()
    out.byte(RESET_SLOT)
    this.count++
    this.key = undefined
  }

  private hasSomething(): boolean {
    return this.state.deadlines.length > 0 || this.state.visible(this.engine.actors) !== undefined
  }

  /** For an operation that may make the key. `done` must follow. */
  private valueFor<V extends SubValue>(key: string, type: CrdtType): V {
    const state = this.enter(key)
    this.tidy(type)
    this.next()
    return state.open(type) as V
  }

  /** For an operation on what is there. If there is anything, `done` must follow. */
  private existing<V extends SubValue>(key: string, type: CrdtType): V | undefined {
    const stored = this.slot.keys.get(key)
    if (stored === undefined || unfold(stored).valueOf(type)?.isEmpty !== false) return undefined
    const state = this.enter(key)
    this.tidy(type)
    this.next()
    return state.valueOf(type) as V
  }

  /** Makes the key the one that operations concern. */
  private enter(key: string): KeyState {
    this.beginEffect()
    const {out} = this.operation
    this.start = out.length
    this.entered = key
    if (key !== this.key) {
      out.byte(KEY)
      out.text(key)
    }
    this.mark = out.length
    this.state = this.slot.open(key)
    return this.state
  }

  /** The operation is written, or nothing was: then nor is its key. */
  private done(): void {
    const {out} = this.operation
    if (out.length > this.mark) {
      this.count++
      this.key = this.entered
    } else if (this.key !== this.entered) out.cut(this.start)
    this.slot.close(this.entered, this.state)
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
    this.count++
    this.key = this.entered
    this.mark = out.length
    return isTold
  }

  private beginEffect(): void {
    if (this.isBegun) return
    this.isBegun = true
    const {engine, operation, slot} = this
    engine.willChange?.(slot.number)
    const {actor} = engine
    operation.actor = actor
    operation.sequence = slot.sequenceOf(actor) + 1
    operation.dot = dotOf(actor, operation.sequence)
    this.firstClock = engine.clock.tick()
    encodeHead(slot, actor, operation.sequence, this.firstClock, engine.actors, operation.out)
  }

  /** The next operation begins here. */
  private next(): void {
    const {operation} = this
    this.beginEffect()
    this.mark = operation.out.length
    operation.clock = this.firstClock + this.count
  }
}
