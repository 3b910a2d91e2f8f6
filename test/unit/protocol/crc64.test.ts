import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Crc64, crc64} from '../../../src/lib/protocol/crc64.js'

const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')
const binary = fc.uint8Array({maxLength: 100}).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** The definition, bit by bit, with BigInt: slow and plain. */
function reference(text: string): string {
  let crc = 0n
  for (const byte of Buffer.from(text, 'latin1')) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(crc)
  return bytes.toString('latin1')
}

describe('crc64', () => {
  it('gives the check value of CRC-64/Jones, little-endian', () => {
    expect(hex(crc64('123456789'))).toBe('cad9b8c414d9c6e9')
  })

  it('agrees with the definition', () => {
    fc.assert(
      fc.property(binary, (text) => {
        expect(hex(crc64(text))).toBe(hex(reference(text)))
      }),
    )
  })

  it('does not depend on how the input is cut, nor on its kind', () => {
    fc.assert(
      fc.property(binary, fc.nat(), (text, at) => {
        const cut = at % (text.length + 1)
        const joined = new Crc64().addText(text, 0, cut).addBytes(Buffer.from(text.slice(cut), 'latin1'))
        expect(hex(joined.digest())).toBe(hex(crc64(text)))
      }),
    )
  })

  it('hashes a part of a string', () => {
    expect(crc64('..123456789.', 2, 11)).toBe(crc64('123456789'))
  })
})
