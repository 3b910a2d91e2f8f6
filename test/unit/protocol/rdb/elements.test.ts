import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {crc64} from '../../../../src/lib/protocol/crc64.js'
import {comparePayloads} from '../../../../src/lib/protocol/rdb/compare.js'
import {libraryOf, readFunctionDump} from '../../../../src/lib/protocol/rdb/function-dump.js'
import {
  intsetElements,
  listpackElements,
  ziplistElements,
  zipmapElements,
} from '../../../../src/lib/protocol/rdb/packed.js'
import {RdbError} from '../../../../src/lib/protocol/rdb/reader.js'

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex').toString('latin1')
const payload = (hex: string, version = '0a00') => {
  const text = unhex(hex) + unhex(version)
  return text + crc64(text)
}
/** An encoded string around bytes in hex. */
const blob = (hex: string) => {
  const bytes = hex.replaceAll(' ', '')
  return `${(bytes.length / 2).toString(16).padStart(2, '0')} ${bytes}`
}

/** 32 bits, little-endian. */
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.toString('hex')
}
/** @param entries - with their back-lengths */
const listpack = (count: string, entries: string) => {
  const bytes = entries.replaceAll(' ', '')
  return `${uint32(bytes.length / 2 + 7)} ${count} ${bytes} ff`
}
/** @param entries - without the length of the one before, which is put in front of each */
const ziplist = (...entries: string[]) => {
  let body = ''
  let previous = 0
  let tail = 10
  for (const entry of entries) {
    tail += previous
    const link = previous < 0xfe ? previous.toString(16).padStart(2, '0') : `fe${uint32(previous)}`
    const bytes = link + entry.replaceAll(' ', '')
    previous = bytes.length / 2
    body += bytes
  }
  const count = entries.length.toString(16).padStart(2, '0')
  return `${uint32(body.length / 2 + 11)} ${uint32(tail)} ${count}00 ${body} ff`
}

const HASH_LISTPACK = '12000000 0400 816602 817602 816e02 0101 ff'
const ZIPLIST = ziplist('0166', '0176', '016e', 'f2')
const ID = '00'.repeat(16)
const MS = '00'.repeat(8)
const ONE = '000000000000f03f'

describe('packed elements', () => {
  it.each<[string, string[], () => string[]]>([
    ['a listpack of strings and small integers', ['f', 'v', 'n', '1'], () => listpackElements(unhex(HASH_LISTPACK))],
    [
      'a listpack of all integers',
      ['127', '128', '-4097', '-1', '8388607', '-2147483648', '9223372036854775807'],
      () =>
        listpackElements(
          unhex(listpack('0700', `7f01 c08002 f1ffef03 dfff02 f2ffff7f04 f30000008005 f4ffffffffffffff7f09`)),
        ),
    ],
    [
      'a listpack of long strings',
      ['a'.repeat(300), 'b'.repeat(5000)],
      () =>
        listpackElements(unhex(listpack('0200', `e12c ${'61'.repeat(300)} 02ae f088130000 ${'62'.repeat(5000)} 278d`))),
    ],
    ['a ziplist', ['f', 'v', 'n', '1'], () => ziplistElements(unhex(ZIPLIST))],
    [
      'a ziplist of all integers',
      ['-2', '-3', '-4', '-5', '-6', '12'],
      () => ziplistElements(unhex(ziplist('c0feff', 'd0fdffffff', 'e0fcffffffffffffff', 'f0fbffff', 'fefa', 'fd'))),
    ],
    [
      'a ziplist of long strings',
      ['a'.repeat(300), 'b'],
      () => ziplistElements(unhex(ziplist(`412c ${'61'.repeat(300)}`, '8000000001 62'))),
    ],
    ['an intset', ['-1', '2', '300000'], () => intsetElements(unhex('04000000 03000000 ffffffff 02000000 e0930400'))],
    ['a zipmap', ['f', 'v', 'g', ''], () => zipmapElements(unhex('02 0166 010276 0000 0167 0000 ff'))],
  ])('reads %s', (_, elements, read) => {
    expect(read()).toEqual(elements)
  })

  it.each<[string, () => string[]]>([
    ['a listpack without end', () => listpackElements(unhex('08000000 0100 8161'))],
    ['an unknown listpack encoding', () => listpackElements(unhex(listpack('0100', 'f501')))],
    ['a listpack that says another length', () => listpackElements(unhex('09000000 0100 0101 ff ff'))],
    ['a listpack that says another number', () => listpackElements(unhex(listpack('0200', '0101')))],
    ['a listpack with a wrong back-length', () => listpackElements(unhex(listpack('0100', '816103')))],
    ['an unknown ziplist encoding', () => ziplistElements(unhex(ziplist('81')))],
    ['a ziplist with a broken link', () => ziplistElements(unhex('10000000 0d000000 0200 000161 04f1 ff'))],
    ['a ziplist with another tail', () => ziplistElements(unhex('0f000000 0a000000 0200 000161 03f1 ff'))],
    ['an intset with more behind it', () => intsetElements(unhex('02000000 01000000 0100 02'))],
    ['a zipmap with more behind it', () => zipmapElements(unhex('01 0166 010076 ff 00'))],
    ['an intset of odd width', () => intsetElements(unhex('03000000 01000000 000000'))],
    ['an intset that says more than it holds', () => intsetElements(unhex('02000000 ffffffff 0000'))],
  ])('refuses %s', (_, read) => {
    expect(read).toThrow(RdbError)
  })
})

