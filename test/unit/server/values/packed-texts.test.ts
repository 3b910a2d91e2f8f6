import {describe, expect, it} from 'vitest'
import {Deque} from '../../../../src/lib/kernel/deque.js'
import {PackedTexts} from '../../../../src/lib/server/values/list/packed-texts.js'

describe('packed texts', () => {
  it('gives back texts of every length', () => {
    const lengths = [0, 1, 19, 20, 21, 31, 32, 33, 254, 255, 256, 70_000, 3]
    const texts = lengths.map((length, i) => String.fromCharCode(0xff - i).repeat(length))
    const packed = new PackedTexts(new Deque([...texts]))
    // Others come between: what is shared holds nothing of it.
    new PackedTexts(new Deque(['x'.repeat(200_000)]))
    expect(packed.count).toBe(texts.length)
    for (let from = 0; from <= texts.length; from++) {
      for (let to = from; to <= texts.length; to++) expect(packed.slice(from, to)).toEqual(texts.slice(from, to))
    }
  })
})
