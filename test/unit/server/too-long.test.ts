import {describe, expect, it} from 'vitest'
import {STRING_BYTES_MAX} from '../../../src/lib/server/keyspace/string-bytes.js'
import {Rig} from './rig.js'

const TOO_LONG = '-ERR the reply or the value would be longer than the 512 MiB that this node can put together\r\n'
const REFUSED = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n'

/** JavaScript's strings end just below the limit of Redis's. */
describe('what is longer than a string can be', () => {
  it('is refused as value, with the error of a smaller proto-max-bulk-len', () => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.run(client, `SETRANGE k ${STRING_BYTES_MAX - 1} x`)).toBe(`:${STRING_BYTES_MAX}\r\n`)
    expect(rig.run(client, 'APPEND k x', `SETRANGE k ${STRING_BYTES_MAX} x`)).toBe(REFUSED.repeat(2))
    const bits = '-ERR bit offset is not an integer or out of range\r\n'
    expect(rig.run(client, `SETBIT k ${STRING_BYTES_MAX * 8} 1`)).toBe(bits)
    expect(rig.run(client, `BITFIELD k SET u8 ${STRING_BYTES_MAX * 8} 1`)).toBe(bits)
    expect(rig.run(client, 'STRLEN k', 'GETRANGE k -1 -1')).toBe(`:${STRING_BYTES_MAX}\r\n$1\r\nx\r\n`)
  })

  it('is refused as argument before a byte of it has come', () => {
    const rig = new Rig()
    const client = rig.connect()
    const head = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${STRING_BYTES_MAX + 1}\r\n`
    client.feed(Buffer.from(head), head.length, rig.nowMs)
    expect(client.reply.take()).toBe('-ERR Protocol error: invalid bulk length\r\n')
    expect(client.closing).toBe(true)
  })

  it('is an error as reply, of its command alone, and no bug', () => {
    const rig = new Rig()
    const client = rig.connect()
    // Long, and not yet in memory: two halves of one text.
    const half = 'x'.repeat(200 * 1024 * 1024)
    rig.server.databases[0]!.set('k', half)
    expect(rig.run(client, 'MGET k k k', 'PING')).toBe(`${TOO_LONG}+PONG\r\n`)
    rig.run(client, 'MULTI', 'GET k', 'GET k', 'GET k')
    const replies = rig.run(client, 'EXEC')
    expect(replies.startsWith('*3\r\n$209715200\r\n')).toBe(true)
    expect(replies.slice(-TOO_LONG.length)).toBe(TOO_LONG)
    expect(rig.run(client, 'PING')).toBe('+PONG\r\n')
    expect(rig.log).toEqual([])
  })
})
