import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {splitInline} from '../../../../src/lib/protocol/resp/inline.js'
import {NAME_BYTES_MAX, nameText} from '../../../../src/lib/protocol/resp/name-cache.js'
import {RequestParser} from '../../../../src/lib/protocol/resp/request-parser.js'
import {SHORT_BYTES_MAX, shortText} from '../../../../src/lib/protocol/resp/short-text.js'

const LIMITS = {bulkBytesMax: 1024 * 1024, requestBytesMax: 8 * 1024 * 1024}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function encode(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((one) => `$${one.length}\r\n${one}\r\n`).join('')}`
}

/** Feeds the pieces through one buffer that is overwritten each time, as a socket's shared read buffer is. */
function parse(
  pieces: readonly Buffer[],
  trusted = true,
): {requests: string[][]; error: string | undefined; left: number} {
  const parser = new RequestParser(LIMITS)
  parser.trusted = trusted
  const shared = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)))
  const requests: string[][] = []
  for (const piece of pieces) {
    shared.fill(0xee)
    piece.copy(shared)
    parser.feed(shared, piece.length)
    for (let argv = parser.next(); argv !== undefined; argv = parser.next()) requests.push(argv)
    parser.keep()
  }
  return {error: parser.error, left: parser.pendingBytes, requests}
}

const VALID: [name: string, wire: string, requests: string[][]][] = [
  ['one request', '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', [['GET', 'k']]],
  [
    'a pipeline',
    encode(['SET', 'a', 'b']) + encode(['GET', 'a']),
    [
      ['SET', 'a', 'b'],
      ['GET', 'a'],
    ],
  ],
  ['an empty argument', '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', [['ECHO', '']]],
  ['CRLF inside an argument', '*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n', [['ECHO', '\r\n\r\n']]],
  ['every byte', encode(['SET', 'k', '\0\x7f\x80\xff\xfe']), [['SET', 'k', '\0\x7f\x80\xff\xfe']]],
  ['many arguments', encode(['DEL', ...'abcdefghijklmnop']), [['DEL', ...'abcdefghijklmnop']]],
  ['as many arguments as are read at once', encode(Array(64).fill('ab')), [Array(64).fill('ab')]],
  ['one more', encode(Array(65).fill('ab')), [Array(65).fill('ab')]],
  ['a hundred', encode(Array(100).fill('ab')), [Array(100).fill('ab')]],
  ['a long argument', encode(['SET', 'k', 'v'.repeat(1000)]), [['SET', 'k', 'v'.repeat(1000)]]],
  ['empty and negative counts', '*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n', [['PING']]],
  ['inline', 'PING\r\n', [['PING']]],
  [
    'inline with LF alone',
    'SET a b\nGET a\n',
    [
      ['SET', 'a', 'b'],
      ['GET', 'a'],
    ],
  ],
  ['inline blanks and empty lines', '\r\n  \r\n  GET   a  \r\n', [['GET', 'a']]],
  ['inline double quotes', 'SET "a b" "\\x41\\n\\"\\q"\r\n', [['SET', 'a b', 'A\n"q']]],
  ['inline single quotes', "SET 'a\\n' 'it\\'s'\r\n", [['SET', 'a\\n', "it's"]]],
  ['inline, then multibulk', `PING\r\n${encode(['GET', 'a'])}`, [['PING'], ['GET', 'a']]],
]

describe('RequestParser', () => {
  for (const [name, wire, requests] of VALID) {
    it(`reads ${name}`, () => {
      expect(parse([bytes(wire)])).toEqual({error: undefined, left: 0, requests})
    })

    it(`reads ${name}, cut in two anywhere and byte by byte`, () => {
      const whole = bytes(wire)
      for (let cut = 1; cut < whole.length; cut++) {
        expect(parse([whole.subarray(0, cut), whole.subarray(cut)]).requests).toEqual(requests)
      }
      expect(parse([...whole].map((byte) => Buffer.from([byte]))).requests).toEqual(requests)
    })
  }

  const WRONG: [name: string, wire: string, error: string][] = [
    ['no dollar', '*1\r\nGET\r\n', "expected '$', got 'G'"],
    ['a count that is no number', '*x\r\n', 'invalid multibulk length'],
    ['a count beyond 31 bits', '*2147483648\r\n', 'invalid multibulk length'],
    ['a count beyond 64 bits', '*99999999999999999999\r\n', 'invalid multibulk length'],
    ['a count with a leading zero', '*01\r\n', 'invalid multibulk length'],
    ['a negative length', '*1\r\n$-1\r\n', 'invalid bulk length'],
    ['a length that is no number', '*1\r\n$abc\r\n', 'invalid bulk length'],
    ['an empty length', '*1\r\n$\r\n', 'invalid bulk length'],
    ['a length above proto-max-bulk-len', '*1\r\n$1048577\r\n', 'invalid bulk length'],
    ['open quotes', 'GET "a\r\n', 'unbalanced quotes in request'],
    ['text right after a quote', 'GET "a"b\r\n', 'unbalanced quotes in request'],
    ['an endless inline request', 'x'.repeat(65 * 1024), 'too big inline request'],
    ['an endless count', `*${'1'.repeat(65 * 1024)}`, 'too big mbulk count string'],
    ['an endless length', `*1\r\n$${'1'.repeat(65 * 1024)}`, 'too big bulk count string'],
  ]

  for (const [name, wire, error] of WRONG) {
    it(`refuses ${name}, whole and byte by byte`, () => {
      const whole = bytes(encode(['PING']) + wire)
      expect(parse([whole])).toMatchObject({error, requests: [['PING']]})
      const pieces = [...whole].map((byte) => Buffer.from([byte]))
      expect(parse(pieces)).toMatchObject({error, requests: [['PING']]})
    })
  }

  it('keeps strangers to ten arguments of 16 KiB', () => {
    expect(parse([bytes('*11\r\n')], false).error).toBe('unauthenticated multibulk length')
    expect(parse([bytes('*1\r\n$16385\r\n')], false).error).toBe('unauthenticated bulk length')
    expect(parse([bytes(encode(['AUTH', 'p'.repeat(16384)]))], false).requests).toHaveLength(1)
  })

  it('refuses a request that grows beyond client-query-buffer-limit, however small its parts', () => {
    const many = bytes(`*1000000\r\n${'$1\r\na\r\n'.repeat(250_000)}`)
    expect(parse([many]).error).toBe('request exceeds client-query-buffer-limit')
    const few = bytes(`*10\r\n${`$1048576\r\n${'x'.repeat(1024 * 1024)}\r\n`.repeat(9)}`)
    expect(parse([few]).error).toBe('request exceeds client-query-buffer-limit')
  })

  it('reserves nothing for what is only announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const parsers = Array.from({length: 200}, () => {
      const parser = new RequestParser({bulkBytesMax: 512 * 1024 * 1024, requestBytesMax: 1024 ** 3})
      parser.feed(bytes('*2147483647\r\n$536870912\r\nx'), 26)
      expect(parser.next()).toBeUndefined()
      parser.keep()
      return parser
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024)
    expect(parsers.every((parser) => parser.error === undefined)).toBe(true)
  })

  it('stays linear when a big argument comes in small pieces', () => {
    const whole = bytes(encode(['SET', 'k', 'v'.repeat(4 * 1024 * 1024)]))
    const pieces = Array.from({length: Math.ceil(whole.length / 64)}, (_, i) => whole.subarray(i * 64, i * 64 + 64))
    const parser = new RequestParser({bulkBytesMax: 8 * 1024 * 1024, requestBytesMax: 1024 ** 3})
    const started = performance.now()
    let found: string[] | undefined
    for (const piece of pieces) {
      parser.feed(piece, piece.length)
      found = parser.next()
      parser.keep()
    }
    expect(found?.[2]).toHaveLength(4 * 1024 * 1024)
    // Copying what is there with every piece would move 128 GiB, which takes most of a minute.
    expect(performance.now() - started).toBeLessThan(4000)
  })

  it('reads whatever was encoded, however it is split', () => {
    const argument = fc.string({maxLength: 40, unit: 'binary'}).map((text) => Buffer.from(text).toString('latin1'))
    const request = fc.array(argument, {maxLength: 7, minLength: 1})
    fc.assert(
      fc.property(fc.array(request, {maxLength: 6}), fc.array(fc.nat(60), {minLength: 1}), (requests, cuts) => {
        const whole = bytes(requests.map(encode).join(''))
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = cuts[i % cuts.length]! + 1
          pieces.push(whole.subarray(at, at + size))
          at += size
        }
        expect(parse(pieces)).toEqual({error: undefined, left: 0, requests})
      }),
    )
  })

  it.each([
    ['a number of arguments', ['*1', '\r\n$4\r\nPING\r\n', 'A\nB\n']],
    ['a number of none', ['*-6', '8\r\nA\nB\n']],
  ])('keeps inline requests apart after %s that was cut', (_, pieces) => {
    expect(parse(pieces.map(bytes)).requests.slice(-2)).toEqual([['A'], ['B']])
  })

  it('answers nothing after an error, whole requests neither', () => {
    expect(parse([bytes("'\n*1\r\n$4\r\nPING\r\n"), bytes('*1\r\n$4\r\nPING\r\n')]).requests).toEqual([])
  })

  it('reads a line as if it were split alone', () => {
    const words = [
      'GET',
      'a',
      'key:of:more:than:twenty:bytes',
      "'a b'",
      '"\\x41"',
      '\xff\x80',
      '\t',
      ' ',
      '  ',
      '\0',
      '\x0b',
      '\r',
    ]
    const line = fc.array(fc.constantFrom(...words), {maxLength: 8}).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(line, fc.constantFrom('\n', '\r\n'), (text, end) => {
        fc.pre(!(text.endsWith('\r') && end === '\n') && !text.startsWith('*'))
        const expected = splitInline(text)
        expect(parse([bytes(text + end)]).requests).toEqual(expected.length === 0 ? [] : [expected])
      }),
    )
  })

  it('never throws on any bytes', () => {
    const token = fc.constantFrom('*', '$', '\r\n', '1', '3', '-1', '"', "'", '\\x', 'GET', ' ', '\0', '\n', '999999')
    fc.assert(
      fc.property(fc.array(token, {maxLength: 40}), fc.boolean(), (tokens, trusted) => {
        const {requests} = parse(tokens.map(bytes), trusted)
        expect(requests.every((argv) => argv.length > 0)).toBe(true)
      }),
    )
  })
})

describe('shortText', () => {
  it('decodes every length it takes', () => {
    const all = Buffer.from(Array.from({length: 40}, (_, i) => 255 - i))
    for (let n = 0; n <= SHORT_BYTES_MAX; n++) expect(shortText(all, 5, n)).toBe(all.toString('latin1', 5, 5 + n))
    expect(() => shortText(all, 0, SHORT_BYTES_MAX + 1)).toThrow(RangeError)
  })
})

describe('nameText', () => {
  it('tells names apart, also those that share a place', () => {
    for (let i = 0; i < 4_000; i++) {
      const name = bytes(
        (i * 7919)
          .toString(36)
          .repeat(4)
          .slice(0, (i % NAME_BYTES_MAX) + 1),
      )
      expect(nameText(name, 0, name.length)).toBe(name.toString('latin1'))
      expect(nameText(name, 0, name.length)).toBe(name.toString('latin1'))
    }
  })
})
