import {deflateRawSync} from 'node:zlib'
import {expect, it} from 'vitest'
import {PeerLinkEffects} from '../../../../src/lib/node/crdt/peer-link-effects.js'

const noDial = () => {
  throw new Error('nothing is dialled here')
}
const effects = new PeerLinkEffects({dial: noDial, dialSecurely: noDial})

function textOf(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += `key:${(i * 7919) % 1000}\xff\x00 value ${i % 50} of some kind`
  return text.slice(0, length)
}

for (const length of [1, 511, 1024, 3000, 32 * 1024, 200_000]) {
  for (const level of [1, 3, 9]) {
    it(`${length} bytes come back from level ${level}, and take no more room than with the usual tables`, () => {
      const text = textOf(length)
      const packed = effects.deflate(text, level)
      expect(effects.inflate(packed, length).toString('latin1')).toBe(text)
      expect(() => effects.inflate(packed, length + 1)).toThrow('another length')
      expect(packed.length).toBeLessThanOrEqual(deflateRawSync(Buffer.from(text, 'latin1'), {level}).length * 1.02)
    })
  }
}
