import type {ActorTable} from './actors.js'
import type {Dot} from './api.js'
import {Changes} from './changes.js'
import type {EditSink, Join, Ledger} from './container.js'
import {CrdtError} from './crdt-error.js'
import {NO_DEADLINES} from './deadline.js'
import {actorOf, sequenceOf} from './dot.js'
import type {Engine} from './engine.js'
import {fold, type KeyState} from './key-state.js'
import {takePlainRow} from './plain-assign.js'
import {joinRows, Row} from './rows.js'
import type {Slot} from './slot.js'
import {type SlotState, unpackSlotState} from './slot-state.js'

const SLOT_COUNT = 16384

/**
 * Takes in another's state of a slot.
 *
 * @param isTrusted - of any time @returns whether its vector had anything new @throws CrdtError, and nothing has changed
 */
export function joinSlotState(engine: Engine, number: number, packed: string, isTrusted: boolean): boolean {
  if (!(number >= 0 && number < SLOT_COUNT && Number.isInteger(number)))
    throw new CrdtError(`there is no slot ${number}`)
  const state = unpackBelievable(engine, number, packed, isTrusted)
  engine.willChange?.(number)
  const slot = engine.slots.at(number)
  new Joining(engine, slot, state).run()
  // What is written here from now on must be later than all of it.
  engine.clock.reached(state.clock)
  let isNew = false
  for (const [actor, sequence] of state.vector.entries()) {
    if (sequence <= slot.sequenceOf(actor)) continue
    slot.advance(actor, sequence)
    isNew = true
  }
  return isNew
}

function unpackBelievable(engine: Engine, number: number, packed: string, isTrusted: boolean): SlotState {
  const {actors, clock} = engine
  const {size} = actors
  try {
    const state = unpackSlotState(packed, actors, {bytes: 0, garbage: 0})
    for (const key of state.keys.keys()) {
      if (!engine.isOf(number, key)) throw new CrdtError(`the state of slot ${number} has a key of another one`)
    }
    if (isTrusted || clock.isBelievable(state.clock)) return state
    throw new CrdtError(`the state of slot ${number} bears a time that is too far ahead`)
  } catch (error) {
    actors.cut(size)
    throw error
  }
}

class Joining implements Join {
  readonly actors: ActorTable
  readonly ledger: Ledger
  edits: EditSink | undefined = undefined
  private readonly changes: Changes | undefined

  constructor(
    private readonly engine: Engine,
    private readonly slot: Slot,
    private readonly other: SlotState,
  ) {
    this.actors = engine.actors
    this.ledger = slot.ledger
    this.changes = engine.observer && new Changes(engine, slot)
  }

  mineCovers(dot: Dot): boolean {
    return this.slot.covers(dot)
  }

  theirsCovers(dot: Dot): boolean {
    return sequenceOf(dot) <= (this.other.vector[actorOf(dot)] ?? 0)
  }

  run(): void {
    const {keys} = this.other
    for (const key of this.slot.keys.names()) this.join(key, this.slot.open(key), keys.get(key))
    for (const [key, theirs] of keys) if (!this.slot.keys.has(key)) this.take(key, theirs)
    this.changes?.tell()
  }

  /** A key of which nothing is known here. */
  private take(key: string, theirs: KeyState): void {
    const folded = this.engine.slots.placed === undefined ? undefined : fold(theirs)
    if (!(folded instanceof Row)) this.join(key, this.slot.open(key), theirs)
    else if (!this.mineCovers(folded.dot)) takePlainRow(this.engine, this.slot, key, folded)
  }

  private join(key: string, mine: KeyState, theirs: KeyState | undefined): void {
    const changes = this.changes?.of(key, mine)
    this.edits = changes
    const others = theirs?.values ?? []
    for (const value of mine.values) {
      if (changes) changes.type = value.type
      const other = others.find(({type}) => type === value.type)
      value.join(other, this)
    }
    for (const other of others) {
      if (mine.valueOf(other.type)) continue
      if (changes) changes.type = other.type
      mine.open(other.type).join(other, this)
    }
    mine.setDeadlines(joinRows(mine.deadlines, theirs?.deadlines ?? NO_DEADLINES, this), this.ledger)
    this.slot.close(key, mine)
  }
}
