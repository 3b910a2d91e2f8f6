import type {CrdtCore, EffectName, MadeEffect} from '../../../src/lib/server/crdt/core/api.js'

/** An effect that is a string already, as its writer would hand it on. */
export function madeEffect(core: Pick<CrdtCore, 'nameOf'>, effect: string): MadeEffect {
  return madeFrom(core.nameOf(effect), effect)
}

/** @param behind - what a writer left in its room from an effect before */
export function madeFrom(name: EffectName, effect: string, behind = ''): MadeEffect {
  const words = new Int32Array(Math.ceil((effect.length + behind.length) / 4))
  const room = Buffer.from(words.buffer)
  room.write(effect + behind, 'latin1')
  return {...name, length: effect.length, release: () => undefined, room, text: () => effect, words}
}