/** Groups of payloads that hold the same; any two of different groups differ. */
const SAME: readonly (readonly [name: string, ...payloads: string[]])[] = [
  ['string', payload('00 c07b'), payload('00 03 313233'), payload('00 03 313233', '0900')],
  ['long string', payload(`00 28 ${'61'.repeat(40)}`), payload('00 c3 09 28 01 6161 e01b00 01 6161')],
  [
    'list',
    payload('01 04 0166 0176 016e c001'),
    payload(`0a ${blob(ZIPLIST)}`),
    payload(`0e 01 ${blob(ZIPLIST)}`),
    payload(`12 02 01 0166 02 ${blob(listpack('0300', '817602 816e02 0101'))}`),
  ],
  [
    'sorted set',
    payload(`05 01 0161 000000000000f07f`),
    payload('03 01 0161 fe'),
    payload('03 01 0161 03 696e66'),
    payload(`11 ${blob(listpack('0200', '816102 88696e66696e69747909'))}`),
  ],
  [
    'stream without entries',
    payload('13 00 00 0500 0000 0000 00 00'),
    payload('13 00 00 81 0000000000000005 00 0000 0000 00 00'),
  ],
  ['list in another order', payload('01 04 0166 0176 c001 016e')],
  [
    'set',
    payload('02 02 c001 c002'),
    payload('02 02 c002 c001'),
    payload(`0b ${blob('02000000 02000000 0100 0200')}`),
    payload(`14 ${blob(listpack('0200', '0201 0101'))}`, '0b00'),
  ],
  [
    'hash',
    payload('04 02 0166 0176 016e c001'),
    payload('04 02 016e c001 0166 0176'),
    payload(`10 ${blob(HASH_LISTPACK)}`),
    payload(`0d ${blob(ZIPLIST)}`),
    payload(`18 ${MS} 02 00 0166 0176 00 016e 0131`, '0c00'),
    payload(`16 02 0166 0176 ${'ff'.repeat(8)} 016e 0131 ${'ff'.repeat(8)}`, '5000'),
  ],
  [
    'hash with a field that expires',
    payload(`18 e803000000000000 02 01 0166 0176 00 016e 0131`, '0c00'),
    payload(`16 02 43e8 0166 0176 00 016e 0131`, '0c00'),
    payload(`19 e803000000000000 ${blob(listpack('0600', '816602 817602 c3e802 816e02 0101 0001'))}`, '0c00'),
    payload(`17 ${blob(listpack('0600', '816602 817602 c3e802 816e02 0101 0001'))}`, '0c00'),
    payload(`16 02 0166 0176 e803000000000000 016e 0131 ${'ff'.repeat(8)}`, '5000'),
  ],
  ['hash whose pair reads alike', payload('04 01 026631 0176'), payload(`0d ${blob(ziplist('026631', '0176'))}`)],
  [
    'sorted set',
    payload(`05 02 0161 ${ONE} 0162 000000000000f07f`),
    payload('03 02 0162 fe 0161 01 31'),
    payload(`11 ${blob(listpack('0400', '816102 0101 816202 83696e6604'))}`),
    payload(`0c ${blob(ziplist('0161', 'f2', '0162', '03696e66'))}`),
  ],
  ['sorted set with another score', payload(`05 02 0161 ${ONE} 0162 ${ONE}`)],
  [
    'stream',
    payload(`13 00 01 02 03 04 05 06 07 08 01 0167 01 02 03 01 ${ID} ${MS} 01 01 0163 ${MS} 01 ${ID}`),
    payload(`15 00 01 02 03 04 05 06 07 08 01 0167 01 02 03 01 ${ID} ${MS} 01 01 0163 ${MS}${ONE} 01 ${ID}`, '0b00'),
  ],
  ['stream with another group', payload(`13 00 01 02 03 04 05 06 07 08 01 0167 01 02 04 00 00`)],
]

