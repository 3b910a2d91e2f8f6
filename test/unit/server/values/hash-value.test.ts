import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {HashValue} from '../../../../src/lib/server/values/hash/hash-value.js'

const TEXTS = ['', 'a', 'f'.repeat(63), 'f'.repeat(64), 'g'.repeat(200), '\xff\x80\0', '\x81a\x02', '01', '1.5']
const INTEGERS = ['0', '127', '128', '-1', '-4096', '4096', '-32769', '8388608', '-8388609', '2147483648']
/** Of every length, and alike but for one character: at the start, in the middle, near the end, at the end. */
const ALIKE = ['abcdefghijk', 'Abcdefghijk', 'abcdEfghijk', 'abcdefghIjk', 'abcdefghijK'].flatMap((text) => [
  text,
  text.slice(0, 8),
  text.slice(0, 9),
])
const LENGTHS = Array.from({length: 62}, (_, length) => 'z'.repeat(length))
const POOL = [
  ...TEXTS,
  ...ALIKE,
  ...LENGTHS,
  ...INTEGERS,
  '9007199254740993',
  '-9223372036854775808',
  'x'.repeat(5000),
  'y'.repeat(17_000),
]

function entriesOf(hash: HashValue): [string, string][] {
  const pairs = hash.pairs()
  return Array.from({length: pairs.length / 2}, (_, i) => [pairs[i * 2]!, pairs[i * 2 + 1]!])
}

describe('HashValue', () => {
  for (const [name, limits] of [
    ['packed', {hashMaxListpackEntries: 10_000, hashMaxListpackValue: 100_000}],
    ['packed, then a table', {hashMaxListpackEntries: 12, hashMaxListpackValue: 100_000}],
    ['a table', {hashMaxListpackEntries: 0, hashMaxListpackValue: 0}],
  ] as const) {
    it(`is what a Map is: ${name}`, () => {
      const rng = seededRng(5)
      for (let round = 0; round < 40; round++) {
        const hash = new HashValue()
        const model = new Map<string, string>()
        for (let step = 0; step < 100; step++) {
          const field = rng.pick(POOL)
          const value = rng.pick(POOL)
          if (rng.chance(0.7)) {
            expect(hash.set(field, value, limits)).toBe(!model.has(field))
            model.set(field, value)
          } else expect(hash.delete(field)).toBe(model.delete(field))
          expect(hash.size).toBe(model.size)
          expect(hash.get(value)).toBe(model.get(value))
          expect(hash.has(value)).toBe(model.has(value))
        }
        expect(new Map(entriesOf(hash))).toEqual(model)
        if (hash.isPacked) expect(entriesOf(hash)).toEqual([...model])
        const copy = hash.copy()
        for (const field of POOL) copy.delete(field)
        expect(copy.size).toBe(0)
        expect(new Map(entriesOf(hash))).toEqual(model)
        const output = {out: ''}
        hash.writePairs(output)
        expect(output.out).toBe(
          hash
            .pairs()
            .map((text) => `$${text.length}\r\n${text}\r\n`)
            .join(''),
        )
        expect(entriesOf(HashValue.fromRdb(hash.toRdb(), limits)).sort()).toEqual(entriesOf(hash).sort())
      }
    })
  }
})
