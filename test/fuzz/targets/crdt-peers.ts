import type {Rng} from '../../../src/lib/kernel/rng.js'
import {PeerLinkEffects} from '../../../src/lib/node/crdt/peer-link-effects.js'
import {requireActor} from '../../../src/lib/server/crdt/core/actors.js'
import {CrdtError} from '../../../src/lib/server/crdt/core/crdt-error.js'
import {CrdtState} from '../../../src/lib/server/crdt/core/state.js'
import {BatchError, lengthText, splitBatch, unpack} from '../../../src/lib/server/crdt/peers/batch.js'
import {actorKey, actorOf} from '../../../src/lib/server/crdt/peers/vectors.js'
import {crdtScenes} from '../corpus/crdt.js'
import {extremeDecimal, mutated, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual} from '../target.js'

/** What shards of different regions send each other around effects: batches of them, deflated or not, and vectors of slots. */

const dial = () => {
  throw new Error('there is nobody to dial')
}
const effects = new PeerLinkEffects({dial, dialSecurely: dial})
const SEPARATOR = ' '

/** The length that is announced, a blank, the bytes. */
function batch(rng: Rng): string {
  const scene = rng.pick(crdtScenes())
  const text = scene.effects.map((effect) => lengthText(effect.length) + effect).join('')
  const raw = rng.chance(0.03) ? randomBytes(rng, rng.below(80)) : mutated(rng, text, scene.effects)
  if (rng.chance(0.5)) return `0${SEPARATOR}${raw}`
  const packed = effects.deflate(raw, 1 + rng.below(6))
  const length = rng.chance(0.1) ? extremeDecimal(rng) : String(raw.length)
  return length + SEPARATOR + (rng.chance(0.5) ? mutated(rng, packed) : packed)
}

function runBatch(input: string): boolean {
  const end = input.indexOf(SEPARATOR)
  const packed = {data: input.slice(end + 1), rawLength: Number(input.slice(0, end))}
  const bytes = attempt(() => unpack(packed, effects), BatchError)
  if (bytes === undefined) return false
  must(packed.rawLength === 0 || bytes.length === packed.rawLength, 'another length than was announced')
  const found = attempt(() => splitBatch(bytes), BatchError)
  if (found === undefined) return false
  must(found.length + found.join('').length <= bytes.length, 'more than there was')
  const again = found.map((effect) => lengthText(effect.length) + effect).join('')
  mustEqual(splitBatch(Buffer.from(again, 'latin1')), found, 'put together again')
  return true
}

export const batchTarget: FuzzTarget = {name: 'crdt-batch', open: () => ({make: batch, run: runBatch}), share: 6}

const SLOT_COUNT = 16_384
const SEQUENCE_LIMIT = 2 ** 37

function runVectors(core: CrdtState, input: string): boolean {
  const before = core.packHead()
  const vectors = attempt(() => core.unpackVectors(input), CrdtError)
  must(core.packHead() === before, 'something has changed')
  if (vectors === undefined) return false
  let count = 0
  for (const [slot, entries] of vectors) {
    must(slot >= 0 && slot < SLOT_COUNT, `a slot ${slot}`)
    for (const [actor, sequence] of entries) {
      requireActor(actor)
      const {epoch, region} = actorOf(actorKey(actor))
      must(epoch === actor.epoch && region === actor.region, 'another actor, written as one number')
      must(Number.isInteger(sequence) && sequence >= 0 && sequence < SEQUENCE_LIMIT, `a sequence ${sequence}`)
      count++
    }
  }
  must(vectors.size + count <= input.length, 'more than there was')
  return true
}

export const vectorsTarget: FuzzTarget = {
  name: 'crdt-vectors',
  open: () => {
    const core = new CrdtState({nowMs: () => 0, region: 1})
    return {
      make: (rng) =>
        rng.chance(0.05) ? randomBytes(rng, rng.below(80)) : mutated(rng, rng.pick(crdtScenes()).vectors),
      run: (input) => runVectors(core, input),
    }
  },
  share: 6,
}
