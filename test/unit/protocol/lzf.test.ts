import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import * as lzf from '../../../src/lib/protocol/lzf.js'

const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')
const unhex = (text: string) => Buffer.from(text, 'hex').toString('latin1')
const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** The input does not begin where its buffer does. */
function lzfCompress(text: string, lengthMax: number): string | undefined {
  const output = Buffer.alloc(Math.max(0, lengthMax) + 2)
  const length = lzf.lzfCompress(latin1(`before${text}after`), 6, 6 + text.length, output, lengthMax)
  return length === 0 ? undefined : output.toString('latin1', 0, length)
}

const lzfDecompress = (stream: string, start: number, end: number, length: number) =>
  lzf.lzfDecompress(latin1(stream), start, end, length)?.toString('latin1')

const expand = (stream: string, length: number) => lzfDecompress(stream, 0, stream.length, length)
const binary = (maxLength: number) => fc.uint8Array({maxLength}).map((bytes) => Buffer.from(bytes).toString('latin1'))
/** Texts with repetitions near and far, which random bytes do not have. */
const repetitive = fc
  .array(fc.tuple(fc.string({maxLength: 6, unit: 'binary-ascii'}), fc.integer({min: 1, max: 400})), {maxLength: 60})
  .map((parts) => parts.map(([text, count]) => text.repeat(count)).join(''))

describe('lzfCompress', () => {
  it('gives the bytes of the original for a run', () => {
    expect(hex(lzfCompress('a'.repeat(40), 36) ?? '')).toBe('016161e01b00016161')
  })

  it('is undone by lzfDecompress', () => {
    fc.assert(
      fc.property(fc.oneof(binary(3000), repetitive), (text) => {
        const stream = lzfCompress(text, text.length + 100)
        if (text.length > 3) expect(expand(stream as string, text.length)).toBe(text)
      }),
      {numRuns: 500},
    )
  })

  it('finds matches up to 8192 bytes back and no farther', () => {
    const noise = Array.from({length: 8192 * 2}, (_, i) => String.fromCharCode((i * i * 7 + (i >> 3)) & 0xff)).join('')
    for (const gap of [8184, 8185, 8186, 8187, 8190, 8200]) {
      const text = `_ABCDEFG${noise.slice(0, gap)}ABCDEFG..`
      expect(expand(lzfCompress(text, text.length + 1000) as string, text.length)).toBe(text)
    }
  })

  it('gives up when the result would be longer than allowed', () => {
    const text = 'abcabcabcabcabcabcabcabcabc'
    const length = (lzfCompress(text, text.length) as string).length
    expect(lzfCompress(text, length)).toBeDefined()
    expect(lzfCompress(text, length - 1)).toBeUndefined()
  })

  it('never exceeds the length allowed', () => {
    fc.assert(
      fc.property(fc.oneof(binary(400), repetitive), fc.nat(400), (text, lengthMax) => {
        const stream = lzfCompress(text, lengthMax)
        if (stream !== undefined) {
          expect(stream.length).toBeLessThanOrEqual(lengthMax)
          expect(expand(stream, text.length)).toBe(text)
        }
      }),
    )
  })

  it('compresses 64 KiB of one byte to less than 1 KiB', () => {
    expect((lzfCompress('x'.repeat(65536), 65536) as string).length).toBeLessThan(1024)
  })
})

describe('lzfDecompress', () => {
  const bad: [name: string, stream: string, length: number][] = [
    ['literals beyond the stream', '0561', 6],
    ['literals beyond the length', '016161', 1],
    ['a match before the start', '00612005', 5],
    ['a match cut before its distance', '006120', 4],
    ['a long match cut before its length', '0061e0', 10],
    ['a match beyond the length', '00612000', 3],
    ['a stream that ends early', '0061', 2],
    ['nothing for something', '', 1],
  ]
  for (const [name, stream, length] of bad) {
    it(`refuses ${name}`, () => {
      expect(expand(unhex(stream), length)).toBeUndefined()
    })
  }

  it('copies byte by byte where source and target overlap', () => {
    expect(expand(unhex('00612000'), 4)).toBe('aaaa')
  })

  it('allocates nothing for a length the stream cannot reach', () => {
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 1000; i++) expect(expand('\x00a', 4 * 2 ** 30 - 1)).toBeUndefined()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })
})
