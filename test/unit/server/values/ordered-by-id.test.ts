import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {compareIds, type StreamId} from '../../../../src/lib/protocol/stream-id.js'
import {OrderedById} from '../../../../src/lib/server/values/stream/ordered-by-id.js'

const HUGE = 2n ** 64n - 1n

/** Small ids, ids that numbers do not hold, and both sides of the border. */
function idOf(step: number): StreamId {
  if (step % 3 === 0) return {ms: step, seq: step % 2 === 0 ? 7 : HUGE}
  return step % 3 === 1 ? {ms: HUGE - BigInt(step), seq: 0} : {ms: Number.MAX_SAFE_INTEGER, seq: step}
}

describe('what is kept in the order of ids', () => {
  for (const seed of [1, 2, 3]) {
    it(`answers as a sorted array does (seed ${seed})`, () => {
      const rng = seededRng(seed)
      const tree = new OrderedById<StreamId>()
      let plain: StreamId[] = []
      for (let step = 0; step < 3000; step++) {
        const id = idOf(rng.below(4000))
        const isThere = plain.some((one) => compareIds(one, id) === 0)
        // Grows first, then shrinks.
        if (rng.chance(step < 1700 ? 0.85 : 0.3)) {
          expect(tree.insert({...id})).toBe(!isThere)
          if (!isThere) plain = [...plain, id]
        } else {
          expect(tree.delete(id) !== undefined).toBe(isThere)
          plain = plain.filter((one) => compareIds(one, id) !== 0)
        }
        if (step % 100 !== 0) continue
        plain.sort(compareIds)
        expect([...tree.values()]).toEqual(plain)
        expect(tree.size).toBe(plain.length)
        const asked = idOf(rng.below(4000))
        expect(tree.after(asked)).toEqual(plain.find((one) => compareIds(one, asked) > 0))
        expect(tree.atOrAfter(asked)).toEqual(plain.find((one) => compareIds(one, asked) >= 0))
        expect(tree.atOrBefore(asked)).toEqual(plain.findLast((one) => compareIds(one, asked) <= 0))
        const some = plain[rng.below(plain.length)]
        if (some !== undefined) expect(tree.before(some)).toEqual(plain[plain.indexOf(some) - 1])
        expect([tree.first(), tree.last()]).toEqual([plain[0], plain.at(-1)])
      }
    })
  }
})
