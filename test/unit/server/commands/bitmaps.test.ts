import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import type {Client} from '../../../../src/lib/server/client.js'
import {COPIED_BYTES_MAX, StringBytes} from '../../../../src/lib/server/keyspace/string-bytes.js'
import {Rig} from '../rig.js'

/** What the row of a key holds: the string, or its bytes while it is changed in place. */
function held(rig: Rig, key: string): unknown {
  for (const {store} of rig.server.databases) {
    const place = store.find(key)
    if (place >= 0) return store.heldAt(place)
  }
  return undefined
}

function text(rig: Rig, client: Client, key: string): string {
  return rig
    .run(client, `GET ${key}`)
    .replace(/^\$\d+\r\n/, '')
    .slice(0, -2)
}

describe('strings changed bit by bit', () => {
  it('copies short ones, and keeps the bytes of long ones until somebody wants the string', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, `SETBIT short ${COPIED_BYTES_MAX * 8 - 1} 1`, `SETBIT long ${COPIED_BYTES_MAX * 8} 1`)
    expect(typeof held(rig, 'short')).toBe('string')
    expect(held(rig, 'long')).toBeInstanceOf(StringBytes)
    const bytes = held(rig, 'long')
    rig.run(client, 'SETBIT long 7 1', 'GETBIT long 7', 'BITCOUNT long', 'BITPOS long 1', 'STRLEN long', 'EXISTS long')
    expect(held(rig, 'long')).toBe(bytes)
    expect(text(rig, client, 'long')).toBe(`\x01${'\0'.repeat(COPIED_BYTES_MAX - 1)}\x80`)
    expect(typeof held(rig, 'long')).toBe('string')
  })

  it('gives every other command the string as it is now', () => {
    const rig = new Rig('enable-debug-command yes')
    const client = rig.connect()
    const zeros = '\0'.repeat(5000)
    const edit = (): string => rig.run(client, 'DEL k', 'SETBIT k 40007 1')
    const wanted = `${zeros}\x01`
    const ways: readonly [commands: readonly string[], key: string, after: string][] = [
      [['APPEND k x'], 'k', `${wanted}x`],
      [['SETRANGE k 0 x'], 'k', `x${wanted.slice(1)}`],
      [['RENAME k other'], 'other', wanted],
      [['COPY k other REPLACE'], 'other', wanted],
      [['SWAPDB 0 1', 'SWAPDB 0 1'], 'k', wanted],
      [['BITOP OR other k k'], 'other', wanted],
      [['SETBIT k 40007 0', 'SETBIT k 40007 1'], 'k', wanted],
      [['DEBUG RELOAD'], 'k', wanted],
      [['SET k new'], 'k', 'new'],
    ]
    for (const [commands, key, after] of ways) {
      edit()
      rig.run(client, ...commands)
      expect(text(rig, client, key), commands.join()).toBe(after)
    }
    edit()
    expect(rig.run(client, 'DEBUG DIGEST-VALUE k')).not.toContain('0'.repeat(40))
    rig.run(client, 'EXPIRE k 10')
    rig.nowMs += 11_000
    expect(rig.run(client, 'SETBIT k 0 1', 'STRLEN k')).toBe(':0\r\n:1\r\n')
  })

  it('holds what a plain array of bits would, whatever the order of changes', () => {
    const rig = new Rig()
    const client = rig.connect()
    const rng = seededRng(5)
    const bits = new Uint8Array(80_000)
    for (let i = 0; i < 3000; i++) {
      const offset = rng.below(rng.chance(0.5) ? 8000 : bits.length)
      const before = bits[offset]!
      bits[offset] = rng.below(2)
      expect(rig.run(client, `SETBIT k ${offset} ${bits[offset]}`)).toBe(`:${before}\r\n`)
      if (rng.chance(0.01)) rig.run(client, 'GET k')
    }
    const from = 12_345
    const to = 70_007
    const ones = bits.subarray(from, to + 1).reduce((sum, bit) => sum + bit, 0)
    expect(rig.run(client, `BITCOUNT k ${from} ${to} BIT`)).toBe(`:${ones}\r\n`)
    expect(rig.run(client, `BITPOS k 1 ${from} ${to} BIT`)).toBe(`:${bits.indexOf(1, from)}\r\n`)
  })

  it('grows without copying each time', () => {
    const bytes = new StringBytes('ab')
    const grown = new Set<unknown>()
    for (let length = 3; length < 100_000; length++) {
      bytes.grow(length)
      grown.add(bytes.bytes)
    }
    expect(grown.size).toBeLessThan(20)
    expect(bytes.text()).toBe(`ab${'\0'.repeat(99_997)}`)
  })
})

describe('SORT in cluster mode', () => {
  it('does not reach for keys that may be elsewhere', () => {
    const rig = new Rig('cluster-enabled yes')
    const client = rig.connect()
    rig.run(client, 'RPUSH l 2 10 1')
    expect(rig.run(client, 'SORT l')).toBe('*3\r\n$1\r\n1\r\n$1\r\n2\r\n$2\r\n10\r\n')
    expect(rig.run(client, 'SORT l BY nosort DESC')).toBe('*3\r\n$1\r\n1\r\n$2\r\n10\r\n$1\r\n2\r\n')
    expect(rig.run(client, 'SORT l BY w_*')).toBe('-ERR BY option of SORT denied in Cluster mode.\r\n')
    expect(rig.run(client, 'SORT_RO l GET #')).toBe('-ERR GET option of SORT denied in Cluster mode.\r\n')
  })
})
