import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {RdbError, RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {type RdbStream, streamCodec} from '../../../../src/lib/protocol/rdb/stream.js'
import {encodeValue} from '../../../../src/lib/protocol/rdb/value.js'
import {streamFromRdb} from '../../../../src/lib/server/values/stream/from-rdb.js'
import type {Stream} from '../../../../src/lib/server/values/stream/stream.js'
import {Rig} from '../rig.js'

const OPTIONS = {compress: false}

/** A stream with several nodes, ids beyond 2^53, deleted and trimmed entries, groups and what is pending. */
function sample(): Stream {
  const rig = new Rig('stream-node-max-entries 5')
  const client = rig.connect()
  for (let i = 1; i <= 23; i++)
    rig.run(client, `XADD k ${i}-${i % 3} ${i % 7 === 0 ? 'odd' : 'f'} ${i * 1000} g ${'x'.repeat(i * 5)}`)
  rig.run(client, 'XADD k 18446744073709551615-18446744073709551614 f 1 g 2', 'XDEL k 9-0 13-1', 'XTRIM k MAXLEN 18')
  rig.run(client, 'XGROUP CREATE k one 0', 'XGROUP CREATE k two $', 'XREADGROUP GROUP one alice COUNT 7 STREAMS k >')
  rig.run(client, 'XREADGROUP GROUP one bob COUNT 3 STREAMS k >', 'XACK k one 8-2')
  return rig.server.databases[0]!.peek('k') as Stream
}

function decode(bytes: string, type = 19): RdbStream {
  return streamCodec.readers.get(type)!(new RdbReader(bytes))
}

const encode = (rdb: RdbStream): string => encodeValue(rdb, OPTIONS)
const written = (stream: Stream): string => encode(stream.toRdb())

describe('streams as RDB has them', () => {
  it('come back as they were', () => {
    const bytes = written(sample())
    expect(written(streamFromRdb(decode(bytes)))).toBe(bytes)
  })

  it('are copied whole', () => {
    const stream = sample()
    expect(written(stream.copy())).toBe(written(stream))
  })

  it('reads what 7.2 writes: each consumer has one time more', () => {
    const stream = sample()
    stream.groups.clear()
    const bytes = written(stream)
    const id = `${'\0'.repeat(15)}\x01`
    const time = '\x01\0\0\0\0\0\0\0'
    const group = `\x01g\x01\x01\x02\x01${id}${time}\x03\x01\x05alice${time}${time}\x01${id}`
    const read = streamFromRdb(decode(`${bytes.slice(0, -1)}\x01${group}`, 21)).groups.get('g')!
    expect(read.entriesRead).toBe(2)
    expect(read.consumers.get('alice')!.pending.get({ms: 0, seq: 1})).toMatchObject({deliveredMs: 1, deliveries: 3})
  })

  it('refuses a pending entry that two consumers have, or none', () => {
    const stream = sample()
    const rdb = stream.toRdb()
    const [one, two] = rdb.groups
    const [alice, bob] = one!.consumers
    const shared = {...one!, consumers: [alice!, {...bob!, pending: alice!.pending}]}
    const orphaned = {...one!, consumers: [alice!]}
    for (const group of [shared, orphaned]) {
      const bytes = encode({...rdb, groups: [group, two!]})
      expect(() => decode(bytes)).toThrow(RdbError)
    }
  })

  it('refuses a length that is not that of its nodes', () => {
    const rdb = sample().toRdb()
    expect(() => decode(encode({...rdb, length: rdb.length + 1}))).toThrow(RdbError)
  })

  it('meets every mutation with a value that works, or with RdbError', () => {
    const bytes = written(sample())
    const rng = seededRng(5)
    let accepted = 0
    for (let i = 0; i < 2000; i++) {
      const at = rng.below(bytes.length)
      const cut = rng.chance(0.1) ? bytes.slice(0, at) : bytes
      const mutated = cut.slice(0, at) + String.fromCharCode(rng.below(256)) + cut.slice(at + 1 + rng.below(3))
      if (tryAll(mutated)) accepted++
    }
    // A changed byte of a value or a time does no harm.
    expect(accepted).toBeGreaterThan(10)
  })

  it('meets random bytes with RdbError', () => {
    const rng = seededRng(6)
    for (let i = 0; i < 3000; i++) {
      tryAll(Array.from({length: rng.below(60)}, () => String.fromCharCode(rng.below(256))).join(''))
    }
  })
})

/** @returns whether it was read; then everything that walks over it must work */
function tryAll(bytes: string): boolean {
  let isRead = false
  for (const type of [15, 19, 21]) {
    try {
      const stream = streamFromRdb(decode(bytes, type))
      isRead = true
      const cursor = stream.range()
      let count = 0
      for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
        entry.fieldsReply()
        count++
      }
      expect(count).toBeLessThanOrEqual(stream.length)
      stream.range(undefined, undefined, true).next()
      written(stream.copy())
    } catch (error) {
      if (!(error instanceof RdbError)) throw error
    }
  }
  return isRead
}
