import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {AofError, AofReader} from '../../../../src/lib/protocol/aof/reader.js'
import {readAof} from '../../../support/aof-file.js'
import {encodeRequest} from '../../../support/raw-resp.js'
import {cutEvery} from '../../../support/rdb-file.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const SELECT = encodeRequest(['SELECT', '0'])
const SET = encodeRequest(['SET', 'k\r\n\0\xff', 'v'.repeat(100)])
const MULTI = encodeRequest(['multi'])
const EXEC = encodeRequest(['EXEC'])
const INCR = encodeRequest(['INCR', 'n'])
const EMPTY = encodeRequest(['SET', '', ''])
const FILE = `${SELECT}#TS:1700000000\r\n${SET}# a word\r\n${MULTI}${INCR}#TS:1700000001\r\n${INCR}${EXEC}${EMPTY}${MULTI}${EXEC}`

const command = (...argv: string[]) => ({argv, kind: 'command'})
const ITEMS = [
  command('SELECT', '0'),
  {kind: 'timestamp', unixSeconds: 1_700_000_000},
  command('SET', 'k\r\n\0\xff', 'v'.repeat(100)),
  {kind: 'timestamp', unixSeconds: 1_700_000_001},
  {
    commands: [
      ['INCR', 'n'],
      ['INCR', 'n'],
    ],
    kind: 'transaction',
  },
  command('SET', '', ''),
  {commands: [], kind: 'transaction'},
]

describe('AofReader', () => {
  it('reads commands, transactions and timestamps, however they are cut', () => {
    for (let size = 1; size <= FILE.length; size++) {
      const {items, reader} = readAof(cutEvery(bytes(FILE), size))
      expect(items).toEqual(ITEMS)
      expect(reader.end()).toBe('whole')
      expect(reader.wholeBytes).toBe(FILE.length)
      expect(reader.offset).toBe(FILE.length)
    }
  })

  it('knows where to cut off what is not whole, wherever it ends', () => {
    const wholes: number[] = [0]
    for (const part of [
      SELECT,
      `#TS:1700000000\r\n${SET}`,
      `# a word\r\n${MULTI}${INCR}#TS:1700000001\r\n${INCR}${EXEC}`,
      EMPTY,
      MULTI + EXEC,
    ])
      wholes.push(wholes.at(-1)! + part.length)
    const multiAt = FILE.indexOf(MULTI)
    for (let cut = 0; cut <= FILE.length; cut++) {
      const {reader} = readAof([bytes(FILE.slice(0, cut))])
      expect(reader.wholeBytes).toBe(wholes.findLast((end) => end <= cut))
      const isOpen =
        (cut >= multiAt + MULTI.length && cut < FILE.indexOf(EXEC) + EXEC.length) ||
        (cut >= FILE.length - EXEC.length && cut < FILE.length)
      const isWhole = wholes.includes(cut) || /#[^\r]*\r\n$/.test(FILE.slice(0, cut))
      expect([cut, reader.end()]).toEqual([cut, isOpen ? 'in-transaction' : isWhole ? 'whole' : 'truncated'])
    }
  })

  it('counts from where it starts', () => {
    const reader = new AofReader(1000)
    reader.push(bytes(`${SELECT}*1`))
    expect(reader.next()).toEqual(command('SELECT', '0'))
    expect(reader.next()).toBeUndefined()
    expect([reader.wholeBytes, reader.end()]).toEqual([1000 + SELECT.length, 'truncated'])
    reader.push(bytes('x'))
    expect(() => reader.next()).toThrow(`at ${1000 + SELECT.length}`)
  })

  it('takes EXEC without MULTI for a command', () => {
    expect(readAof([bytes(EXEC)]).items).toEqual([command('EXEC')])
  })

  it.each([
    ['words', 'SET k v\r\n'],
    ['zeros', '\0\0\0'],
    ['an array of nothing', '*0\r\n'],
    ['a negative array', '*-1\r\n'],
    ['no number', '*\r\n'],
    ['a number with a word', '*1x\r\n'],
    ['a sign before a number', '*+1\r\n'],
    ['a number without carriage return', '*1\n'],
    ['a carriage return alone', '*1\r*'],
    ['more arguments than there can be', '*2147483648\r\n'],
    ['more digits than a number has', `*${'1'.repeat(20)}`],
    ['an argument of another kind', '*1\r\n+PING\r\n'],
    ['no argument', '*1\r\n*1\r\n'],
    ['a negative length', '*1\r\n$-1\r\n'],
    ['a length beyond every text', '*1\r\n$536870889\r\n'],
    ['an argument that is longer', '*1\r\n$4\r\nPINGS\r\n'],
    ['a comment without end', `#${'x'.repeat(1024)}`],
  ])('refuses %s', (_, text) => {
    expect(() => readAof([bytes(SELECT + text)])).toThrow(AofError)
    expect(() => readAof(cutEvery(bytes(SELECT + text), 1))).toThrow(/ at \d+$/)
  })

  it('meets every mutation with items or AofError, alike in whole and in chunks', () => {
    const rng = seededRng(3)
    const outcome = (chunks: Iterable<Uint8Array>): unknown => {
      try {
        const {items, reader} = readAof(chunks)
        return {end: reader.end(), items, wholeBytes: reader.wholeBytes}
      } catch (error) {
        expect(error).toBeInstanceOf(AofError)
        return (error as AofError).offset
      }
    }
    for (let i = 0; i < MUTATIONS; i++) {
      const file = bytes(FILE)
      for (let left = 1 + rng.below(3); left > 0; left--) file[rng.below(file.length)] = rng.pick(LIKELY)
      expect(outcome(cutEvery(file, 1 + rng.below(30)))).toEqual(outcome([file]))
    }
  })

  it('believes no number before the bytes are there', () => {
    const reader = new AofReader()
    reader.push(bytes('*2147483647\r\n'))
    for (let i = 0; i < 10_000; i++) {
      reader.push(bytes('$1\r\nx\r\n'))
      expect(reader.next()).toBeUndefined()
    }
    reader.push(bytes('$500000000\r\n'))
    expect(reader.next()).toBeUndefined()
    expect(reader.end()).toBe('truncated')
  })
})

/** Bytes that mean something. */
const LIKELY = [...bytes('*$#\r\n0129-+ a\0\xff')]
/** `FUZZ=N` for a long run: N times as many. */
const MUTATIONS = 3000 * Number(process.env['FUZZ'] ?? 1)
