import type {ActorTable} from './actors.js'
import type {Application, Dot} from './api.js'
import {Changes} from './changes.js'
import type {EditSink, Ledger, Operation} from './container.js'
import {codeOfType, containerTypeOf} from './containers.js'
import {assignDeadline, decodeDeadline} from './deadline.js'
import {Decoder} from './decoder.js'
import {dotOf} from './dot.js'
import {decodeHead, type Head} from './effect-head.js'
import type {Engine} from './engine.js'
import type {KeyChanges} from './key-changes.js'
import type {KeyState} from './key-state.js'
import {
  CLEAR_DEADLINE,
  codeOf,
  DEADLINE,
  KEY,
  PUBLISH,
  RESET,
  RESET_OTHERS,
  RESET_SLOT,
  STRING_OPCODE,
} from './opcodes.js'
import {hasSeen, takePlainAssign} from './plain-assign.js'
import {unseenRows} from './rows.js'
import type {Slot} from './slot.js'

/** Takes in an effect from elsewhere, whole or not at all. @param isTrusted - of any time @throws CrdtError if it is none */
export function applyEffect(engine: Engine, effect: string, isTrusted = false): Application {
  const {size} = engine.actors
  let application: Application | undefined
  try {
    application = takeEffect(engine, effect, isTrusted)
    return application
  } finally {
    // There is room for so many actors only: none of what is not taken.
    if (application !== 'applied') engine.actors.cut(size)
  }
}

function takeEffect(engine: Engine, effect: string, isTrusted: boolean): Application {
  const decoder: Decoder = new Decoder(effect)
  const head = decodeHead(decoder, engine.actors)
  const {actor, actors, clock, sequence, sequences} = head
  const known = engine.slots.get(head.slot)
  const before = known?.sequenceOf(actor) ?? 0
  if (sequence <= before) return 'known'
  // Also of what is to wait: nobody would know later whom to ask for it again.
  const start = decoder.position
  const count = checkOperations(decoder, engine, head.slot)
  decoder.goTo(start)
  if (sequence > before + 1) return 'early'
  for (let i = 1; i < actors.length; i++) {
    if (sequences[i]! > (known?.sequenceOf(actors[i]!) ?? 0)) return 'early'
  }
  if (!isTrusted && !engine.clock.isBelievable(clock)) return 'ahead'
  engine.willChange?.(head.slot)
  const slot = engine.slots.at(head.slot)
  if (!takePlainAssign(engine, slot, head, decoder)) new Applying(engine, slot, head).run(decoder)
  slot.advance(actor, sequence)
  if (isTrusted) engine.clock.reached(clock + count)
  else engine.clock.heard(clock + count)
  return 'applied'
}

/** Reads all operations. @returns how many @throws CrdtError */
function checkOperations(decoder: Decoder, engine: Engine, slot: number): number {
  let count = 0
  let hasKey = false
  while (!decoder.isAtEnd) {
    const opcode = decoder.byte()
    if (opcode === KEY) {
      if (!engine.isOf(slot, decoder.passingText())) decoder.fail('names a key of another slot')
      hasKey = true
      continue
    }
    count++
    if (opcode === PUBLISH) {
      decoder.skipText()
      decoder.skipText()
    } else if (opcode === RESET_SLOT) hasKey = false
    else if (hasKey) checkOperation(opcode, decoder)
    else decoder.fail('has an operation of no key')
  }
  return count
}

function checkOperation(opcode: number, decoder: Decoder): void {
  if (opcode >= STRING_OPCODE) {
    const type = containerTypeOf(codeOf(opcode))
    if (type) type.checkOperation(opcode, decoder)
    else decoder.fail('has an operation of no type')
  } else if (opcode === RESET || opcode === RESET_OTHERS) {
    if (opcode === RESET_OTHERS) typeCode(decoder)
    for (let code = decoder.byte(); code !== 0; code = decoder.byte()) {
      const type = containerTypeOf(code)
      if (type) type.checkReset(decoder)
      else decoder.fail('resets no type')
    }
  } else if (opcode === DEADLINE) decoder.varint()
  else if (opcode !== CLEAR_DEADLINE) decoder.fail('has an unknown operation')
}

