import type {ActorTable} from './actors.js'
import type {Dot} from './api.js'
import type {Ledger, OwnOperation} from './container.js'
import {dotOf} from './dot.js'
import {encodeHead} from './effect-head.js'
import {Encoder} from './encoder.js'
import type {Engine} from './engine.js'

/** An effect of ours that is being written: its head comes with its first operation. Used again for the next. */
export class WrittenEffect implements OwnOperation {
  readonly actors: ActorTable
  actor = 0
  sequence = 0
  dot: Dot = 0
  clock = 0
  readonly edits = undefined
  readonly out = new Encoder()
  /** Operations so far; each has a clock of its own. */
  count = 0
  private isStarted = false
  private firstClock = 0
  private slotNumber = 0

  constructor(private readonly engine: Engine) {
    this.actors = engine.actors
  }

  sees(): boolean {
    return true
  }

  get slot(): number {
    return this.slotNumber
  }

  get ledger(): Ledger {
    return this.engine.slots.at(this.slotNumber).ledger
  }

  begin(slot: number): void {
    this.slotNumber = slot
    this.count = 0
    this.isStarted = false
  }

  /** Writes the head, unless it is there. */
  start(): void {
    if (this.isStarted) return
    // One that failed before has left a part.
    this.out.cut()
    const {engine, slotNumber} = this
    engine.willChange?.(slotNumber)
    const {actor, slots} = engine
    this.actor = actor
    this.sequence = slots.vectors.sequenceOf(slotNumber, actor) + 1
    // From now on something is known of it.
    if (this.sequence === 1) slots.at(slotNumber)
    this.dot = dotOf(actor, this.sequence)
    this.firstClock = engine.clock.tick()
    encodeHead(slotNumber, slots.vectors, actor, this.sequence, this.firstClock, engine.actors, this.out)
    this.isStarted = true
  }

  /** Another operation begins. */
  next(): void {
    this.start()
    this.clock = this.firstClock + this.count
  }

  /** @returns whether there is any operation in it: then its bytes are in `out`, to be taken or cut */
  end(): boolean {
    const {actor, count, engine, firstClock, out, sequence, slotNumber} = this
    if (count === 0) {
      out.cut()
      return false
    }
    engine.slots.vectors.set(slotNumber, actor, sequence)
    engine.clock.reached(firstClock + count - 1)
    return true
  }
}
