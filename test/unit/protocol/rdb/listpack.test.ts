import {describe, expect, it} from 'vitest'
import {encodeListpack, listpackEntry, listpackEntryBytes} from '../../../../src/lib/protocol/rdb/listpack.js'
import {listpackElements} from '../../../../src/lib/protocol/rdb/packed.js'

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex')

describe('listpack writer', () => {
  it.each([
    ['0', '0001'],
    ['127', '7f01'],
    ['128', 'c08002'],
    ['-1', 'dfff02'],
    ['4095', 'cfff02'],
    ['-4096', 'd00002'],
    ['-4097', 'f1ffef03'],
    ['32768', 'f200800004'],
    ['8388608', 'f30000800005'],
    ['-2147483649', 'f4ffffff7fffffffff09'],
    ['9223372036854775807', 'f4ffffffffffffff7f09'],
    ['-9223372036854775808', 'f4000000000000008009'],
    ['9223372036854775808', '9339323233333732303336383534373735383038'.concat('14')],
    ['', '8001'],
    ['-0', '822d3003'],
    ['01', '82303103'],
    ['1e3', '8331653304'],
    ['a', '816102'],
  ])('writes %s as redis-server does', (text, expected) => {
    expect(hex(listpackEntry(text))).toBe(expected)
  })

  it('counts the bytes of an entry without making it, at every limit of the lengths', () => {
    for (const length of [0, 1, 63, 64, 125, 126, 127, 4095, 4096, 16377, 16378, 16379, 2097145, 2097146, 2097147]) {
      const text = 'x'.repeat(length)
      const entry = listpackEntry(text)
      expect({bytes: entry.length, length}).toEqual({bytes: listpackEntryBytes(text), length})
    }
  })

  it('takes three bytes of back-length at 16383 already', () => {
    expect(hex(listpackEntry('x'.repeat(16_378)).slice(-3))).toBe('00ffff')
  })

  it('is read back', () => {
    // The last ones are how JavaScript writes integers beyond 1e21.
    const elements = [
      '',
      'a',
      '-5',
      '1e+21',
      '-1e+40',
      '123456789012',
      '999999999999999',
      '-1234567890123456',
      'x'.repeat(70),
      '\0\xff',
    ]
    expect(listpackElements(encodeListpack(elements))).toEqual(elements)
    const many = Array.from({length: 70_000}, (_, i) => String(i))
    const blob = encodeListpack(many)
    expect(hex(blob.slice(4, 6))).toBe('ffff')
    expect(listpackElements(blob)).toEqual(many)
  })
})
