import {describe, expect, it} from 'vitest'
import {Rig} from '../rig.js'

/** A dense HyperLogLog of equal registers, as an inline argument. */
function denseOf(count: number): string {
  const three = count | (count << 6) | (count << 12) | (count << 18)
  const bytes = [three & 0xff, (three >> 8) & 0xff, (three >> 16) & 0xff]
  const piece = bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  return `"HYLL${'\\x00'.repeat(11)}\\x80${piece.repeat(4096)}"`
}

describe('registers that no elements can have left', () => {
  // As redis-server 7.0.15 answers, and it counts anew each time.
  it.each([50, 51, 52, 63])('of %i count to the lowest integer', (count) => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, `SET k ${denseOf(count)}`)
    const lowest = ':-9223372036854775808\r\n'
    expect(rig.run(client, 'PFCOUNT k', 'PFCOUNT k', 'PFCOUNT k k')).toBe(lowest.repeat(3))
  })
})
