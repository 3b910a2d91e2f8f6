import {createHash} from 'node:crypto'
import fc from 'fast-check'
import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {sha1} from '../../../../src/lib/server/commands/server/debug/sha1.js'
import {AdminHarness} from './harness.js'

let node: AdminHarness
let client: Client

beforeEach(() => {
  node = new AdminHarness('enable-debug-command yes')
  client = node.connect()
})

describe('DEBUG', () => {
  it('is refused unless allowed, for local clients or all', () => {
    const closed = new AdminHarness()
    expect(closed.call(closed.connect(), 'DEBUG DIGEST')).toMatch(/^-ERR DEBUG command not allowed\. If the/)
    const local = new AdminHarness('enable-debug-command local')
    expect(local.call(local.connect(), 'DEBUG DIGEST')).toBe(`+${'0'.repeat(40)}`)
    expect(local.call(local.connect('10.0.0.1'), 'DEBUG DIGEST')).toMatch(/^-ERR DEBUG command not allowed/)
  })

  // Signatures seen on redis-server 7.0.15 for the same data.
  it('gives the digest redis-server gives', () => {
    node.call(client, 'SET a b')
    expect(node.call(client, 'DEBUG DIGEST')).toBe('+479783d7290f02957dfbe3408a858ba13eea1709')
    node.call(client, 'SET b c')
    expect(node.call(client, 'DEBUG DIGEST')).toBe('+0ef5f55ddbdf291cab22496c7787a672ce004579')
    node.call(client, 'FLUSHALL')
    node.call(client, 'SET a 1')
    node.call(client, 'SELECT 3')
    node.call(client, 'SET a 1')
    expect(node.call(client, 'DEBUG DIGEST')).toBe('+f383bca646c02922c5e41d083fc287554a3d7555')
    node.call(client, 'PEXPIREAT a 99999999999999')
    expect(node.call(client, 'DEBUG DIGEST-VALUE a nokey')).toEqual([
      '+5279988c5d1911f474bcbbf2f0a87012d40f8459',
      `+${'0'.repeat(40)}`,
    ])
  })

  it('gives one digest whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({unit: 'binary-ascii'}), {maxLength: 8}), (keys) => {
        const digests = [keys, [...keys].reverse()].map((order) => {
          node.call(client, 'FLUSHALL')
          for (const key of order) node.call(client, ['SET', key, `value of ${key}`])
          return node.call(client, 'DEBUG DIGEST')
        })
        expect(digests[0]).toBe(digests[1])
      }),
      {numRuns: 50},
    )
  })

  it('hashes as SHA-1 does, for any length', () => {
    for (let length = 0; length < 200; length++) {
      const text = Array.from({length}, (_, i) => String.fromCharCode((i * 37 + length) & 0xff)).join('')
      expect(Buffer.from(sha1(text))).toEqual(createHash('sha1').update(Buffer.from(text, 'latin1')).digest())
    }
  })

  it('keeps data and deadlines over RELOAD and LOADAOF', () => {
    node.call(client, ['SET', 'a', 'x'.repeat(1000)])
    node.call(client, 'SET b 12345 PXAT 1800000000000')
    const before = node.call(client, 'DEBUG DIGEST')
    expect(node.call(client, 'DEBUG RELOAD')).toBe('+OK')
    expect(node.call(client, 'DEBUG LOADAOF')).toBe('+OK')
    expect(node.call(client, 'DEBUG DIGEST')).toBe(before)
    expect(node.call(client, 'PEXPIRETIME b')).toBe(1_800_000_000_000)
    expect(node.call(client, 'DEBUG RELOAD foo')).toContain('-ERR DEBUG RELOAD only supports')
  })

  it('sleeps, stops the active expiry and the cron, and fails on demand', () => {
    expect(node.call(client, 'DEBUG SLEEP 0.25')).toBe('+OK')
    expect(node.asked).toEqual(['sleep 250'])
    node.call(client, 'DEBUG SET-ACTIVE-EXPIRE 0')
    expect(node.server.state.activeExpire).toBe(false)
    expect(node.call(client, ['DEBUG', 'ERROR', 'LOADING now'])).toBe('-LOADING now')
    expect(node.call(client, ['DEBUG', 'LOG', 'hello there'])).toBe('+OK')
    expect(node.log).toContain('warning DEBUG LOG: hello there')
  })

  it('describes an object', () => {
    node.call(client, ['SET', 'a', 'bar'.repeat(25)])
    node.nowMs += 3000
    expect(node.call(client, 'DEBUG OBJECT a')).toMatch(
      /^\+Value at:0x0 refcount:1 encoding:raw serializedlength:\d+ lru:\d+ lru_seconds_idle:3$/,
    )
    expect(node.call(client, 'DEBUG OBJECT nokey')).toBe('-ERR no such key')
  })

  it('begins a new replication history', () => {
    const id = (): string => /master_replid:(\w+)/.exec(String(node.call(client, 'INFO replication')))![1]!
    const before = id()
    expect(before).toMatch(/^[0-9a-f]{40}$/)
    node.call(client, 'DEBUG CHANGE-REPL-ID')
    expect(id()).not.toBe(before)
  })

  it('answers wrong words and counts as redis-server does', () => {
    const wrong = (word: string): string =>
      `-ERR unknown subcommand or wrong number of arguments for '${word}'. Try DEBUG HELP.`
    expect(node.call(client, 'DEBUG foo')).toBe(wrong('foo'))
    expect(node.call(client, 'DEBUG OBJECT')).toBe(wrong('OBJECT'))
    expect(node.call(client, 'DEBUG CLUSTERLINK KILL to x')).toBe(
      '-ERR Debug option only available for cluster mode enabled setup!',
    )
  })
})
