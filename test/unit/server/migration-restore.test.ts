import {describe, expect, it} from 'vitest'
import {crc64} from '../../../src/lib/protocol/crc64.js'
import {encodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import {Harness, START_MS} from './migration-harness.js'

const payload = encodeDump('value', {compress: true})
const damaged = `${payload.slice(0, -1)}?`
const withFooter = (body: string) => body + crc64(body)

function setup() {
  const harness = new Harness()
  const client = harness.connect()
  const db = harness.server.databases[0]!
  return {client, db, harness, run: (...argv: string[]) => harness.send(client, argv)}
}

describe('DUMP', () => {
  it('answers nil for a missing key and the payload for a string', () => {
    const {db, run} = setup()
    expect(run('DUMP', 'k')).toBe('$-1\r\n')
    db.set('k', 'value')
    expect(run('DUMP', 'k')).toBe(`$${payload.length}\r\n${payload}\r\n`)
  })

  it('compresses only if rdbcompression says so', () => {
    const {db, harness, run} = setup()
    db.set('k', 'a'.repeat(1000))
    expect(run('DUMP', 'k').length).toBeLessThan(100)
    harness.server.config.values.rdbcompression = false
    expect(run('DUMP', 'k').length).toBeGreaterThan(1000)
  })
})

describe('RESTORE', () => {
  it('makes the key, without a deadline for TTL 0', () => {
    const {db, run} = setup()
    expect(run('RESTORE', 'k', '0', payload)).toBe('+OK\r\n')
    expect(db.get('k')).toBe('value')
    expect(db.expiryOf('k')).toBeUndefined()
  })

  it('takes the TTL as relative, and as a unix time with ABSTTL', () => {
    const {db, run} = setup()
    run('RESTORE', 'relative', '1500', payload)
    run('RESTORE', 'absolute', String(START_MS + 2500), payload, 'absttl')
    expect(db.expiryOf('relative')).toBe(START_MS + 1500)
    expect(db.expiryOf('absolute')).toBe(START_MS + 2500)
  })

  it('replaces value and deadline with REPLACE alone', () => {
    const {db, run} = setup()
    db.set('k', 'old')
    db.setExpiry('k', START_MS + 1000)
    expect(run('RESTORE', 'k', '0', payload)).toBe('-BUSYKEY Target key name already exists.\r\n')
    expect(db.get('k')).toBe('old')
    expect(run('RESTORE', 'k', '0', payload, 'REPLACE')).toBe('+OK\r\n')
    expect(db.get('k')).toBe('value')
    expect(db.expiryOf('k')).toBeUndefined()
  })

  it('answers OK to a deadline already past and leaves no key, not even the old one', () => {
    const {db, run} = setup()
    db.set('k', 'old')
    expect(run('RESTORE', 'k', '1', payload, 'ABSTTL', 'REPLACE')).toBe('+OK\r\n')
    expect(run('RESTORE', 'new', String(START_MS), payload, 'ABSTTL')).toBe('+OK\r\n')
    expect(db.size).toBe(0)
  })

  it('sets the idle time', () => {
    const {db, run} = setup()
    run('RESTORE', 'k', '0', payload, 'IDLETIME', '100')
    expect(db.accessedAt('k')).toBe(Math.floor(START_MS / 1000) - 100)
  })

  it('accepts FREQ, and bytes after the value', () => {
    const {run} = setup()
    expect(run('RESTORE', 'k', '0', payload, 'FREQ', '255')).toBe('+OK\r\n')
    expect(run('RESTORE', 'l', '0', withFooter('\0\x01abc\x0a\0'))).toBe('+OK\r\n')
  })

  const wrong: [name: string, argv: string[], error: string][] = [
    ['an unknown option', ['0', damaged, 'NOPE'], 'ERR syntax error'],
    ['IDLETIME without a value', ['0', damaged, 'IDLETIME'], 'ERR syntax error'],
    ['IDLETIME and FREQ', ['0', damaged, 'IDLETIME', '1', 'FREQ', '1'], 'ERR syntax error'],
    ['FREQ and IDLETIME', ['0', damaged, 'FREQ', '1', 'IDLETIME', '1'], 'ERR syntax error'],
    ['IDLETIME -1', ['0', damaged, 'IDLETIME', '-1'], 'ERR Invalid IDLETIME value, must be >= 0'],
    ['IDLETIME x', ['0', damaged, 'IDLETIME', 'x'], 'ERR value is not an integer or out of range'],
    ['FREQ 256', ['0', damaged, 'FREQ', '256'], 'ERR Invalid FREQ value, must be >= 0 and <= 255'],
    ['a wrong option before an existing key', ['x', damaged, 'NOPE'], 'ERR syntax error'],
    ['an existing key before a wrong TTL', ['x', damaged], 'BUSYKEY Target key name already exists.'],
    ['a wrong TTL before a wrong payload', ['x', damaged, 'REPLACE'], 'ERR value is not an integer or out of range'],
    ['a negative TTL', ['-1', damaged, 'REPLACE'], 'ERR Invalid TTL value, must be >= 0'],
    ['a wrong checksum', ['0', damaged, 'REPLACE'], 'ERR DUMP payload version or checksum are wrong'],
    ['no payload', ['0', '', 'REPLACE'], 'ERR DUMP payload version or checksum are wrong'],
    [
      'a newer version',
      ['0', withFooter('\0\x01a\x0b\0'), 'REPLACE'],
      'ERR DUMP payload version or checksum are wrong',
    ],
    ['an unknown type', ['0', withFooter('\x14\x01a\x0a\0'), 'REPLACE'], 'ERR Bad data format'],
    ['a cut value', ['0', withFooter('\0\x09a\x0a\0'), 'REPLACE'], 'ERR Bad data format'],
  ]
  for (const [name, argv, error] of wrong) {
    it(`refuses ${name} and changes nothing`, () => {
      const {db, run} = setup()
      db.set('k', 'old')
      expect(run('RESTORE', 'k', ...argv)).toBe(`-${error}\r\n`)
      expect(db.get('k')).toBe('old')
    })
  }
})
