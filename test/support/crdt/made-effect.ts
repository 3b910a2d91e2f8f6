import type {CrdtCore, MadeEffect} from '../../../src/lib/server/crdt/core/api.js'

/** An effect that is a string already, as its writer would hand it on. */
export function madeEffect(core: Pick<CrdtCore, 'nameOf'>, effect: string): MadeEffect {
  return {
    ...core.nameOf(effect),
    length: effect.length,
    release: () => undefined,
    room: Buffer.from(effect, 'latin1'),
    text: () => effect,
  }
}
