import {describe, expect, it} from 'vitest'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {RdbError, RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {encodeString} from '../../../../src/lib/protocol/rdb/string.js'
import {encodeValue, type RdbValue, readValue, typeOf} from '../../../../src/lib/protocol/rdb/value.js'
import type {ZsetRdb} from '../../../../src/lib/protocol/rdb/zset.js'
import {Config} from '../../../../src/lib/server/config/config.js'
import {valueFromRdb} from '../../../../src/lib/server/keyspace/from-rdb.js'

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex').toString('latin1')
const read = (type: number, bytes: string): RdbValue => readValue(type, new RdbReader(bytes))
/** As the keyspace keeps it: that nothing is there twice shows here. */
const build = (value: RdbValue) => valueFromRdb(value, new Config().values)
const inString = (blob: string) => encodeString(blob, false)

const ZSET = 3
const ZSET_2 = 5
const ZIPLIST = 12
const LISTPACK = 17

function zset(isPacked: boolean, ...pairs: (readonly [string, number])[]): ZsetRdb {
  return {isPacked, members: pairs.map(([member]) => member), scores: pairs.map(([, score]) => score), type: 'zset'}
}

const VALID: readonly (readonly [name: string, type: number, bytes: string, value: ZsetRdb])[] = [
  [
    'scores as text',
    ZSET,
    unhex('04 0161 03312e35 0162 fe 0163 ff c005 022d30'),
    zset(false, ['a', 1.5], ['b', Number.POSITIVE_INFINITY], ['c', Number.NEGATIVE_INFINITY], ['5', -0]),
  ],
  [
    'scores as bytes',
    ZSET_2,
    unhex('02 0162 0000000000000440 0161 000000000000f03f'),
    zset(false, ['b', 2.5], ['a', 1]),
  ],
  ['a ziplist, of 6.2', ZIPLIST, inString(unhex('10000000 0d000000 0200 00 0166 03 f2 ff')), zset(true, ['f', 1])],
  [
    'a listpack',
    LISTPACK,
    inString(encodeListpack(['a', '1', 'b', '2.5', 'c', 'inf'])),
    zset(true, ['a', 1], ['b', 2.5], ['c', Number.POSITIVE_INFINITY]),
  ],
]

const INVALID: readonly (readonly [name: string, type: number, bytes: string])[] = [
  ['nothing', ZSET_2, '\0'],
  ['an empty listpack', LISTPACK, inString(encodeListpack([]))],
  ['a member twice', ZSET_2, unhex('02 0161 000000000000f03f 0161 0000000000000040')],
  ['a member twice in a listpack', LISTPACK, inString(encodeListpack(['a', '1', 'a', '2']))],
  ['a member without score', LISTPACK, inString(encodeListpack(['a', '1', 'b']))],
  ['a score that is a word', LISTPACK, inString(encodeListpack(['a', 'b']))],
  ['no number', ZSET_2, unhex('01 0161 000000000000f87f')],
  ['no number in text', ZSET, unhex('01 0161 fd')],
  ['no number as a word', LISTPACK, inString(encodeListpack(['a', 'nan']))],
  ['more than there can be', ZSET_2, unhex('80ffffffff 0161 000000000000f03f')],
]

const SAMPLES: readonly ZsetRdb[] = [
  zset(true, ['a', -1.5], ['b', 0], ['x'.repeat(80), 1e300]),
  zset(false, ['', Number.NEGATIVE_INFINITY], ['5', 0.1], ['x'.repeat(80), 2 ** 60]),
]

describe('sorted sets in RDB', () => {
  it.each(VALID)('reads %s', (_, type, bytes, value) => {
    expect(read(type, bytes)).toEqual(value)
  })

  it.each(INVALID)('refuses %s', (_, type, bytes) => {
    expect(() => build(read(type, bytes))).toThrow(RdbError)
  })

  it('writes what it reads, highest score first where it is not packed', () => {
    for (const value of SAMPLES) {
      for (const compress of [true, false]) {
        const {isPacked, members, scores} = value
        const expected = isPacked ? value : {...value, members: members.toReversed(), scores: scores.toReversed()}
        expect(read(typeOf(value), encodeValue(value, {compress}))).toEqual(expected)
      }
    }
  })
})