const sameDump = (a: string, b: string) => comparePayloads(a, b) === 'same'

describe('comparePayloads, by elements', () => {
  for (const [name, ...group] of SAME) {
    it(`tells a ${name} from all others, however it is encoded`, () => {
      const others = SAME.filter(([other]) => other !== name).flatMap(([, ...rest]) => rest)
      for (const one of group) {
        expect(group.map((other) => sameDump(one, other))).toEqual(group.map(() => true))
        expect(others.filter((other) => sameDump(one, other))).toEqual([])
      }
    })
  }

  it('compares what an old stream does not tell with nothing', () => {
    const old = payload(`0f 00 01 02 03 01 0167 01 02 01 ${ID} ${MS} 01 01 0163 ${MS} 01 ${ID}`)
    expect(sameDump(old, (SAME.find(([name]) => name === 'stream') as readonly string[])[1] as string)).toBe(true)
    expect(sameDump(old, payload('0f 00 01 02 04 00'))).toBe(false)
  })

  it('says so of a value it cannot read, and never throws', () => {
    fc.assert(
      fc.property(fc.nat({max: 25}), fc.uint8Array({maxLength: 40}), fc.uint8Array({maxLength: 40}), (type, a, b) => {
        const [left, right] = [a, b].map((bytes) => Buffer.of(type, ...bytes).toString('latin1')) as [string, string]
        expect(['same', 'different', 'unclear']).toContain(comparePayloads(left, right))
      }),
    )
    expect(comparePayloads(payload('07 05 00'), payload('07 05 01 01 00'))).toBe('unclear')
  })
})

describe('function dumps', () => {
  it('reads each library with its name', () => {
    const dump = payload(
      `f5 ${blob(Buffer.from('#!lua name=one\nx').toString('hex'))} f5 ${blob(Buffer.from('#!js api=1 name=two\ny').toString('hex'))}`,
    )
    expect(readFunctionDump(dump)).toEqual([
      {name: 'one', code: '#!lua name=one\nx'},
      {name: 'two', code: '#!js api=1 name=two\ny'},
    ])
    expect(readFunctionDump(payload(''))).toEqual([])
  })

  it('refuses what is none', () => {
    expect(() => readFunctionDump(payload('00 0161'))).toThrow(RdbError)
    expect(() => libraryOf('return 1')).toThrow(RdbError)
  })
})
