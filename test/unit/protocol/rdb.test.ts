import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {crc64} from '../../../src/lib/protocol/crc64.js'
import {checkDump, decodeDump, encodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import {RdbError, RdbReader} from '../../../src/lib/protocol/rdb/reader.js'
import {encodeLength, encodeString, readString} from '../../../src/lib/protocol/rdb/string.js'

const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')
const unhex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex').toString('latin1')
const compress = {compress: true}
const binary = fc.uint8Array({maxLength: 200}).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** A payload with a right footer around any body. */
const payloadOf = (body: string, version = '0a00') => {
  const text = unhex(body) + unhex(version)
  return text + crc64(text)
}

describe('RDB lengths', () => {
  const wire: [number, string][] = [
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16383, '7fff'],
    [16384, '8000004000'],
    [0xffff_ffff, '80ffffffff'],
    [0x1_0000_0000, '810000000100000000'],
    [2 ** 53 - 1, '81001fffffffffffff'],
  ]
  for (const [length, bytes] of wire) {
    it(`codes ${length}`, () => {
      expect(hex(encodeLength(length))).toBe(bytes)
      const reader = new RdbReader(unhex(bytes))
      expect(reader.length()).toBe(length)
      expect(reader.left).toBe(0)
    })
    it(`refuses ${length} cut short`, () => {
      for (let cut = 0; cut < bytes.length; cut += 2) {
        expect(() => new RdbReader(unhex(bytes.slice(0, cut))).length()).toThrow(RdbError)
      }
    })
  }

  it('refuses the length bytes nobody writes', () => {
    for (const byte of ['82', 'bf', 'c0', 'ff']) {
      expect(() => new RdbReader(unhex(`${byte}0000000000000000`)).length()).toThrow(RdbError)
    }
  })
})

describe('RDB strings', () => {
  const wire: [text: string, bytes: string][] = [
    ['0', 'c000'],
    ['-1', 'c0ff'],
    ['127', 'c07f'],
    ['-128', 'c080'],
    ['128', 'c18000'],
    ['-129', 'c17fff'],
    ['32767', 'c1ff7f'],
    ['32768', 'c200800000'],
    ['2147483647', 'c2ffffff7f'],
    ['-2147483648', 'c200000080'],
    ['2147483648', '0a32313437343833363438'],
    ['-2147483649', '0b2d32313437343833363439'],
    ['', '00'],
    ['01', '023031'],
    ['-0', '022d30'],
    ['+1', '022b31'],
    [' 1', '022031'],
    ['1e3', '03316533'],
    ['1.0', '03312e30'],
    ['-', '012d'],
  ]
  for (const [text, bytes] of wire) {
    it(`codes ${JSON.stringify(text)}`, () => {
      expect(hex(encodeString(text, true))).toBe(bytes)
      expect(readString(new RdbReader(unhex(bytes)))).toBe(text)
    })
  }

  it('compresses from 21 bytes on, if that saves four, and if told to', () => {
    expect(hex(encodeString('a'.repeat(20), true))).toBe(`14${'61'.repeat(20)}`)
    expect(hex(encodeString('a'.repeat(21), true)).slice(0, 2)).toBe('c3')
    expect(hex(encodeString('a'.repeat(21), false)).slice(0, 2)).toBe('15')
    expect(encodeString('abcdefghijklmnopqrstuvwxyz', true).length).toBe(27)
  })

  it('reads back what it wrote', () => {
    const text = fc.oneof(
      binary,
      fc.bigInt({min: -(2n ** 64n), max: 2n ** 64n}).map(String),
      fc.tuple(binary, fc.integer({min: 1, max: 500})).map(([part, count]) => part.repeat(count)),
    )
    fc.assert(
      fc.property(text, fc.boolean(), (value, compressed) => {
        const reader = new RdbReader(encodeString(value, compressed))
        expect(readString(reader)).toBe(value)
        expect(reader.left).toBe(0)
      }),
    )
  })
})

describe('DUMP payload', () => {
  const golden: [value: string, payload: string][] = [
    ['hello', '00 05 68656c6c6f 0a00 6372df766534200a'],
    ['123', '00 c07b 0a00 48e253e1007a67b9'],
  ]
  for (const [value, payload] of golden) {
    it(`gives and takes redis-server's bytes for ${value}`, () => {
      expect(hex(encodeDump(value, compress))).toBe(payload.replaceAll(' ', ''))
      expect(checkDump(unhex(payload))).toBe(true)
      expect(decodeDump(unhex(payload))).toBe(value)
    })
  }

  it('gives the bodies of redis-server for 12345 and a run', () => {
    expect(hex(encodeDump('12345', compress))).toMatch(/^00c139300a00/)
    expect(hex(encodeDump('a'.repeat(40), compress))).toMatch(/^00c30928016161e01b000161610a00/)
  })

  it('takes older versions, not newer ones', () => {
    expect(checkDump(payloadOf('000161', '0100'))).toBe(true)
    expect(checkDump(payloadOf('000161', '0b00'))).toBe(false)
    expect(checkDump(payloadOf('000161', '0001'))).toBe(false)
  })

  it('refuses one wrong bit anywhere, a zero checksum, and a cut', () => {
    const payload = encodeDump('some value', compress)
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const bytes = Buffer.from(payload, 'latin1')
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(checkDump(bytes.toString('latin1'))).toBe(false)
    }
    expect(checkDump(`${payload.slice(0, -8)}${'\0'.repeat(8)}`)).toBe(false)
    for (let cut = 0; cut < payload.length; cut++) expect(checkDump(payload.slice(0, cut))).toBe(false)
  })

  it('tolerates bytes after the value', () => {
    expect(decodeDump(payloadOf('0001610203'))).toBe('a')
  })

  const bad: [name: string, body: string][] = [
    ['nothing', ''],
    ['a type alone', '00'],
    ['an unknown type', 'c80161'],
    ['a string cut short', '000561'],
    ['a string of 4 GB', '0080ffffffff61'],
    ['a string of 2^64 bytes', '0081ffffffffffffffff61'],
    ['an unknown encoding', '00c4'],
    ['an integer cut short', '00c200'],
    ['LZF that claims 4 GB', '00c30280ffffffff0061'],
    ['LZF that claims more input than there is', '00c380ffffffff056161'],
    ['LZF of LZF lengths', '00c3c3c3'],
  ]
  for (const [name, body] of bad) {
    it(`refuses ${name}`, () => {
      const payload = payloadOf(body)
      expect(checkDump(payload)).toBe(true)
      expect(() => decodeDump(payload)).toThrow(RdbError)
    })
  }
})
