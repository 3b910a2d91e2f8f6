import {describe, expect, it} from 'vitest'
import {Crc64, crc64} from '../../../../src/lib/protocol/crc64.js'
import {RdbError} from '../../../../src/lib/protocol/rdb/reader.js'
import {type RdbItem, type RdbKey, RdbWalker} from '../../../../src/lib/protocol/rdb/walker.js'
import {SAMPLE_RDB} from './sample.js'

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

/** A whole file around a body in hex. */
function fileOf(body: string, magic = 'REDIS0010'): Buffer {
  const head = Buffer.concat([Buffer.from(magic), unhex(body), unhex('ff')])
  return Buffer.concat([head, Buffer.from(new Crc64().addBytes(head).digest(), 'latin1')])
}

function walk(chunks: Iterable<Uint8Array>, keepValues = true): RdbItem[] {
  const walker = new RdbWalker({keepValues})
  const items: RdbItem[] = []
  for (const chunk of chunks) {
    walker.push(chunk)
    for (let item = walker.next(); item; item = walker.next()) items.push(item)
  }
  walker.requireEnd()
  return items
}

function keysOf(items: readonly RdbItem[]): RdbKey[] {
  return items.filter((item): item is RdbKey => item.kind === 'key')
}

function* cutEvery(file: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}

const id = `${'00'.repeat(15)}01`
const ms = '00'.repeat(8)

/** [what, type, value without the type byte, version of its payload, magic] */
const VALUES: readonly [name: string, type: number, value: string, version: number, magic?: string][] = [
  ['string', 0, '03 616263', 9],
  ['string of 8, 16 and 32 bits', 2, '03 c07f c1ff7f c200800000', 9],
  ['compressed string', 0, 'c3 09 28 01 6161 e01b00 01 6161', 9],
  ['string with a length of 14 bits', 0, `4040 ${'61'.repeat(64)}`, 9],
  ['string with a length of 32 bits', 0, `8000000002 6161`, 9],
  ['string with a length of 64 bits', 0, `810000000000000002 6161`, 9],
  ['list', 1, '02 0161 0162', 9],
  ['empty list', 1, '00', 9],
  ['set', 2, '01 0161', 9],
  ['old sorted set', 3, '04 0161 03 312e35 0162 fd 0163 fe 0164 ff', 9],
  ['hash', 4, '02 0166 0176 0167 c001', 9],
  ['sorted set', 5, `01 0161 ${ms}`, 9],
  ['module', 7, `81 0102030405060708 01 05 02 8000000007 03 00000000 04 ${ms} 05 03616263 00`, 9],
  ['zipmap', 9, '03 010203', 9],
  ['ziplist', 10, '02 0102', 9],
  ['intset', 11, '02 0102', 9],
  ['sorted set in a ziplist', 12, '02 0102', 9],
  ['hash in a ziplist', 13, '02 0102', 9],
  ['quicklist of ziplists', 14, '02 020102 0161', 9],
  ['stream of Redis 5', 15, `01 10 ${id} 0161 01 02 03 01 0167 01 02 01 ${id} ${ms} 01 01 0163 ${ms} 01 ${id}`, 9],
  ['hash in a listpack', 16, '02 0102', 10],
  ['sorted set in a listpack', 17, '02 0102', 10],
  ['quicklist', 18, '02 01 0161 02 020102', 10],
  ['stream', 19, `00 01 02 03 04 05 06 07 08 01 0167 01 02 03 01 ${id} ${ms} 01 01 0163 ${ms} 01 ${id}`, 10],
  ['set in a listpack', 20, '02 0102', 11],
  [
    'stream of Redis 7.2',
    21,
    `00 01 02 03 04 05 06 07 08 01 0167 01 02 03 00 02 0163 ${ms}${ms} 00 0164 ${ms}${ms} 01 ${id}`,
    11,
  ],
  ['hash of Redis 7.4 RC', 22, '01 05 0166 0176', 12],
  ['packed hash of Redis 7.4 RC', 23, '02 0102', 12],
  ['hash with expiring fields', 24, `${ms} 02 00 0166 0176 4040 0167 0177`, 12],
  ['packed hash with expiring fields', 25, `${ms} 02 0102`, 12],
  ['hash of Valkey 9', 22, `02 0166 0176 ${ms} 0167 0177 ${'ff'.repeat(8)}`, 80, 'VALKEY080'],
]

