import {describe, expect, it} from 'vitest'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {RdbError, RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {type RdbStream, streamCodec} from '../../../../src/lib/protocol/rdb/stream.js'
import {encodeString} from '../../../../src/lib/protocol/rdb/string.js'
import {encodeValue} from '../../../../src/lib/protocol/rdb/value.js'
import {idBytes} from '../../../../src/lib/protocol/stream-id.js'
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

  it('refuses entries behind its last id, which the next one would come before', () => {
    const rdb = sample().toRdb()
    const bytes = encode({...rdb, lastId: {ms: 20, seq: 0}})
    expect(() => decode(bytes)).toThrow(RdbError)
  })

  it('refuses nodes that overlap, and entries before their node', () => {
    const node = (...items: readonly string[]) => encodeString(encodeListpack(items), false)
    const entry = (ms: number) => ['2', String(ms), '0', '3']
    const stream = (first: string, second: string) =>
      `\x02\x10${idBytes({ms: 100, seq: 0})}${first}\x10${idBytes({ms: 110, seq: 0})}${second}\x02\x80\0\0\x01\0\0\0`
    const head = ['1', '0', '0', '0']
    expect(decode(stream(node(...head, ...entry(9)), node(...head, ...entry(0))), 15).length).toBe(2)
    expect(() => decode(stream(node(...head, ...entry(10)), node(...head, ...entry(0))), 15)).toThrow(RdbError)
    expect(() => decode(stream(node(...head, ...entry(-1)), node(...head, ...entry(0))), 15)).toThrow(RdbError)
  })
})
