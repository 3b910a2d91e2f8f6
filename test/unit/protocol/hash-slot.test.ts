import {describe, expect, it} from 'vitest'
import {crc16} from '../../../src/lib/protocol/crc16.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'

/** Vectors seen on a real server (CLUSTER KEYSLOT). */
const vectors: [key: string, slot: number][] = [
  ['123456789', 12739],
  ['foo{bar}', 5061],
  ['bar', 5061],
  ['foo{}bar', 14292],
  ['{}{a}', 13650],
  ['', 0],
]

describe('hash slot', () => {
  for (const [key, slot] of vectors) it(`of ${JSON.stringify(key)}`, () => expect(hashSlot(key)).toBe(slot))

  it('hashes the first tag only', () => {
    expect(hashSlot('a{x}b{y}')).toBe(hashSlot('x'))
    expect(hashSlot('{{x}}')).toBe(hashSlot('{x'))
    expect(hashSlot('a{x')).not.toBe(hashSlot('x'))
  })

  it('is CRC-16/XMODEM', () => {
    expect(crc16('123456789')).toBe(0x31c3)
    expect(crc16('xx123456789yy', 2, 11)).toBe(0x31c3)
  })
})