describe('RdbWalker', () => {
  for (const [name, type, value, version, magic] of VALUES) {
    const typeByte = Buffer.of(type).toString('hex')
    // A second key behind it shows that the value ends where it should.
    const file = fileOf(`fe00 ${typeByte} 016b ${value} 00 0177 0178`, magic)
    const body = Buffer.concat([Buffer.of(type), unhex(value), Buffer.of(version, 0)]).toString('latin1')
    const expected = [
      {kind: 'key', database: 0, key: 'k', type, bytes: unhex(value).length, payload: body + crc64(body)},
      expect.objectContaining({kind: 'key', key: 'w', type: 0}),
    ]

    it(`finds the end of a ${name}`, () => {
      const items = walk([file])
      expect(keysOf(items)).toEqual(expected)
      expect(items.at(-1)).toEqual({kind: 'end', checksum: 'ok'})
    })

    it(`finds it at every cut: ${name}`, () => {
      for (let cut = 0; cut <= file.length; cut++) {
        expect(keysOf(walk([file.subarray(0, cut), file.subarray(cut)]))).toEqual(expected)
      }
      expect(keysOf(walk(cutEvery(file, 1)))).toEqual(expected)
    })

    it(`waits for more while it is cut short: ${name}`, () => {
      for (let cut = 0; cut < file.length; cut++) {
        expect(() => walk([file.subarray(0, cut)])).toThrow(/the file ends early/)
      }
    })
  }

  it('reads a file of a real server, in chunks of any size, with and without values', () => {
    const whole = walk([SAMPLE_RDB])
    expect(whole[0]).toEqual({kind: 'header', version: 10, valkey: false})
    expect(whole).toContainEqual({kind: 'aux', name: 'redis-ver', value: '7.0.15'})
    expect(whole).toContainEqual({kind: 'function', code: expect.stringMatching(/^#!lua name=lib1\n/)})
    expect(whole.at(-1)).toEqual({kind: 'end', checksum: 'ok'})
    const keys = keysOf(whole)
    expect(keys).toHaveLength(16)
    expect(keys.find(({key}) => key === 'exp')).toMatchObject({expireAtMs: 4_000_000_000_123, type: 0})
    expect(keys.filter(({expireAtMs}) => expireAtMs !== undefined)).toHaveLength(1)
    expect(keys.find(({key}) => key === 'other')).toMatchObject({database: 3})
    for (const size of [1, 7, 64]) {
      expect(walk(cutEvery(SAMPLE_RDB, size))).toEqual(whole)
      const bare = walk(cutEvery(SAMPLE_RDB, size), false)
      expect(bare).toEqual(whole.map((item) => (item.kind === 'key' ? withoutPayload(item) : item)))
    }
  })

  it('reads what else may stand before a key', () => {
    const file = fileOf(`f4 05 02 01  f3 0161 01 05 06  f7 05 02 02 01 05 05 0161 00  fb 01 00
      fd 01000000 f9 07 00 016b 0176  f8 4040 fc 0100000001000000 00 c07b 0177`)
    const items = walk(cutEvery(file, 1))
    expect(items.slice(1, -1)).toMatchObject([
      {kind: 'module-aux'},
      {kind: 'key', key: 'k', expireAtMs: 1000},
      {kind: 'key', key: '123', expireAtMs: 0x1_0000_0001},
    ])
  })

  it('tells a wrong checksum and one that was not computed', () => {
    const [wrong, none] = [Buffer.from(SAMPLE_RDB), Buffer.from(SAMPLE_RDB)]
    wrong[40] = (wrong[40] as number) ^ 1
    none.fill(0, none.length - 8)
    expect(walk([wrong]).at(-1)).toEqual({kind: 'end', checksum: 'wrong'})
    expect(walk([none]).at(-1)).toEqual({kind: 'end', checksum: 'none'})
  })

  it.each<[string, Buffer, RegExp]>([
    ['another file', Buffer.from('PK\x03\x04 not one of ours'), /not an RDB file/],
    ['a type nobody knows', fileOf('1a 016b 0176'), /unknown type 26 at 9/],
    ['a module value of a release candidate', fileOf('06 016b 00'), /unknown type 6 at 9/],
    ['a length byte nobody writes', fileOf('00 016b 82'), /unknown length byte 130 at 12/],
    ['an encoding nobody writes', fileOf('00 016b c5'), /unknown string encoding 197 at 12/],
    ['an encoded string for a length', fileOf('fe c001'), /a length wanted at 10/],
    ['a tag no module writes', fileOf('07 016b 01 09'), /unknown tag 9/],
    ['a key longer than any', fileOf('00 80f0000000'), /a string of 4026531840 bytes at 10/],
    ['bytes after the end', Buffer.concat([fileOf(''), Buffer.of(1)]), /bytes after the end, at 18/],
  ])('refuses %s', (_, file, words) => {
    expect(() => walk([file])).toThrow(RdbError)
    expect(() => walk(cutEvery(file, 1))).toThrow(words)
  })

  it('holds one chunk alone where values are not kept, and not more than twice the value where they are', () => {
    const value = Buffer.alloc(4_000_000, 97)
    const head = Buffer.concat([Buffer.from('REDIS0010'), unhex('00 016b 80'), Buffer.of(0, 0x3d, 9, 0)])
    const held = (keepValues: boolean) => {
      const walker = new RdbWalker({keepValues})
      let most = 0
      for (const chunk of [head, ...cutEvery(value, 65_536)]) {
        walker.push(chunk)
        walker.next()
        most = Math.max(most, walker.heldBytes)
      }
      return most
    }
    expect(held(false)).toBeLessThanOrEqual(65_536)
    expect(held(true)).toBeLessThanOrEqual(4_000_000)
  })
})

function withoutPayload({payload: _, ...key}: RdbKey): Omit<RdbKey, 'payload'> {
  return key
}
