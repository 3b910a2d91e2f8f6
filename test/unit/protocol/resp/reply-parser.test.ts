import {describe, expect, it} from 'vitest'
import {type Reply, ReplyParser, ReplySyntaxError} from '../../../../src/lib/protocol/resp/reply-parser.js'

/** @param size - bytes of each piece */
function parse(text: string, size = text.length): Reply[] {
  const parser = new ReplyParser()
  const bytes = Buffer.from(text, 'latin1')
  const found: Reply[] = []
  for (let at = 0; at < bytes.length; at += size) {
    parser.push(bytes.subarray(at, at + size))
    for (let reply = parser.next(); reply; reply = parser.next()) found.push(reply)
  }
  return found
}

const bulk = (text: string): Reply => ({kind: 'bulk', text})
const integer = (text: string): Reply => ({kind: 'integer', text})

const table: [wire: string, reply: Reply][] = [
  ['+OK\r\n', {kind: 'status', text: 'OK'}],
  ['-ERR no\r\n', {kind: 'error', text: 'ERR no'}],
  ['!6\r\nERR a\n\r\n', {kind: 'error', text: 'ERR a\n'}],
  [':-7\r\n', integer('-7')],
  ['$4\r\n\r\n\xff\0\r\n', bulk('\r\n\xff\0')],
  ['$0\r\n\r\n', bulk('')],
  ['$-1\r\n', {kind: 'nil', text: ''}],
  ['*-1\r\n', {kind: 'nil', text: ''}],
  ['_\r\n', {kind: 'nil', text: ''}],
  [',3.5\r\n', {kind: 'double', text: '3.5'}],
  ['#t\r\n', {kind: 'boolean', text: 't'}],
  ['(12345678901234567890\r\n', {kind: 'bignum', text: '12345678901234567890'}],
  ['=7\r\ntxt:a b\r\n', {kind: 'verbatim', text: 'a b'}],
  ['*0\r\n', {items: [], kind: 'array'}],
  [
    '*2\r\n*1\r\n:1\r\n%0\r\n',
    {
      items: [
        {items: [integer('1')], kind: 'array'},
        {items: [], kind: 'map'},
      ],
      kind: 'array',
    },
  ],
  ['%1\r\n$1\r\na\r\n~1\r\n:1\r\n', {items: [bulk('a'), {items: [integer('1')], kind: 'set'}], kind: 'map'}],
  ['>1\r\n$1\r\na\r\n', {items: [bulk('a')], kind: 'push'}],
  ['|1\r\n+ttl\r\n:3\r\n*1\r\n|0\r\n:1\r\n', {items: [integer('1')], kind: 'array'}],
]

describe('replies from bytes', () => {
  it.each(table)('%j', (wire, reply) => {
    expect(parse(wire)).toEqual([reply])
  })

  it('are the same however they are cut', () => {
    const wire = table.map(([text]) => text).join('')
    const replies = table.map(([, reply]) => reply)
    for (let size = 1; size < 40; size++) expect(parse(wire, size)).toEqual(replies)
  })

  it.each([
    '?\r\n',
    '$x\r\n',
    '*-2\r\n',
    '$1\r\nabc',
    '$99999999999\r\n',
    '$536870912\r\n',
    '*1\r\n'.repeat(200),
    `+${'x'.repeat(2 ** 20 + 2)}`,
  ])('are not made of %j', (wire) => {
    expect(() => parse(wire)).toThrow(ReplySyntaxError)
  })
})
