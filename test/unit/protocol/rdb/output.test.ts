import {describe, expect, it} from 'vitest'
import {CHUNK_BYTES} from '../../../../src/lib/protocol/chunk-output.js'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {RdbOutput, written} from '../../../../src/lib/protocol/rdb/output.js'
import {RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {readString} from '../../../../src/lib/protocol/rdb/string.js'

const COMPRESS_LENGTH_MAX = 8 * CHUNK_BYTES

/** What is written in chunks, after so many bytes that are left out of what is given. */
function chunked(before: number, compress: boolean, write: (out: RdbOutput) => void): string {
  const chunks: Buffer[] = []
  const out = new RdbOutput(compress ? COMPRESS_LENGTH_MAX : 0, (chunk) => chunks.push(Buffer.from(chunk)))
  out.raw('.'.repeat(before))
  write(out)
  const {position} = out
  out.flush()
  expect(Math.max(...chunks.map(({length}) => length))).toBeLessThanOrEqual(CHUNK_BYTES)
  const text = Buffer.concat(chunks).toString('latin1')
  expect(position).toBe(text.length)
  return text.slice(before)
}

/** Letters that do not repeat themselves soon. */
const noise = (length: number): string =>
  Array.from({length}, (_, i) => String.fromCharCode(97 + (Math.imul(i, 0x9e3779b1) >>> 27))).join('')

const LISTPACKS: [name: string, elements: readonly string[]][] = [
  ['no element', []],
  ['one, with a head of one byte', ['a']],
  ['heads around the change to two bytes', Array.from({length: 56}, () => '')],
  ['integers', Array.from({length: 3000}, (_, i) => String((i - 1500) ** 5))],
  ['a head of five bytes', [noise(63), noise(64), noise(16_300)]],
  ['as much as a chunk holds', [noise(CHUNK_BYTES - 26)]],
  ['one byte more', [noise(CHUNK_BYTES - 25)]],
  ['more than a chunk with what is around them', Array.from({length: 990}, () => noise(64))],
  ['more than a chunk', Array.from({length: 20}, () => noise(5000))],
  ['more than can be counted', Array.from({length: 70_000}, (_, i) => String(i * 7))],
]

const STRINGS: [name: string, text: string][] = [
  ['an integer', '-32769'],
  ['twenty bytes', 'a'.repeat(20)],
  ['one that compresses', 'a'.repeat(21)],
  ['one that does not', noise(21)],
  ['as long as a chunk', noise(CHUNK_BYTES - 9)],
  ['longer than a chunk', noise(CHUNK_BYTES - 8)],
  ['as long as a chunk without its head, and compressed', 'abcd'.repeat(CHUNK_BYTES / 4)],
  ['longer than a chunk, and compressed', 'abc'.repeat(CHUNK_BYTES)],
]

describe.each([true, false])('RdbOutput, compressing: %s', (compress) => {
  it.each(LISTPACKS)('writes a listpack of %s as the string it is', (_name, elements) => {
    const text = encodeListpack(elements)
    const whole = written(compress, (out) => out.string(text))
    expect(readString(new RdbReader(whole)) === text).toBe(true)
    expect(written(compress, (out) => out.listpack(elements)) === whole).toBe(true)
    for (const before of [0, 1, CHUNK_BYTES - 17, CHUNK_BYTES - 1, CHUNK_BYTES]) {
      expect(chunked(before, compress, (out) => out.listpack(elements)) === whole).toBe(true)
    }
  })

  it.each(STRINGS)('writes %s in chunks as in one piece', (_name, text) => {
    const whole = written(compress, (out) => out.string(text))
    expect(readString(new RdbReader(whole)) === text).toBe(true)
    for (const before of [0, 1, CHUNK_BYTES - 17, CHUNK_BYTES - 1, CHUNK_BYTES]) {
      expect(chunked(before, compress, (out) => out.string(text)) === whole).toBe(true)
    }
  })
})

describe('RdbOutput', () => {
  it('does not compress what is longer than it may', () => {
    const text = 'a'.repeat(COMPRESS_LENGTH_MAX + 1)
    expect(chunked(0, true, (out) => out.string(text))).toHaveLength(text.length + 5)
  })

  it('starts over after a failure', () => {
    const failing = () =>
      written(true, (out) => {
        out.raw('left over')
        throw new Error('of the writer')
      })
    expect(failing).toThrow('of the writer')
    expect(written(true, (out) => out.raw('x'))).toBe('x')
  })
})
