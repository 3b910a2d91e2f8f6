import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {Crc64} from '../../../../src/lib/protocol/crc64.js'
import {RdbFileReader} from '../../../../src/lib/protocol/rdb/file-reader.js'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {RdbError} from '../../../../src/lib/protocol/rdb/reader.js'
import {encodeString} from '../../../../src/lib/protocol/rdb/string.js'
import {cutEvery, keysOf, readRdb} from '../../../support/rdb-file.js'
import {SAMPLE_RDB} from './sample.js'

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')

/** A whole file around a body in hex. */
function fileOf(body: string, version = '0010'): Buffer {
  const head = Buffer.concat([Buffer.from(`REDIS${version}`), unhex(body), unhex('ff')])
  if (Number(version) < 5) return head
  return Buffer.concat([head, Buffer.from(new Crc64().addBytes(head).digest(), 'latin1')])
}

const facts = {database: 0, expireAtMs: undefined, frequency: undefined, idleSeconds: undefined, kind: 'key'} as const
const ms = '00'.repeat(8)
const packed = (...elements: string[]) => hex(encodeString(encodeListpack(elements), false))
const hash = (...pairs: string[]) => ({encoding: 'hashtable', pairs, type: 'hash'})
const members = (...names: string[]) => ({encoding: 'hashtable', members: names, type: 'set'})

/** [what, version, type byte and key and value, value] */
const VALUES: readonly [name: string, version: string, body: string, value: unknown][] = [
  ['string of version 1', '0001', '00 016b 03 616263', 'abc'],
  ['integer', '0006', '00 016b c07b', '123'],
  ['compressed string', '0006', '00 016b c3 09 28 01 6161 e01b00 01 6161', 'a'.repeat(40)],
  ['list', '0002', '01 016b 02 0161 0162', {elements: ['a', 'b'], nodes: [], type: 'list'}],
  ['set', '0003', '02 016b 02 0161 0162', members('a', 'b')],
  [
    'old sorted set',
    '0004',
    '03 016b 02 0161 03 312e35 0162 fe',
    {isPacked: false, members: ['a', 'b'], scores: [1.5, Number.POSITIVE_INFINITY], type: 'zset'},
  ],
  ['hash', '0005', '04 016b 01 0166 0176', hash('f', 'v')],
  ['zipmap', '0002', '09 016b 07 01 0166 010076 ff', hash('f', 'v')],
  ['set in a listpack', '0011', `14 016b ${packed('a', '5')}`, members('a', '5')],
  ['hash of 7.4 without times', '0012', `18 016b ${ms} 01 00 0166 0176`, hash('f', 'v')],
  ['packed hash of 7.4 without times', '0012', `19 016b ${ms} ${packed('f', 'v', '0')}`, hash('f', 'v')],
  ['hash of a release candidate of 7.4', '0012', '16 016b 01 00 0166 0176', hash('f', 'v')],
  ['packed hash of a release candidate of 7.4', '0012', `17 016b ${packed('f', 'v', '0')}`, hash('f', 'v')],
]

