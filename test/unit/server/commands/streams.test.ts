import {describe, expect, it} from 'vitest'
import {RdbReader} from '../../../../src/lib/protocol/rdb/reader.js'
import {streamCodec} from '../../../../src/lib/protocol/rdb/stream.js'
import {encodeValue} from '../../../../src/lib/protocol/rdb/value.js'
import type {Stream} from '../../../../src/lib/server/values/stream/stream.js'
import {Rig} from '../rig.js'

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`

describe('ids that XADD chooses', () => {
  it('count within a millisecond and start anew with the next', () => {
    const rig = new Rig()
    const client = rig.connect()
    const first = rig.nowMs
    expect(rig.run(client, 'XADD k * f v', 'XADD k * f v')).toBe(bulk(`${first}-0`) + bulk(`${first}-1`))
    rig.nowMs++
    expect(rig.run(client, 'XADD k * f v')).toBe(bulk(`${first + 1}-0`))
  })

  it('go on from the last where the clock is behind, over the end of a sequence too', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'XADD k 9000000000000-18446744073709551615 f v')
    expect(rig.run(client, 'XADD k * f v', 'XADD k * f v')).toBe(bulk('9000000000001-0') + bulk('9000000000001-1'))
    rig.run(client, 'XADD k 18446744073709551615-18446744073709551614 f v')
    expect(rig.run(client, 'XADD k * f v')).toBe(bulk('18446744073709551615-18446744073709551615'))
    expect(rig.run(client, 'XADD k * f v')).toMatch(/^-ERR The stream has exhausted the last possible ID/)
  })
})

describe('readers who wait', () => {
  it('do not inside a transaction', () => {
    const rig = new Rig()
    const client = rig.connect()
    const replies = rig.run(client, 'XADD k 1-1 f v', 'MULTI', 'XREAD BLOCK 0 STREAMS k $', 'EXEC')
    expect(replies.endsWith('*1\r\n*-1\r\n')).toBe(true)
    expect(client.parked).toBe(false)
  })

  it('get what another adds, and share a group in the order they came', () => {
    const rig = new Rig()
    const [writer, alice, bob] = [rig.connect(), rig.connect(), rig.connect()]
    rig.run(writer, 'XGROUP CREATE k g $ MKSTREAM')
    rig.run(alice, 'XREADGROUP GROUP g alice BLOCK 0 STREAMS k >')
    rig.run(bob, 'XREADGROUP GROUP g bob BLOCK 0 STREAMS k >')
    rig.run(writer, 'XADD k 1-1 f v')
    expect(rig.turn(alice)).toContain('1-1')
    expect([rig.turn(bob), bob.parked]).toEqual(['', true])
    rig.run(writer, 'XADD k 1-2 f v')
    expect(rig.turn(bob)).toContain('1-2')
  })
})

it('a stream goes on where XSETID says after all entries went, and can be read again', () => {
  const rig = new Rig()
  const client = rig.connect()
  rig.run(client, 'XADD k 100-0 f v', 'XADD k 500-0 f v', 'XDEL k 500-0', 'XTRIM k MINID 450', 'XSETID k 50-0')
  expect(rig.run(client, 'XADD k 60-0 f v', 'XLEN k')).toBe(`${bulk('60-0')}:1\r\n`)
  const bytes = encodeValue((rig.server.databases[0]!.peek('k') as Stream).toRdb(), {compress: false})
  expect(streamCodec.readers.get(19)!(new RdbReader(bytes)).length).toBe(1)
})

describe('XSETID', () => {
  it('wakes nobody who waits for entries', () => {
    const rig = new Rig()
    const [reader, other] = [rig.connect(), rig.connect()]
    rig.run(other, 'XADD s 1 a b')
    expect(rig.run(reader, 'XREAD BLOCK 0 STREAMS s $')).toBe('')
    rig.run(other, 'XSETID s 27 ENTRIESADDED 100')
    expect(rig.turn(reader)).toBe('')
    rig.run(other, 'XADD s 28 c d')
    expect(rig.turn(reader)).toContain('28-0')
  })
})
