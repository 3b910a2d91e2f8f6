import {describe, expect, it} from 'vitest'
import {encodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import {SPECIAL_REPLY_MODE} from '../../../src/lib/server/client.js'
import {ListValue} from '../../../src/lib/server/values/list/list-value.js'
import {Harness, START_MS, wire} from './migration-harness.js'

const MIGRATE = ['MIGRATE', '10.0.0.1', '7001', '', '0', '5000'] as const
const dump = (value: string) => encodeDump(value, {compress: true})

function setup(clusterEnabled = false) {
  const harness = new Harness({clusterEnabled})
  const client = harness.connect()
  const db = harness.server.databases[0]!
  for (const key of ['a', 'b', 'c']) db.set(key, `value of ${key}`)
  return {client, db, harness, other: harness.connect(), run: (...argv: string[]) => harness.send(client, argv)}
}

describe('MIGRATE of a value that no payload can hold', () => {
  const tooLong = Object.assign(new ListValue(-2), {toRdb: () => ({text: 'x'.repeat(2 ** 29)})})

  it('answers an error, and holds no keys', () => {
    const {db, harness, other, run} = setup()
    db.set('b', tooLong)
    expect(run(...MIGRATE, 'KEYS', 'a', 'b', 'c')).toBe('')
    harness.wake()
    expect(run('PING')).toMatch(/^-ERR the reply or the value would be longer .*\r\n\+PONG\r\n$/)
    expect(harness.exchanges).toEqual([])
    expect(harness.send(other, ['EXISTS', 'a', 'b', 'c'])).toBe(':3\r\n')
  })
})

describe('MIGRATE request', () => {
  const wrong: [name: string, argv: string[], error: string][] = [
    ['an unknown option', ['h', '1', 'a', 'x', 'x', 'NOPE'], 'ERR syntax error'],
    ['AUTH without password', ['h', '1', 'a', '0', '1', 'AUTH'], 'ERR syntax error'],
    ['AUTH2 without password', ['h', '1', 'a', '0', '1', 'AUTH2', 'u'], 'ERR syntax error'],
    ['a timeout that is no number', ['h', '1', 'a', '0', 'x'], 'ERR value is not an integer or out of range'],
    ['a database that is no number', ['h', '1', 'a', 'x', '1'], 'ERR value is not an integer or out of range'],
    [
      'KEYS beside a key',
      ['h', '1', 'a', '0', '1', 'KEYS', 'b'],
      'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
    ],
  ]
  for (const [name, argv, error] of wrong) {
    it(`refuses ${name}`, () => {
      const {harness, run} = setup()
      expect(run('MIGRATE', ...argv)).toBe(`-${error}\r\n`)
      expect(harness.exchanges).toEqual([])
    })
  }

  it('connects nowhere when no key exists', () => {
    const {harness, run} = setup()
    expect(run(...MIGRATE, 'KEYS', 'x', 'y')).toBe('+NOKEY\r\n')
    expect(run('MIGRATE', 'h', '1', 'x', '0', '1')).toBe('+NOKEY\r\n')
    expect(run(...MIGRATE, 'KEYS')).toBe('+NOKEY\r\n')
    expect(harness.exchanges).toEqual([])
  })

  it('selects the database and restores existing keys with what is left of their time', () => {
    const {db, harness, run} = setup()
    db.setExpiry('b', START_MS + 1234)
    expect(run('MIGRATE', '10.0.0.1', '7001', '', '3', '0', 'KEYS', 'a', 'x', 'b')).toBe('')
    expect(harness.exchanges[0]).toMatchObject({
      host: '10.0.0.1',
      payload: [
        wire(['SELECT', '3']),
        wire(['RESTORE', 'a', '0', dump('value of a')]),
        wire(['RESTORE', 'b', '1234', dump('value of b')]),
      ].join(''),
      port: 7001,
      replyCount: 3,
      timeoutMs: 1000,
    })
  })

  it('sends AUTH first, with one value or two, and REPLACE with each key', () => {
    const {harness, run} = setup()
    run('MIGRATE', 'h', '1', 'a', '0', '1', 'AUTH', 'secret', 'REPLACE')
    const [first] = harness.exchanges
    expect(first!.payload).toBe(
      wire(['AUTH', 'secret']) + wire(['SELECT', '0']) + wire(['RESTORE', 'a', '0', dump('value of a'), 'REPLACE']),
    )
    harness.replies('+OK', '+OK', '+OK')
    run('MIGRATE', 'h', '1', 'b', '0', '1', 'AUTH2', 'user', 'secret')
    expect(harness.exchanges[0]!.payload).toMatch(/^\*3\r\n\$4\r\nAUTH\r\n\$4\r\nuser\r\n\$6\r\nsecret\r\n/)
  })

  it('sends RESTORE-ASKING and no SELECT in cluster mode', () => {
    const {harness, run} = setup(true)
    run('MIGRATE', 'h', '1', 'a', '0', '1')
    expect(harness.exchanges[0]!.payload).toBe(wire(['RESTORE-ASKING', 'a', '0', dump('value of a')]))
  })
})

describe('MIGRATE result', () => {
  it('deletes what was acknowledged and answers OK', () => {
    const {client, db, harness, run} = setup()
    run(...MIGRATE, 'KEYS', 'a', 'b')
    expect([...db.keys()].sort()).toEqual(['a', 'b', 'c'])
    harness.replies('+OK', '+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n')
    expect([...db.keys()]).toEqual(['c'])
  })

  it('leaves everything in place with COPY', () => {
    const {client, db, harness, run} = setup()
    run('MIGRATE', 'h', '1', 'a', '0', '1', 'COPY')
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n')
    expect(db.size).toBe(3)
  })

  it('answers with the first complaint and keeps the keys complained about', () => {
    const {client, db, harness, run} = setup()
    run(...MIGRATE, 'KEYS', 'a', 'b', 'c')
    harness.replies('+OK', '-BUSYKEY one', '+OK', '-ERR two')
    expect(client.reply.take()).toBe('-ERR Target instance replied with error: BUSYKEY one\r\n')
    expect([...db.keys()].sort()).toEqual(['a', 'c'])
  })

  it('reports a refused AUTH', () => {
    const {client, db, harness, run} = setup()
    run('MIGRATE', 'h', '1', 'a', '0', '1', 'AUTH', 'x')
    harness.replies('-WRONGPASS no', '-NOAUTH no', '-NOAUTH no')
    expect(client.reply.take()).toBe('-ERR Target instance replied with error: WRONGPASS no\r\n')
    expect(db.has('a')).toBe(true)
  })

  const stages: ['connect' | 'write' | 'read', string][] = [
    ['connect', 'IOERR error or timeout connecting to the client'],
    ['write', 'IOERR error or timeout writing to target instance'],
    ['read', 'IOERR error or timeout reading to target instance'],
  ]
  for (const [stage, error] of stages) {
    it(`deletes only what was acknowledged before a failure to ${stage}`, () => {
      const {client, db, harness, run} = setup()
      run(...MIGRATE, 'KEYS', 'a', 'b')
      harness.answer({kind: 'failed', replies: stage === 'connect' ? [] : ['+OK', '+OK'], stage})
      expect(client.reply.take()).toBe(`-${error}\r\n`)
      expect(db.has('a')).toBe(stage === 'connect')
      expect(db.has('b')).toBe(true)
    })
  }

  it('answers nothing to a client that wants no reply', () => {
    const {client, db, harness, run} = setup()
    client.replyMode = 'off'
    client.special |= SPECIAL_REPLY_MODE
    run(...MIGRATE, 'KEYS', 'a')
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('')
    expect(db.has('a')).toBe(false)
  })

  it('moves many megabytes in pieces and answers once', () => {
    const {client, db, harness, run} = setup()
    harness.server.config.values.rdbcompression = false
    const keys = Array.from({length: 50}, (_, i) => `big${i}`)
    for (const key of keys) db.set(key, 'x'.repeat(100_000))
    run(...MIGRATE, 'KEYS', ...keys)
    let pieces = 0
    while (harness.exchanges.length > 0) {
      const {payload, replyCount} = harness.exchanges[0]!
      expect(payload.length).toBeLessThan(1.2 * 2 ** 20)
      expect(client.reply.take()).toBe('')
      harness.replies(...new Array<string>(replyCount).fill('+OK'))
      pieces++
    }
    expect(pieces).toBeGreaterThan(3)
    expect(client.reply.take()).toBe('+OK\r\n')
    expect(db.size).toBe(3)
  })

  it('goes on after a refused key in an earlier piece, and stops after a failure', () => {
    const {client, db, harness, run} = setup()
    harness.server.config.values.rdbcompression = false
    for (const key of ['big0', 'big1', 'big2']) db.set(key, 'x'.repeat(2 ** 20))
    run(...MIGRATE, 'KEYS', 'big0', 'big1', 'big2')
    harness.replies('+OK', '-ERR no room')
    harness.answer({kind: 'failed', replies: ['+OK'], stage: 'read'})
    expect(harness.exchanges).toEqual([])
    expect(client.reply.take()).toBe('-IOERR error or timeout reading to target instance\r\n')
    expect(db.size).toBe(6)
  })

  it('sends a key at least one millisecond, and none that expired meanwhile', () => {
    const {client, db, harness, run} = setup()
    harness.server.config.values.rdbcompression = false
    db.set('big', 'x'.repeat(2 ** 20))
    db.setExpiry('a', START_MS + 5)
    db.setExpiry('b', START_MS + 10)
    run(...MIGRATE, 'KEYS', 'big', 'a', 'b')
    harness.nowMs += 9.5
    harness.replies('+OK', '+OK')
    expect(harness.exchanges[0]!.payload).toContain('RESTORE\r\n$1\r\nb\r\n$1\r\n1\r\n')
    expect(harness.exchanges[0]!.replyCount).toBe(2)
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n')
  })
})

describe('keys on their way', () => {
  it('lets other clients use other keys, and makes them wait for these', () => {
    const {client, db, harness, other, run} = setup()
    const third = harness.connect()
    run(...MIGRATE, 'KEYS', 'a', 'b')
    expect(harness.send(third, ['DUMP', 'c'])).toMatch(/^\$/)
    expect(harness.send(other, ['DUMP', 'c'], ['DUMP', 'a'], ['DUMP', 'c'])).toMatch(/^\$\d+\r\n\0[^$]*$/)
    expect(harness.send(third, ['RESTORE', 'b', '0', dump('new'), 'REPLACE'])).toBe('')
    harness.replies('+OK', '+OK', '-ERR no')
    // Order kept: the answer for the key that left, then the command behind it; the write hits the key that stayed.
    expect(other.reply.take()).toMatch(/^\$-1\r\n\$\d+\r\n/)
    expect(third.reply.take()).toBe('+OK\r\n')
    expect(client.reply.take()).toMatch(/^-ERR Target/)
    expect(db.get('b')).toBe('new')
  })

  it('runs what its own client sent behind it afterwards, in order', () => {
    const {client, harness} = setup()
    expect(harness.send(client, [...MIGRATE, 'KEYS', 'a'], ['DUMP', 'a'], ['DUMP', 'x'])).toBe('')
    expect(harness.send(client, ['RESTORE', 'a', '0', dump('again')])).toBe('')
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n$-1\r\n$-1\r\n+OK\r\n')
  })

  it('keeps the order of replies inside a transaction', () => {
    const {client, harness, run} = setup()
    run('MULTI')
    run(...MIGRATE, 'KEYS', 'a')
    run('EXISTS', 'a', 'b')
    run(...MIGRATE, 'KEYS', 'b')
    expect(run('EXEC')).toBe('*3\r\n')
    expect(harness.send(client, ['EXISTS', 'a', 'b'])).toBe('')
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n:1\r\n')
    harness.replies('+OK', '-ERR no')
    expect(client.reply.take()).toBe('-ERR Target instance replied with error: ERR no\r\n:1\r\n')
  })

  it('holds the keys to the end when the client goes away, and deletes what was acknowledged', () => {
    const {client, db, harness, other, run} = setup()
    run(...MIGRATE, 'KEYS', 'a', 'b')
    harness.server.removeClient(client)
    expect(harness.send(other, ['DUMP', 'a'])).toBe('')
    harness.replies('+OK', '+OK', '-ERR no')
    expect(other.reply.take()).toBe('$-1\r\n')
    expect([...db.keys()]).toEqual(['b', 'c'])
  })

  it('carries two transfers of different keys at once, and makes a third of the same keys wait', () => {
    const {client, harness, other, run} = setup()
    const third = harness.connect()
    run(...MIGRATE, 'KEYS', 'a')
    harness.send(other, [...MIGRATE, 'KEYS', 'b'])
    harness.send(third, [...MIGRATE, 'KEYS', 'a', 'c'])
    expect(harness.exchanges.length).toBe(2)
    harness.replies('+OK', '+OK')
    expect(client.reply.take()).toBe('+OK\r\n')
    expect(harness.exchanges.length).toBe(2)
    expect(harness.exchanges[1]!.payload).not.toContain('value of a')
    harness.replies('+OK', '+OK')
    harness.replies('+OK', '+OK')
    expect(other.reply.take()).toBe('+OK\r\n')
    expect(third.reply.take()).toBe('+OK\r\n')
    expect(harness.server.special).toBe(0)
  })
})
