import type {ActorTable} from './actors.js'
import type {Ledger} from './container.js'
import {codeOfType, containerTypeOf} from './containers.js'
import {Counter} from './counter.js'
import {type Deadlines, decodeDeadline, encodeDeadline} from './deadline.js'
import {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'
import {KeyState, unfold} from './key-state.js'
import {Row} from './rows.js'
import type {Slot} from './slot.js'
import {packText} from './string-value.js'

/**
 * A slot's state:
 *
 *     version  clock  n * (region epoch sequence)  keys * (name, deadlines, values * (code, value))
 *
 * The vector is also the table of the actors that dots name.
 */
const VERSION = 1
const STRING_CODE = codeOfType('string')

export interface SlotState {
  readonly clock: number
  /** Index of the actor -> sequence. */
  readonly vector: readonly number[]
  readonly keys: Map<string, KeyState>
}

export function packSlotState(slot: Slot, clock: number, actors: ActorTable, out: Encoder): string {
  out.byte(VERSION)
  out.varint(clock)
  packVector(slot.vector, actors, out)
  const keys = [...slot.keys]
  out.varint(keys.length)
  for (const [key, stored] of keys) {
    out.text(key)
    if (stored instanceof Row || stored instanceof Counter) {
      packLean(stored, out)
      continue
    }
    const {deadlines, values} = unfold(stored)
    out.varint(deadlines.length)
    for (const {clock, dot, value} of deadlines) {
      out.dot(dot)
      out.varint(clock)
      encodeDeadline(value, out)
    }
    out.byte(values.length)
    for (const value of values) {
      out.byte(codeOfType(value.type))
      value.pack(out)
    }
  }
  return out.take()
}

/** A key of which that is all, as nearly all are. */
function packLean(stored: Row<string> | Counter, out: Encoder): void {
  out.varint(0)
  out.byte(1)
  out.byte(STRING_CODE)
  packText(stored, out)
}

/** Sets the encoder's table. */
function packVector(vector: readonly number[], actors: ActorTable, out: Encoder): void {
  const known = knownActors(vector)
  out.varint(known.length)
  const places: number[] = []
  for (const [place, actor] of known.entries()) {
    const {epoch, region} = actors.at(actor)
    out.byte(region)
    out.varint(epoch)
    out.varint(vector[actor]!)
    places[actor] = place
  }
  out.places = places
}

function knownActors(vector: readonly number[]): number[] {
  return [...vector.keys()].filter((actor) => (vector[actor] ?? 0) > 0)
}

/** @param ledger - of the one who reads; takes what is read @throws CrdtError */
export function unpackSlotState(packed: string, actors: ActorTable, ledger: Ledger): SlotState {
  const decoder: Decoder = new Decoder(packed)
  if (decoder.byte() !== VERSION) decoder.fail('is of a version that is not known')
  const clock = decoder.varint()
  const vector = unpackVector(decoder, actors)
  const keys = new Map<string, KeyState>()
  for (let count = decoder.count(); count > 0; count--) {
    const key = decoder.text()
    if (keys.has(key)) decoder.fail('has a key twice')
    keys.set(key, unpackKey(decoder, ledger))
  }
  if (!decoder.isAtEnd) decoder.fail('goes on')
  return {clock, keys, vector}
}

/** Sets the decoder's table. */
function unpackVector(decoder: Decoder, actors: ActorTable): number[] {
  const vector: number[] = []
  const table: number[] = []
  const limits: number[] = []
  for (let count = decoder.count(); count > 0; count--) {
    const actor = actors.indexOf(decoder.byte(), decoder.varint())
    while (vector.length <= actor) vector.push(0)
    if (vector[actor] !== 0) decoder.fail('names an actor twice')
    const sequence = decoder.sequence()
    if (sequence === 0) decoder.fail('names an actor who wrote nothing')
    vector[actor] = sequence
    table.push(actor)
    limits.push(sequence)
  }
  decoder.actors = table
  decoder.limits = limits
  return vector
}

function unpackKey(decoder: Decoder, ledger: Ledger): KeyState {
  const deadlines: Deadlines = Array.from(
    {length: decoder.count()},
    () => new Row(decoder.dot(), decoder.varint(), decodeDeadline(decoder)),
  )
  const state = new KeyState([], [])
  state.setDeadlines(deadlines, ledger)
  for (let count = decoder.byte(); count > 0; count--) {
    const code = decoder.byte()
    const type = containerTypeOf(code)
    if (type === undefined || state.valueOf(type.type)) decoder.fail('has a value of no type, or two of one')
    else state.values.push(type.unpack(decoder, ledger))
  }
  return state
}
