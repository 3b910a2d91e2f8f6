import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {Backlog} from '../../../../src/lib/server/replication/backlog.js'

describe('the backlog', () => {
  it.each([1, 2, 3, 4, 5])(
    'gives back any part of the last bytes of a stream, also after a change of its size (seed %i)',
    (seed) => {
      const rng = seededRng(seed)
      let size = 1 + rng.below(60)
      const first = 1 + rng.below(1000)
      const backlog = new Backlog(size, first)
      let stream = ''
      let kept = 0
      for (let i = 0; i < 400; i++) {
        const text = Array.from({length: rng.below(90)}, () => String.fromCharCode(rng.below(256))).join('')
        backlog.append(text)
        stream += text
        kept = Math.min(size, kept + text.length)
        if (rng.chance(0.1)) {
          size = 1 + rng.below(60)
          backlog.resize(size)
          kept = Math.min(size, kept)
        }
        const next = first + stream.length
        expect([backlog.length, backlog.firstOffset]).toEqual([kept, next - kept])
        expect([next - kept - 1, next - kept, next, next + 1].map((at) => backlog.has(at))).toEqual([
          false,
          true,
          true,
          false,
        ])
        const from = next - rng.below(kept + 1)
        expect(backlog.from(from)).toBe(stream.slice(from - first))
      }
    },
  )
})
