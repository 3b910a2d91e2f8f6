import type {ActorTable} from './actors.js'
import type {EffectName} from './api.js'
import type {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'
import type {SlotVectors} from './slot-vectors.js'

/**
 * An effect:
 *
 *     version  slot  region epoch  sequence  clock  n * (region epoch sequence)  operations
 *
 * The n are the dependencies: the slot's vector at the writer without the writer. They are also the table of actors that
 * the operations name: 0 is the writer, i the i-th dependency.
 */
const VERSION = 1
const SLOT_COUNT = 16384

export interface Head {
  readonly slot: number
  /** Index of the writer. */
  readonly actor: number
  readonly sequence: number
  /** Of the first operation; each after it has one more. */
  readonly clock: number
  /** Indexes of all that it depends on, the writer first, and beside them what the writer had seen of each. */
  readonly actors: readonly number[]
  readonly sequences: readonly number[]
}

/** Sets the encoder's table. */
export function encodeHead(
  slot: number,
  vectors: SlotVectors,
  actor: number,
  sequence: number,
  clock: number,
  actors: ActorTable,
  out: Encoder,
): void {
  out.byte(VERSION)
  out.varint(slot)
  const {epoch, region} = actors.at(actor)
  out.byte(region)
  out.varint(epoch)
  out.varint(sequence)
  out.varint(clock)
  const {cells, first, width} = vectors.rowOf(slot)
  let count = 0
  for (let other = 0; other < width; other++) if (other !== actor && cells[first + other]! > 0) count++
  out.varint(count)
  // What other effects left in it is of actors that this one does not name.
  const {places} = out
  places[actor] = 0
  if (count === 0) return
  count = 0
  for (let other = 0; other < width; other++) {
    const applied = cells[first + other]!
    if (other === actor || applied === 0) continue
    const named = actors.at(other)
    out.byte(named.region)
    out.varint(named.epoch)
    out.varint(applied)
    places[other] = ++count
  }
}

function decodeSlot(decoder: Decoder): number {
  if (decoder.byte() !== VERSION) decoder.fail('is of a version that is not known')
  const slot = decoder.varint()
  if (slot >= SLOT_COUNT) decoder.fail('names a slot that cannot be')
  return slot
}

/** @throws CrdtError */
export function decodeName(decoder: Decoder): EffectName {
  const slot = decodeSlot(decoder)
  const region = decoder.byte()
  const epoch = decoder.varint()
  return {actor: {epoch, region}, sequence: decoder.sequence(), slot}
}

/** Sets the decoder's table. @throws CrdtError */
export function decodeHead(decoder: Decoder, actors: ActorTable): Head {
  const slot = decodeSlot(decoder)
  const actor = actors.indexOf(decoder.byte(), decoder.varint())
  const sequence = decoder.sequence()
  const clock = decoder.varint()
  const table = [actor]
  const sequences = [sequence]
  for (let count = decoder.count(); count > 0; count--) {
    table.push(actors.indexOf(decoder.byte(), decoder.varint()))
    sequences.push(decoder.sequence())
  }
  decoder.actors = table
  return {actor, actors: table, clock, sequence, sequences, slot}
}

/** Of an effect, without a look at the rest; of what is none, anything. */
export function slotOfEffect(effect: string): number {
  let slot = 0
  for (let at = 1, unit = 1; ; at++, unit *= 128) {
    const byte = effect.charCodeAt(at)
    slot += (byte & 127) * unit
    if (!(byte > 127)) return slot
  }
}
