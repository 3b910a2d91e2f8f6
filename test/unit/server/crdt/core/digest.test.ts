import {expect, it} from 'vitest'
import {Digest} from '../../../../../src/lib/server/crdt/core/digest.js'

it('the digits of a digest count as the text of them does', () => {
  const sum = new Digest()
  for (let i = 0; i < 200; i++) {
    const parts = new Digest().begin(1).digits(sum)
    const texts = new Digest().begin(1).text(sum.toString())
    for (const one of [parts, texts]) one.number(i).end()
    expect(parts.toString()).toBe(texts.toString())
    sum
      .begin(2)
      .number(i / 3)
      .text(`${i}`)
      .end()
  }
})