function typeCode(decoder: Decoder): number {
  const code = decoder.byte()
  if (containerTypeOf(code) === undefined) decoder.fail('keeps no type')
  return code
}

class Applying implements Operation {
  readonly actors: ActorTable
  readonly actor: number
  readonly sequence: number
  readonly dot: Dot
  readonly ledger: Ledger
  clock: number
  edits: EditSink | undefined = undefined
  private readonly changes: Changes | undefined
  private keyChanges: KeyChanges | undefined = undefined

  constructor(
    private readonly engine: Engine,
    private readonly slot: Slot,
    private readonly head: Head,
  ) {
    this.actors = engine.actors
    this.actor = head.actor
    this.sequence = head.sequence
    this.dot = dotOf(head.actor, head.sequence)
    this.ledger = slot.ledger
    this.clock = head.clock
    this.changes = engine.observer && new Changes(engine, slot)
  }

  sees(dot: Dot): boolean {
    return hasSeen(this.head, dot)
  }

  run(decoder: Decoder): void {
    let published: [channel: string, message: string][] | undefined
    let key = ''
    let state: KeyState | undefined
    while (!decoder.isAtEnd) {
      const opcode = decoder.byte()
      if (opcode === KEY) {
        if (state) this.slot.close(key, state)
        key = decoder.passingText()
        state = this.open(key)
        continue
      }
      if (opcode === PUBLISH) {
        published ??= []
        published.push([decoder.text(), decoder.text()])
      } else if (opcode === RESET_SLOT) {
        if (state) this.slot.close(key, state)
        state = undefined
        this.resetSlot()
      } else this.apply(opcode, state!, decoder)
      this.clock++
    }
    if (state) this.slot.close(key, state)
    this.changes?.tell()
    for (const [channel, message] of published ?? []) this.engine.observer?.published(channel, message)
  }

  private open(key: string): KeyState {
    const state = this.slot.open(key)
    if (this.changes) {
      this.keyChanges = this.changes.of(key, state)
      this.edits = this.keyChanges
    }
    return state
  }

  private apply(opcode: number, state: KeyState, decoder: Decoder): void {
    if (opcode >= STRING_OPCODE) {
      const {type} = containerTypeOf(codeOf(opcode))!
      if (this.keyChanges) this.keyChanges.type = type
      state.open(type).applyOperation(opcode, decoder, this)
    } else if (opcode === DEADLINE) {
      state.setDeadlines(assignDeadline(state.deadlines, decodeDeadline(decoder), this), this.ledger)
    } else if (opcode === CLEAR_DEADLINE) state.setDeadlines(unseenRows(state.deadlines, this), this.ledger)
    else this.reset(state, opcode === RESET_OTHERS ? decoder.byte() : 0, decoder)
  }

  /** @param kept - code of a type whose value stays, and the deadline with it; 0: none does */
  private reset(state: KeyState, kept: number, decoder: Decoder): void {
    let told = 0
    for (let code = decoder.byte(); code !== 0; code = decoder.byte()) {
      told |= 1 << code
      const {type} = containerTypeOf(code)!
      if (this.keyChanges) this.keyChanges.type = type
      state.open(type).reset(this, decoder)
    }
    this.resetUntold(state, told | (1 << kept))
    if (kept === 0) state.setDeadlines(unseenRows(state.deadlines, this), this.ledger)
  }

  /** @param told - bits of the codes of types that are done */
  private resetUntold(state: KeyState, told: number): void {
    for (const value of state.values) {
      if ((told & (1 << codeOfType(value.type))) !== 0) continue
      if (this.keyChanges) this.keyChanges.type = value.type
      value.reset(this, undefined)
    }
  }

  private resetSlot(): void {
    for (const key of this.slot.keys.names()) {
      const state = this.open(key)
      this.resetUntold(state, 0)
      state.setDeadlines(unseenRows(state.deadlines, this), this.ledger)
      this.slot.close(key, state)
    }
  }
}
