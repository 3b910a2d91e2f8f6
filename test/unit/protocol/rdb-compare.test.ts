import {describe, expect, it} from 'vitest'
import {comparePayloads, kindOfPayload} from '../../../src/lib/protocol/rdb/compare.js'
import {encodeLength, encodeString} from '../../../src/lib/protocol/rdb/string.js'

/** A payload of a type byte and a body; the footer's bytes are the version's own. */
function payload(type: number, body: string, version = 10): string {
  return `${String.fromCharCode(type)}${body}${String.fromCharCode(version, 0)}checksum`
}

const strings = (type: number, members: readonly string[], count = members.length) =>
  payload(type, encodeLength(count) + members.map((member) => encodeString(member, true)).join(''))

const LONG = 'ab'.repeat(100)

describe('comparePayloads', () => {
  it.each<[string, string, string, string]>([
    ['the same bytes', payload(18, 'x'), payload(18, 'x'), 'same'],
    ['the same bytes of another version', payload(18, 'x', 9), payload(18, 'x', 10), 'same'],
    [
      'a string, compressed or not',
      payload(0, encodeString(LONG, true)),
      payload(0, encodeString(LONG, false)),
      'same',
    ],
    ['two strings', payload(0, encodeString('1', true)), payload(0, encodeString('2', true)), 'different'],
    ['a set in another order', strings(2, ['a', '7', LONG]), strings(2, [LONG, 'a', '7']), 'same'],
    ['sets of other members', strings(2, ['a', 'b']), strings(2, ['a', 'c']), 'different'],
    ['a set and a smaller one', strings(2, ['a', 'b']), strings(2, ['a']), 'different'],
    ['a hash in another order', strings(4, ['f', '1', 'g', '2'], 2), strings(4, ['g', '2', 'f', '1'], 2), 'same'],
    [
      'hashes whose values are swapped',
      strings(4, ['f', '1', 'g', '2'], 2),
      strings(4, ['f', '2', 'g', '1'], 2),
      'different',
    ],
    // 'ab' with 'c' is not 'a' with 'bc'.
    ['hashes that run together alike', strings(4, ['ab', 'c'], 1), strings(4, ['a', 'bc'], 1), 'different'],
    ['other types', strings(2, ['a']), strings(4, ['a', 'b'], 1), 'different'],
    ['one type in two layouts', payload(20, 'x'), strings(2, ['x']), 'unclear'],
    ['lists of other bytes', payload(18, 'x'), payload(18, 'y'), 'unclear'],
    ['a type of a later version', payload(99, 'x'), payload(18, 'x'), 'unclear'],
    ['a set that is cut', strings(2, ['a'], 2), strings(2, ['a', 'b']), 'unclear'],
    ['a count beyond all bytes', strings(2, [], 1_000_000_000), strings(2, ['a']), 'unclear'],
  ])('finds %s', (_, a, b, verdict) => {
    expect(comparePayloads(a, b)).toBe(verdict)
    expect(comparePayloads(b, a)).toBe(verdict)
  })

  it('knows what kind of value a payload is', () => {
    expect([0, 18, 11, 5, 16, 19, 7, 99].map((type) => kindOfPayload(payload(type, '')))).toEqual([
      'string',
      'list',
      'set',
      'zset',
      'hash',
      'stream',
      'module',
      'unknown',
    ])
  })
})
