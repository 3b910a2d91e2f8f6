import {describe, expect, it} from 'vitest'
import {listCodec} from '../../../../src/lib/protocol/rdb/list.js'
import {RdbError, RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {encodeValue} from '../../../../src/lib/protocol/rdb/value.js'
import {ListValue} from '../../../../src/lib/server/values/list/list-value.js'

const unhex = (text: string): string => Buffer.from(text.replace(/\s/g, ''), 'hex').toString('latin1')
const read = (type: number, bytes: string): ListValue =>
  ListValue.fromRdb(listCodec.readers.get(type)!(new RdbReader(bytes)), -2)
const encode = (list: ListValue): string => encodeValue(list.toRdb(), {compress: true})

const ELEMENTS = ['a', '', '-5', '123456789012', 'x'.repeat(70), '\0\xff', '2024', 'y'.repeat(5000)]

describe('lists in RDB', () => {
  it.each<[string, number, string, string[]]>([
    ['strings', 1, '02 0161 0162', ['a', 'b']],
    ['a ziplist', 10, '10 10000000 0d000000 0200 00 0161 03 f2 ff', ['a', '1']],
    ['ziplists', 14, '02 0e 0e000000 0a000000 0100 00 0161 ff 0d 0d000000 0a000000 0100 00 f2 ff', ['a', '1']],
    ['a plain node and a listpack', 18, '02 01 0161 02 0a 0a000000 0100 816202 ff', ['a', 'b']],
    ['an empty listpack beside another', 18, '02 02 07 07000000 0000 ff 02 0a 0a000000 0100 816202 ff', ['b']],
  ])('reads %s', (_name, type, hex, expected) => {
    expect([...read(type, unhex(hex))]).toEqual(expected)
  })

  it.each([
    ['no elements', 1, '00'],
    ['no nodes', 18, '00'],
    ['an empty listpack alone', 18, '01 02 07 07000000 0000 ff'],
    ['an unknown container', 18, '01 03 0161'],
    ['a count nobody could send', 1, '81 ffffffffffffffff 0161'],
  ])('refuses %s', (_name, type, hex) => {
    expect(() => read(type, unhex(hex))).toThrow(RdbError)
  })

  it('reads what it wrote', () => {
    expect([...read(18, encode(ListValue.of(ELEMENTS, -2)))]).toEqual(ELEMENTS)
  })
})
