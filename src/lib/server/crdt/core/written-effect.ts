import type {ActorTable} from './actors.js'
import type {Dot} from './api.js'
import type {Ledger, OwnOperation} from './container.js'
import {dotOf} from './dot.js'
import {encodeHead} from './effect-head.js'
import {Encoder} from './encoder.js'
import type {Engine} from './engine.js'
import type {Slot} from './slot.js'

/** An effect of ours that is being written: its head comes with its first operation. Used again for the next. */
export class WrittenEffect implements OwnOperation {
  readonly actors: ActorTable
  actor = 0
  sequence = 0
  dot: Dot = 0
  clock = 0
  ledger!: Ledger
  readonly edits = undefined
  readonly out = new Encoder()
  /** Operations so far; each has a clock of its own. */
  count = 0
  private isStarted = false
  private firstClock = 0
  private slot!: Slot

  constructor(private readonly engine: Engine) {
    this.actors = engine.actors
  }

  sees(): boolean {
    return true
  }

  begin(slot: Slot): void {
    this.slot = slot
    this.ledger = slot.ledger
    this.count = 0
    this.isStarted = false
  }

  /** Writes the head, unless it is there. */
  start(): void {
    if (this.isStarted) return
    this.isStarted = true
    const {engine, slot} = this
    engine.willChange?.(slot.number)
    const {actor} = engine
    this.actor = actor
    this.sequence = slot.sequenceOf(actor) + 1
    this.dot = dotOf(actor, this.sequence)
    this.firstClock = engine.clock.tick()
    encodeHead(slot, actor, this.sequence, this.firstClock, engine.actors, this.out)
  }

  /** Another operation begins. */
  next(): void {
    this.start()
    this.clock = this.firstClock + this.count
  }

  /** @returns undefined: there is no operation in it */
  end(): string | undefined {
    const {actor, count, engine, firstClock, out, sequence, slot} = this
    if (count === 0) {
      out.cut()
      return undefined
    }
    slot.advance(actor, sequence)
    engine.clock.reached(firstClock + count - 1)
    return out.take()
  }
}
