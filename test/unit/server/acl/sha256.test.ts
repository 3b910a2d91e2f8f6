import {createHash} from 'node:crypto'
import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {sha256} from '../../../../src/lib/server/acl/sha256.js'

describe('sha256', () => {
  it('agrees with the system for every length around the blocks', () => {
    const rng = seededRng(3)
    for (let length = 0; length < 260; length++) {
      const text = Array.from({length}, () => String.fromCharCode(rng.below(256))).join('')
      expect(sha256(text)).toBe(createHash('sha256').update(text, 'latin1').digest('hex'))
    }
  })
})
