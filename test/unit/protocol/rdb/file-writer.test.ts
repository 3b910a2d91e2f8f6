import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CHUNK_BYTES} from '../../../../src/lib/protocol/chunk-output.js'
import {decodeDump, encodeDump} from '../../../../src/lib/protocol/rdb/dump.js'
import type {RdbFileItem} from '../../../../src/lib/protocol/rdb/file-reader.js'
import {RdbFileWriter} from '../../../../src/lib/protocol/rdb/file-writer.js'
import type {RdbStream} from '../../../../src/lib/protocol/rdb/stream.js'
import type {RdbValue} from '../../../../src/lib/protocol/rdb/value.js'
import type {ZsetRdb} from '../../../../src/lib/protocol/rdb/zset.js'
import {EVERY_VALUE, EVERY_VALUE_DATABASES, LIBRARY} from '../../../support/every-value.js'
import {encodeRequest} from '../../../support/raw-resp.js'
import {cutEvery, keysOf, readRdb, toWrite, writeRdb} from '../../../support/rdb-file.js'
import {Rig} from '../../server/rig.js'
import {SAMPLE_RDB} from './sample.js'

/** All keys of a node that was filled. */
function everyValue(): RdbFileItem[] {
  const rig = new Rig()
  const client = rig.connect()
  for (const command of EVERY_VALUE) {
    const bytes = Buffer.from(encodeRequest(command), 'latin1')
    client.feed(bytes, bytes.length, rig.nowMs)
    expect(client.reply.take()).not.toMatch(/^-/)
  }
  return EVERY_VALUE_DATABASES.flatMap((index): RdbFileItem[] => {
    const database = rig.server.databases[index]!
    const keys = [...database.keys()].map((key): RdbFileItem => {
      const value = database.peek(key)!
      const rdb = typeof value === 'string' ? value : value.toRdb()
      const facts = {expireAtMs: database.expiryOf(key), frequency: undefined, idleSeconds: undefined}
      return {...facts, database: index, key, kind: 'key', value: toWrite(rdb)}
    })
    return [{index, kind: 'database'}, {expiresSize: database.expiresSize, kind: 'sizes', size: database.size}, ...keys]
  })
}

/** What reading what was written gives: a value of the keyspace may know more than its bytes. */
const asRead = (value: RdbValue): RdbValue => decodeDump(encodeDump(toWrite(value), {compress: false}))

describe('RdbFileWriter', () => {
  const items = everyValue()
  const head: RdbFileItem[] = [
    {kind: 'aux', name: 'redis-ver', value: '7.0.15'},
    {kind: 'aux', name: 'redis-bits', value: '64'},
    {code: LIBRARY, kind: 'function'},
  ]
  for (const compress of [true, false]) {
    for (const checksum of [true, false]) {
      it(`writes what a reader reads (compression ${compress}, checksum ${checksum})`, () => {
        const {bytes, chunkLengths} = writeRdb([...head, ...items], {checksum, compress})
        const read = readRdb(cutEvery(bytes, 10_007))
        const expected = items.map((item) => (item.kind === 'key' ? {...item, value: asRead(item.value)} : item))
        expect(read.slice(1, -1)).toEqual([...head, ...expected])
        expect(read.at(-1)).toEqual({checksum: checksum ? 'ok' : 'none', kind: 'end'})
        expect(Math.max(...chunkLengths)).toBeLessThanOrEqual(CHUNK_BYTES)
      })
    }
  }

  it('gives a file of the same content and size as the one that was read', () => {
    const items = readRdb([SAMPLE_RDB])
    const {bytes} = writeRdb(items)
    expect(readRdb([bytes])).toEqual(items)
    // Compression leaves some freedom.
    expect(Math.abs(bytes.length - SAMPLE_RDB.length)).toBeLessThan(10)
  })

  it('writes expiry, idle time and frequency', () => {
    const facts = {database: 0, key: 'k', kind: 'key', value: 'v'} as const
    const keys: RdbFileItem[] = [
      {...facts, expireAtMs: 4_000_000_000_123, frequency: undefined, idleSeconds: 70_000},
      {...facts, expireAtMs: -1, frequency: 255, idleSeconds: undefined},
      {...facts, expireAtMs: undefined, frequency: 0, idleSeconds: undefined},
    ]
    expect(keysOf(readRdb([writeRdb(keys).bytes]))).toEqual(keys)
  })

  const texts = (count: number): string[] => Array.from({length: count}, (_, i) => `an element of some length ${i}`)
  const LARGE: readonly RdbValue[] = [
    {encoding: 'hashtable', members: texts(50_000), type: 'set'} as RdbValue,
    {encoding: 'hashtable', pairs: texts(50_000), type: 'hash'} as RdbValue,
    {isPacked: false, members: texts(30_000), scores: texts(30_000).map((_, i) => i / 8), type: 'zset'} as ZsetRdb,
    {
      elements: undefined,
      nodes: Array.from({length: 200}, (_, i) => ({elements: texts(100 + i), isPlain: false})),
      type: 'list',
    } as RdbValue,
  ]
  for (const value of LARGE) {
    it(`takes several steps for a large ${(value as {type: string}).type}`, () => {
      const key: RdbFileItem = {
        ...{database: 0, expireAtMs: undefined, frequency: undefined, idleSeconds: undefined},
        ...{key: 'k', kind: 'key', value: toWrite(value)},
      }
      const lengths: number[] = []
      const writer = new RdbFileWriter({checksum: true, compress: false, emit: ({length}) => lengths.push(length)})
      let before = writer.bytes
      let steps = 0
      for (let isDone = writer.key('k', value); !isDone; isDone = writer.more()) {
        expect(writer.bytes - before).toBeLessThan(2 * CHUNK_BYTES + 64 * 16_384)
        before = writer.bytes
        steps++
      }
      expect(steps).toBeGreaterThan(2)
      expect(writer.more()).toBe(true)
      const read = keysOf(readRdb(cutEvery(writeRdb([key]).bytes, 4096)))
      expect(read).toHaveLength(1)
      expect(read[0]!.value).toEqual(toWrite(value))
    })
  }

  it('takes a step for some nodes and for some groups of a stream', () => {
    const stream = items.find((item) => item.kind === 'key' && item.key === 'stream')
    const value = (stream as {value: RdbValue}).value as RdbStream
    const [group] = value.groups
    const groups = Array.from({length: 5000}, (_, i) => ({...group!, name: `group:${String(i).padStart(5, '0')}`}))
    const key = {...stream, value: {...value, groups} as RdbValue} as RdbFileItem
    const {bytes, steps} = writeRdb([key])
    expect(steps).toBeGreaterThan(5)
    expect((keysOf(readRdb([bytes]))[0]!.value as RdbStream).groups).toHaveLength(5000)
  })

  it('writes strings of any length, whatever stands in the chunk', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(70), fc.integer({max: 70_000, min: 60_000}), fc.nat(200_000)), {maxLength: 8}),
        fc.boolean(),
        (lengths, compress) => {
          const values = lengths.map((length, i) => String.fromCharCode(97 + i).repeat(length))
          const keys = values.map(
            (value): RdbFileItem => ({
              ...{database: 0, expireAtMs: undefined, frequency: undefined, idleSeconds: undefined},
              ...{key: value.slice(0, 100), kind: 'key', value},
            }),
          )
          const read = keysOf(readRdb([writeRdb(keys, {compress}).bytes]))
          expect(read.map(({value}) => value)).toEqual(values)
        },
      ),
      {numRuns: 50},
    )
  })
})
