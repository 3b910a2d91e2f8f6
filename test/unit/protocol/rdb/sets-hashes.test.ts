import {describe, expect, it} from 'vitest'
import type {RdbHash} from '../../../../src/lib/protocol/rdb/hash.js'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {RdbError, RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import type {RdbSet} from '../../../../src/lib/protocol/rdb/set.js'
import {encodeString} from '../../../../src/lib/protocol/rdb/string.js'
import {encodeValue, type RdbValue, readValue, typeOf} from '../../../../src/lib/protocol/rdb/value.js'
import {Config} from '../../../../src/lib/server/config/config.js'
import {valueFromRdb} from '../../../../src/lib/server/keyspace/from-rdb.js'

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex').toString('latin1')
const read = (type: number, bytes: string): RdbValue => readValue(type, new RdbReader(bytes))
/** As the keyspace keeps it: that nothing is there twice shows here. */
const build = (value: RdbValue) => valueFromRdb(value, new Config().values)
const inString = (blob: string) => encodeString(blob, false)

const SET = 2
const HASH = 4
const ZIPMAP = 9
const INTSET = 11
const HASH_ZIPLIST = 13
const HASH_LISTPACK = 16
const SET_LISTPACK = 20

const ZIPLIST = unhex('16000000 13000000 0400 00 0166 03 0176 03 016e 03 f2 ff')
const loose = (...pairs: string[]) => ({encoding: 'hashtable', pairs, type: 'hash'})
const members = (...all: string[]) => ({encoding: 'hashtable', members: all, type: 'set'})

const VALID: readonly (readonly [name: string, type: number, bytes: string, value: unknown])[] = [
  ['a set', SET, unhex('02 0161 c005'), members('a', '5')],
  ['a set in a listpack, of 7.2', SET_LISTPACK, inString(encodeListpack(['a', '5'])), members('a', '5')],
  ['a hash', HASH, unhex('01 0166 0176'), loose('f', 'v')],
  ['a zipmap, of 2.6', ZIPMAP, inString(unhex('02 0166 010276 0000 0167 0000 ff')), loose('f', 'v', 'g', '')],
  ['a hash in a ziplist, of 6.2', HASH_ZIPLIST, inString(ZIPLIST), loose('f', 'v', 'n', '1')],
  [
    'a hash in a listpack whose integers are text',
    HASH_LISTPACK,
    inString(unhex('0d000000 0200 816602 813102 ff')),
    {encoding: 'listpack', entries: unhex('816602 0101'), size: 1, type: 'hash'},
  ],
]

const INVALID: readonly (readonly [name: string, type: number, bytes: string])[] = [
  ['an empty set', SET, '\0'],
  ['a member twice', SET, unhex('02 0161 0161')],
  ['a member twice, once as integer', SET, unhex('02 0131 c001')],
  ['fewer members than said', SET, unhex('03 0161 0162')],
  ['more members than there can be', SET, unhex('80ffffffff 0161')],
  ['an empty intset', INTSET, inString(unhex('02000000 00000000'))],
  ['an intset out of order', INTSET, inString(unhex('02000000 02000000 0200 0100'))],
  ['an integer twice', INTSET, inString(unhex('02000000 02000000 0200 0200'))],
  ['negative integers out of order', INTSET, inString(unhex('02000000 02000000 0100 ffff'))],
  ['an empty hash', HASH, '\0'],
  ['a field twice', HASH, unhex('02 0166 0176 0166 0177')],
  ['a field without value', HASH_LISTPACK, inString(encodeListpack(['f', 'v', 'g']))],
  ['a field twice in a listpack', HASH_LISTPACK, inString(encodeListpack(['f', 'v', 'f', 'w']))],
  ['an empty listpack', HASH_LISTPACK, inString(encodeListpack([]))],
  ['an empty zipmap', ZIPMAP, inString(unhex('00 ff'))],
]

const SAMPLES: readonly (RdbHash | RdbSet)[] = [
  {blob: unhex('04000000 03000000 ffffffff 02000000 e0930400'), encoding: 'intset', type: 'set'},
  {encoding: 'hashtable', members: ['a', '', '5', 'x'.repeat(100)], type: 'set'},
  {encoding: 'hashtable', pairs: ['a', '', '5', 'x'.repeat(100)], type: 'hash'},
  {encoding: 'listpack', entries: unhex('816602 0101'), size: 1, type: 'hash'},
]

describe('sets and hashes in RDB', () => {
  it.each(VALID)('reads %s', (_, type, bytes, value) => {
    expect(read(type, bytes)).toEqual(value)
  })

  it.each(INVALID)('refuses %s', (_, type, bytes) => {
    expect(() => build(read(type, bytes))).toThrow(RdbError)
  })

  it('writes what it reads', () => {
    for (const value of SAMPLES) {
      for (const compress of [true, false]) {
        expect(read(typeOf(value), encodeValue(value, {compress}))).toEqual(value)
      }
    }
  })
})
