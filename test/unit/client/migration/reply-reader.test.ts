import {describe, expect, it} from 'vitest'
import {ReplyReader, type WireReply} from '../../../../src/lib/client/migration/reply-reader.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'

function read(chunks: readonly string[]): WireReply[] {
  const reader = new ReplyReader()
  const replies: WireReply[] = []
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk, 'latin1'))
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) replies.push(reply)
  }
  return replies
}

const CASES: readonly [name: string, wire: string, reply: WireReply][] = [
  ['a status', '+OK\r\n', 'OK'],
  ['an integer', ':-42\r\n', -42],
  ['a bulk with CRLF and every byte', '$6\r\na\r\n\0\xff\x80\r\n', 'a\r\n\0\xff\x80'],
  ['an empty bulk', '$0\r\n\r\n', ''],
  ['a missing bulk', '$-1\r\n', null],
  ['a missing array', '*-1\r\n', null],
  ['an empty array', '*0\r\n', []],
  ['keys', '*2\r\n$1\r\na\r\n$2\r\nbc\r\n', ['a', 'bc']],
  ['arrays in arrays', '*2\r\n*1\r\n:1\r\n*-1\r\n', [[1], null]],
]

describe('ReplyReader', () => {
  it.each(CASES)('reads %s', (_, wire, reply) => {
    expect(read([wire])).toEqual([reply])
  })

  it.each(CASES)('reads %s however it is cut', (_, wire, reply) => {
    for (let cut = 1; cut < wire.length; cut++) {
      expect(read([wire.slice(0, cut), wire.slice(cut), wire])).toEqual([reply, reply])
    }
    expect(read([...wire])).toEqual([reply])
  })

  it('looks at a big value once, not at each of its chunks', () => {
    const reader = new ReplyReader()
    const value = 'v'.repeat(1000)
    const chunks = [...`*2\r\n$1000\r\n${value}\r\n$1\r\nx\r\n:7\r\n`].map((byte) => Buffer.from(byte, 'latin1'))
    const replies: WireReply[] = []
    let wholeTexts = 0
    for (const chunk of chunks) {
      reader.push(chunk)
      const {later} = reader as unknown as {later: string[]}
      if (later.length > 500) wholeTexts++
      for (let reply = reader.next(); reply !== undefined; reply = reader.next()) replies.push(reply)
    }
    expect(replies).toEqual([[value, 'x'], 7])
    expect(wholeTexts).toBeGreaterThan(400)
    expect(reader.pendingLength).toBe(0)
  })

  it('reads errors, with text as UTF-8', () => {
    const [error] = read(['-ERR caf\xc3\xa9\r\n'])
    expect(error).toBeInstanceOf(NodeReplyError)
    expect((error as NodeReplyError).message).toBe('ERR café')
  })

  it('refuses a line without end before it has taken much memory', () => {
    expect(() => read(['HTTP'])).toThrow(/type byte 72/)
    const chunk = 'x'.repeat(4096)
    expect(() => read(['+', ...Array.from({length: 17}, () => chunk)])).toThrow(/a line without end/)
  })

  it.each(['HTTP/1.1 400\r\n', ':abc\r\n', ':\r\n', '$1e9999\r\n', `${'*1\r\n'.repeat(20)}:1\r\n`])(
    'refuses %j, which no Redis node sends',
    (wire) => {
      expect(() => read([wire])).toThrow(/does not speak the Redis protocol/)
    },
  )

  it('reads a long array once, however many chunks it comes in', () => {
    const reader = new ReplyReader()
    const count = 100_000
    reader.push(Buffer.from(`*2\r\n:7\r\n*${count}\r\n`))
    // Reading what is there with every chunk would take minutes.
    for (let i = 0; i < count; i++) {
      expect(reader.next()).toBeUndefined()
      reader.push(Buffer.from('$1\r\nx\r\n'))
    }
    expect(reader.next()).toEqual([7, new Array(count).fill('x')])
  })
})
