import {ownString} from '../../../kernel/own-string.js'
import type {Dot} from './api.js'
import type {Decoder} from './decoder.js'
import {actorOf, dotOf, sequenceOf} from './dot.js'
import type {Head} from './effect-head.js'
import type {Engine} from './engine.js'
import {KEY} from './opcodes.js'
import {NO_PLACE} from './placed-keys.js'
import {Row} from './rows.js'
import type {Slot} from './slot.js'
import {ASSIGN, PLAIN_BYTES} from './string-value.js'

/** Is it among what the effect's writer had seen? */
export function hasSeen({actors, sequences}: Head, dot: Dot): boolean {
  const actor = actorOf(dot)
  for (let i = 0; i < actors.length; i++) if (actors[i] === actor) return sequenceOf(dot) <= sequences[i]!
  return false
}

/**
 * The way of nearly all effects: one SET of a key that is new here, or that clients see and of which nothing but a string is
 * known that the writer had seen. What comes of it is the same as on the way of all others, with a third of the work.
 *
 * @param decoder - at the first operation; all have been checked
 * @returns false, and the decoder is where it was: it is not so
 */
export function takePlainAssign(engine: Engine, slot: Slot, head: Head, decoder: Decoder): boolean {
  const {observer, slots} = engine
  const {placed} = slots
  if (placed === undefined) return false
  const start = decoder.position
  if (decoder.byte() === KEY) {
    const key = decoder.passingText()
    if (!decoder.isAtEnd && decoder.byte() === ASSIGN) {
      const place = placed.plainPlaceOf(head.slot, key)
      const before = place < 0 ? 0 : placed.rowDotAt(place)
      const isNew = place === NO_PLACE && (placed.elsewhere[head.slot] === 0 || !slot.keys.has(key))
      if (isNew || (before > 0 && hasSeen(head, before))) {
        const value = decoder.text()
        // How many counters it resets: those of others do not concern a key of which none is known, but are to be read.
        if (decoder.byte() === 0 && decoder.isAtEnd) {
          const dot = dotOf(head.actor, head.sequence)
          if (isNew) takePlainRow(engine, slot, key, new Row(dot, head.clock, value))
          else {
            placed.setPlain(place, dot, head.clock, value)
            observer?.assigned(head.slot, ownString(key), value)
          }
          return true
        }
      }
    }
  }
  decoder.goTo(start)
  return false
}

/**
 * A plain string of a key of which nothing is known: clients see it at once, which gives it a place.
 *
 * @param key - copied, should it be part of a longer string
 */
export function takePlainRow({observer}: Engine, {keys, ledger, number}: Slot, key: string, row: Row<string>): void {
  const own = ownString(key)
  observer?.assigned(number, own, row.value)
  keys.set(own, row)
  ledger.bytes += PLAIN_BYTES
}