describe('RdbFileReader', () => {
  for (const [name, version, body, value] of VALUES) {
    it(`reads a ${name}, however it is cut`, () => {
      const file = fileOf(`fe00 ${body} 00 0177 0178`, version)
      const expected = [
        {...facts, key: 'k', value},
        {...facts, key: 'w', value: 'x'},
      ]
      expect(keysOf(readRdb([file]))).toEqual(expected)
      for (let cut = 0; cut <= file.length; cut++) {
        expect(keysOf(readRdb([file.subarray(0, cut), file.subarray(cut)]))).toEqual(expected)
      }
      const items = readRdb(cutEvery(file, 1))
      expect(keysOf(items)).toEqual(expected)
      expect(items.at(-1)).toEqual({checksum: Number(version) < 5 ? 'none' : 'ok', kind: 'end'})
    })
  }

  it('reads a file of a real server alike in chunks of any size', () => {
    const whole = readRdb([SAMPLE_RDB])
    expect(whole[0]).toEqual({kind: 'header', version: 10})
    expect(whole).toContainEqual({kind: 'database', index: 3})
    expect(whole).toContainEqual({expiresSize: 1, kind: 'sizes', size: 15})
    expect(keysOf(whole)).toHaveLength(16)
    for (const size of [1, 2, 7, 64]) expect(readRdb(cutEvery(SAMPLE_RDB, size))).toEqual(whole)
  })

  it('reads what stands before a key, and forgets it behind', () => {
    const file = fileOf(
      'fd 01000000 f9 07 00 016b 0176  f8 4040 fc 0100000001000000 00 c07b 0177 f4 05 02 01 00 016c 00',
    )
    expect(keysOf(readRdb(cutEvery(file, 1)))).toEqual([
      {...facts, expireAtMs: 1000, frequency: 7, key: 'k', value: 'v'},
      {...facts, expireAtMs: 0x1_0000_0001, idleSeconds: 64, key: '123', value: 'w'},
      {...facts, key: 'l', value: ''},
    ])
  })

  it('reads functions, those of release candidates too', () => {
    const file = fileOf('f5 0161  f6 0162 034c5541 01 0164 0163  f6 0162 034c5541 00 0163')
    expect(readRdb(cutEvery(file, 1)).slice(1, -1)).toEqual([
      {code: 'a', kind: 'function'},
      {code: '#!lua name=b\nc', kind: 'function'},
      {code: '#!lua name=b\nc', kind: 'function'},
    ])
  })

  it('passes over keys without elements', () => {
    const file = fileOf(`fd 01000000 01 016b 00 02 016c 00 04 016d 00 05 016e 00 10 016f ${packed()} 00 0170 0176`)
    const items = readRdb(cutEvery(file, 1))
    expect(items.slice(1, -2)).toEqual([...'klmno'].map((key) => ({key, kind: 'empty-key'})))
    expect(items.at(-2)).toEqual({...facts, key: 'p', value: 'v'})
  })

  it('leaves alone what stands behind the end', () => {
    const reader = new RdbFileReader({checksum: true})
    reader.push(Buffer.concat([SAMPLE_RDB, Buffer.from('*1\r\n')]))
    while (reader.next() !== undefined);
    reader.requireEnd()
    expect(reader.offset).toBe(SAMPLE_RDB.length)
    expect(Buffer.from(reader.rest()).toString()).toBe('*1\r\n')
  })

  it('compares the checksum only if it is to and there is one', () => {
    const [wrong, none] = [Buffer.from(SAMPLE_RDB), Buffer.from(SAMPLE_RDB)]
    wrong[wrong.length - 1]! ^= 1
    none.fill(0, none.length - 8)
    expect(() => readRdb([wrong])).toThrow(
      /^Wrong RDB checksum expected: \(511db4a84bbc059a\) but got \(501d[0-9a-f]+\)/,
    )
    expect(readRdb([wrong], false).at(-1)).toEqual({checksum: 'unchecked', kind: 'end'})
    expect(readRdb([none]).at(-1)).toEqual({checksum: 'none', kind: 'end'})
  })

  /** Nine characters of six bits, ten bits of a version. */
  const moduleId = (name: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    let id = 0n
    for (const character of name) id = (id << 6n) | BigInt(alphabet.indexOf(character))
    return `81 ${((id << 10n) | 3n).toString(16).padStart(16, '0')}`
  }
  const REJSON = moduleId('ReJSON-RL')
  it.each<[string, Buffer, RegExp]>([
    ['another file', Buffer.from('PK\x03\x04 not one of ours'), /Wrong signature trying to load DB from file/],
    ['a later version', fileOf('', '0013'), /Can't handle RDB format version 13/],
    ['a version 0', fileOf('', '0000'), /Can't handle RDB format version 0/],
    ['a type nobody knows', fileOf('1a 016b 0176'), /Unknown RDB encoding type 26, at 9/],
    ['a module of a release candidate', fileOf('06 016b 00'), /Pre-release module format not supported/],
    ['a value of a module', fileOf(`07 016b ${REJSON} 05 0161 00`), /no matching module type 'ReJSON-RL'/],
    [
      'data of a module',
      fileOf(`f7 ${REJSON} 02 02 05 0161 00`),
      /AUX module data I can't load: no matching module 'ReJSON-RL'/,
    ],
    ['a field that expires', fileOf(`18 016b ${ms} 01 05 0166 0176`, '0012'), /a field that expires/],
    ['a packed field that expires', fileOf(`19 016b ${ms} ${packed('f', 'v', '5')}`, '0012'), /a field that expires/],
    ['a packed hash without times', fileOf(`19 016b ${ms} ${packed('f', 'v')}`, '0012'), /of 2 strings/],
    ['a length byte nobody writes', fileOf('00 016b 82'), /unknown length byte 130/],
    ['an encoding nobody writes', fileOf('00 016b c5'), /unknown string encoding 197/],
    ['an encoded string for a length', fileOf('fe c001'), /a length wanted/],
    ['a string longer than any', fileOf('00 016b 80f0000000'), /a string of 4026531840 bytes at 12/],
    ['a compressed string longer than any', fileOf('00 016b c3 80f0000000 01'), /a string of 4026531840 bytes at 12/],
    ['a bad stream', fileOf('00 016b c3 01 40ff 00'), /bad LZF stream/],
    ['a value that is wrong inside', fileOf('05 016b 01 0161 000000000000f87f'), /a score that is no number/],
  ])('refuses %s', (_, file, words) => {
    expect(() => readRdb([file])).toThrow(RdbError)
    expect(() => readRdb(cutEvery(file, 1))).toThrow(words)
  })

  it('says that the end is missing wherever a file is cut', () => {
    for (let cut = 0; cut < SAMPLE_RDB.length; cut++) {
      expect(() => readRdb([SAMPLE_RDB.subarray(0, cut)])).toThrow(/^Unexpected EOF reading RDB file$/)
    }
  })

  it('meets every mutation with items or RdbError, alike in whole and in chunks', () => {
    const rng = seededRng(11)
    const outcome = (chunks: Iterable<Uint8Array>): unknown => {
      try {
        return readRdb(chunks, false)
      } catch (error) {
        expect(error).toBeInstanceOf(RdbError)
        return 'refused'
      }
    }
    let refused = 0
    for (let i = 0; i < MUTATIONS; i++) {
      const file = Buffer.from(SAMPLE_RDB)
      for (let left = 1 + rng.below(3); left > 0; left--) file[9 + rng.below(file.length - 9)] = rng.below(256)
      const whole = outcome([file])
      expect(outcome(cutEvery(file, 1 + rng.below(100)))).toEqual(whole)
      if (whole === 'refused') refused++
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 5)
  })

  it('holds one chunk, or the one value that is longer', () => {
    const value = Buffer.alloc(4_000_000, 97)
    const head = Buffer.concat([Buffer.from('REDIS0010'), unhex('00 016b 80'), Buffer.of(0, 0x3d, 9, 0)])
    const reader = new RdbFileReader({checksum: false})
    let most = 0
    for (const chunk of [head, ...cutEvery(value, 65_536), ...cutEvery(SAMPLE_RDB.subarray(9), 64)]) {
      reader.push(chunk)
      most = Math.max(most, reader.heldBytes)
      while (reader.next() !== undefined);
    }
    reader.requireEnd()
    expect(most).toBeLessThanOrEqual(4_000_000 + 65_536)
    expect(reader.offset).toBe(head.length + value.length + SAMPLE_RDB.length - 9)
    expect(reader.heldBytes).toBeLessThan(64)
  })

  it('believes no length before the bytes are there', () => {
    const reader = new RdbFileReader({checksum: true})
    reader.push(Buffer.concat([Buffer.from('REDIS0010'), unhex('02 016b 81 7fffffffffffffff 0161')]))
    expect(reader.next()).toEqual({kind: 'header', version: 10})
    for (let i = 0; i < 1000; i++) {
      reader.push(unhex('0162'))
      expect(reader.next()).toBeUndefined()
    }
    expect(reader.heldBytes).toBeLessThan(3000)
  })
})

/** `FUZZ=N` for a long run: N times as many. */
const MUTATIONS = 2000 * Number(process.env['FUZZ'] ?? 1)
