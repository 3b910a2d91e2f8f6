import {type ActorTable, requireActor} from './actors.js'
import type {Actor, VectorEntries} from './api.js'
import {Decoder} from './decoder.js'
import {Encoder} from './encoder.js'
import type {Slot} from './slot.js'

/** Vectors of slots: a table of actors, then per slot its distance from the one before, and (place, sequence) pairs. */
const VERSION = 1
const SLOT_COUNT = 16384

export function vectorEntries(slot: Slot, actors: ActorTable): VectorEntries {
  const entries: [{region: number; epoch: number}, number][] = []
  for (let actor = 0; actor < actors.size; actor++) {
    const sequence = slot.sequenceOf(actor)
    if (sequence > 0) entries.push([actors.at(actor), sequence])
  }
  return entries
}

export function packVectors(slots: readonly Slot[], actors: ActorTable): string {
  const out = new Encoder()
  out.byte(VERSION)
  out.varint(actors.size)
  for (let actor = 0; actor < actors.size; actor++) {
    const {epoch, region} = actors.at(actor)
    out.byte(region)
    out.varint(epoch)
  }
  let before = 0
  for (const slot of slots) {
    out.varint(slot.number - before)
    before = slot.number
    let count = 0
    for (let actor = 0; actor < actors.size; actor++) if (slot.sequenceOf(actor) > 0) count++
    out.varint(count)
    for (let actor = 0; count > 0; actor++) {
      const sequence = slot.sequenceOf(actor)
      if (sequence === 0) continue
      out.varint(actor)
      out.varint(sequence)
      count--
    }
  }
  return out.take()
}

/** @throws CrdtError */
export function unpackVectors(packed: string): Map<number, VectorEntries> {
  const decoder: Decoder = new Decoder(packed)
  if (decoder.byte() !== VERSION) decoder.fail('is of a version that is not known')
  const table: Actor[] = []
  for (let count = decoder.count(); count > 0; count--) {
    const actor = {region: decoder.byte(), epoch: decoder.varint()}
    requireActor(actor)
    table.push(actor)
  }
  const vectors = new Map<number, VectorEntries>()
  let slot = 0
  while (!decoder.isAtEnd) {
    slot += decoder.varint()
    if (slot >= SLOT_COUNT || vectors.has(slot)) decoder.fail('names a slot that cannot be')
    const entries: [{region: number; epoch: number}, number][] = []
    for (let count = decoder.count(); count > 0; count--) {
      const actor = table[decoder.varint()]
      if (actor === undefined) decoder.fail('names an actor that is not in its table')
      entries.push([actor, decoder.sequence()])
    }
    vectors.set(slot, entries)
  }
  return vectors
}
