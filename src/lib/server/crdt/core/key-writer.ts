import type {Actor, CrdtType, MadeEffect} from './api.js'
import {SubValue} from './container.js'
import {codeOfType} from './containers.js'
import {NO_DEADLINES} from './deadline.js'
import type {Engine} from './engine.js'
import {type KeyState, type StoredKey, typeOfStored, unfold} from './key-state.js'
import {KEY, RESET, RESET_OTHERS} from './opcodes.js'
import type {Slot} from './slot.js'
import {WrittenEffect} from './written-effect.js'

/**
 * How operations on one key after the other come to stand in an effect, and what is known of the keys follows.
 *
 * An operation that changes nothing writes nothing: what was written towards it, its key, is cut off again.
 */
export abstract class KeyWriter implements MadeEffect {
  protected readonly operation: WrittenEffect
  /** Undefined until it is needed: the plainest writes do without. */
  private foundSlot: Slot | undefined = undefined
  /** That the next operation concerns, if it says nothing else. */
  protected key: string | undefined = undefined
  protected state!: KeyState
  /** All there is of the key entered, in place of `state`: nearly always. */
  private alone: SubValue | undefined = undefined
  private entered = ''
  /** The key looked up last, and what the table holds of it: most commands ask several times. */
  protected foundKey: string | undefined = undefined
  private found: StoredKey | undefined = undefined
  /** Where its name begins in the effect, and the operation; and whether that is still being written. */
  protected start = 0
  private mark = 0
  private isWithin = false

  constructor(protected readonly engine: Engine) {
    this.operation = new WrittenEffect(engine)
  }

  begin(slot: number): this {
    this.foundSlot = undefined
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
    const effect = this.operation.end() ? this.text() : undefined
    this.release()
    return effect
  }

  finish(): MadeEffect | undefined {
    if (this.operation.end()) return this
    this.release()
    return undefined
  }

  get slot(): number {
    return this.operation.slot
  }

  get actor(): Actor {
    return this.engine.actors.at(this.operation.actor)
  }

  get sequence(): number {
    return this.operation.sequence
  }

  get room(): Uint8Array {
    return this.operation.out.bytes
  }

  get words(): Int32Array {
    return this.operation.out.words
  }

  get length(): number {
    return this.operation.out.length
  }

  text(): string {
    return this.operation.out.whole()
  }

  abstract release(): void

  abandon(): string | undefined {
    if (!this.isWithin) return undefined
    this.operation.out.cut(this.key === this.entered ? this.mark : this.start)
    this.alone = undefined
    this.isWithin = false
    return this.entered
  }

  protected get own(): Slot {
    this.foundSlot ??= this.engine.slots.at(this.operation.slot)
    return this.foundSlot
  }

  protected hasSomething(): boolean {
    return this.state.deadlines.length > 0 || this.state.visible(this.engine.actors) !== undefined
  }

  /** For an operation that may make the key. `done` must follow. */
  protected valueFor<V extends SubValue>(key: string, type: CrdtType): V {
    const stored = this.find(key)
    if (stored instanceof SubValue && stored.type === type) {
      this.name(key)
      this.own.openAlone()
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
  protected existing<V extends SubValue>(key: string, type: CrdtType): V | undefined {
    const stored = this.find(key)
    if (stored === undefined || unfold(stored).valueOf(type)?.isEmpty !== false) return undefined
    const state = this.enter(key)
    this.tidy(type)
    this.next()
    return state.valueOf(type) as V
  }

  /** What the table holds of a key. */
  protected find(key: string): StoredKey | undefined {
    if (key === this.foundKey) return this.found
    this.foundKey = key
    this.found = this.own.keys.get(key)
    return this.found
  }

  /** Makes the key the one that operations concern. */
  protected enter(key: string): KeyState {
    this.name(key)
    this.state = this.own.openStored(this.find(key))
    return this.state
  }

  /** Writes the key, unless the operation before concerned it too. */
  protected name(key: string): void {
    this.operation.start()
    const {out} = this.operation
    this.start = out.length
    this.entered = key
    this.isWithin = true
    if (key !== this.key) {
      out.byte(KEY)
      out.text(key)
    }
    this.mark = out.length
  }

  /** An operation on what the table held of the key; that is this now. */
  protected wrote(key: string, stored: StoredKey): void {
    this.operation.count++
    this.key = key
    this.isWithin = false
    this.own.keys.set(key, stored)
    this.found = stored
  }

  /** The operation is written, or nothing was: then nor is its key. */
  protected done(): void {
    const {out} = this.operation
    if (out.length > this.mark) {
      this.operation.count++
      this.key = this.entered
    } else if (this.key !== this.entered) out.cut(this.start)
    const {alone, entered, own} = this
    this.foundKey = entered
    this.found = alone === undefined ? own.close(entered, this.state) : own.closeAlone(entered, alone)
    this.alone = undefined
    this.isWithin = false
  }

  /** What is left of a key that is not visible goes before it is written anew, and what is hidden before any write. */
  protected tidy(type: CrdtType): void {
    const {deadlines, values} = this.state
    if (deadlines.length === 0 && (values.length === 0 || (values.length === 1 && values[0]!.type === type))) return
    const visible = this.state.visible(this.engine.actors)
    if (visible === undefined) {
      if (deadlines.length > 0) this.reset(undefined)
    } else if (values.some((value) => value.type !== type && !value.isEmpty)) this.reset(type)
  }

  /** @param kept - type whose value stays, and the deadline with it @returns whether others are told more than the key */
  protected reset(kept: CrdtType | undefined): boolean {
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
  protected next(): void {
    this.operation.next()
    this.mark = this.operation.out.length
  }

  /**
   * `name` and `next` of an operation on what lies beside what clients see. The key is not kept: it is young and this is old,
   * and the collector has to be told of each such reference.
   */
  protected namePlaced(key: string): void {
    const {operation} = this
    operation.next()
    const {out} = operation
    this.start = out.length
    this.mark = this.start
    this.key = undefined
    this.isWithin = true
    out.byte(KEY)
    out.text(key)
  }

  /** The operation that `namePlaced` began threw. */
  protected failedAt(key: string): void {
    this.entered = key
  }

  /** It is over. */
  protected wrotePlaced(key: string): void {
    this.operation.count++
    this.isWithin = false
    if (key === this.foundKey) this.foundKey = undefined
  }
}
