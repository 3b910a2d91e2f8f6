import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../src/lib/server/client.js'
import type {ClusterBinding} from '../../../src/lib/server/cluster/api.js'
import {NOTIFY_KEY_MISS} from '../../../src/lib/server/keyspace/notifications.js'
import {Rig} from './rig.js'

/** What commands do besides their replies, as redis-server 7.0 does it: events, misses, forms, who is told and served. */

let rig: Rig
let client: Client
let events: string[]

beforeEach(() => {
  rig = new Rig('enable-debug-command yes')
  client = rig.connect()
  events = []
  rig.server.state.notifyMask = 0xffff
  rig.server.state.onEvent = (_kind, event, key) => events.push(`${event} ${key}`)
})

/** The events of these lines alone. */
function eventsOf(...lines: string[]): string[] {
  events.length = 0
  rig.run(client, ...lines)
  return [...events]
}

/** A key that has run out and is still there. */
function runOut(line: string): void {
  const key = line.split(' ')[1]!
  rig.run(client, line, `PEXPIREAT ${key} ${rig.nowMs + 1}`)
  rig.nowMs += 2
}

describe('keys that are looked up', () => {
  it('misses a stream twice, waiting for it or not', () => {
    rig.server.state.notifyMask = NOTIFY_KEY_MISS
    expect(eventsOf('XREAD STREAMS s $')).toEqual(['keymiss s', 'keymiss s'])
    expect(eventsOf('XREAD BLOCK 0 STREAMS s $')).toEqual(['keymiss s', 'keymiss s'])
  })

  it('looks for the stream before it finds fault with the rest of XAUTOCLAIM', () => {
    expect(eventsOf('XAUTOCLAIM s g c x 0')).toEqual(['keymiss s'])
    rig.run(client, 'SET s x')
    expect(rig.run(client, 'XAUTOCLAIM s g c x 0')).toContain('Invalid min-idle-time')
    expect(rig.run(client, 'XAUTOCLAIM s g c 0 0')).toContain('WRONGTYPE')
  })

  it('deletes what has run out on the way of SCAN', () => {
    runOut('SET k x')
    expect(eventsOf('SCAN 0 MATCH no*')).toEqual([])
    expect(eventsOf('SCAN 0')).toEqual(['expired k'])
    runOut('SET k x')
    expect(eventsOf('SCAN 0 TYPE string')).toEqual(['expired k', 'keymiss k'])
  })

  it('shows the digest of what has run out, and leaves it there', () => {
    const digest = rig.run(client, 'SET k x', 'EXPIRE k 100', 'DEBUG DIGEST-VALUE k').split('\r\n').at(-2)
    runOut('SET k x')
    expect(eventsOf('DEBUG DIGEST-VALUE k')).toEqual([])
    expect(rig.run(client, 'DEBUG DIGEST-VALUE k')).toContain(digest)
  })

  it.each([
    'SORT none STORE k',
    'SINTERSTORE k none',
    'ZUNIONSTORE k 1 none',
    'BITOP AND k none',
    'ZRANGESTORE k none 0 -1',
  ])('deletes where nothing is stored, run out or not: %s', (line) => {
    runOut('SET k x')
    rig.server.state.notifyMask &= ~NOTIFY_KEY_MISS
    expect(eventsOf(line)).toEqual(['del k'])
  })
})

describe('forms that SORT leaves behind', () => {
  it('keeps a sorted set as a big one', () => {
    expect(rig.run(client, 'ZADD z 1 1', 'OBJECT ENCODING z')).toContain('listpack')
    expect(rig.run(client, 'SORT_RO z BY nosort', 'OBJECT ENCODING z')).toContain('skiplist')
  })

  it('stores nodes of 8 kilobytes, whatever list-max-listpack-size says', () => {
    const sorted = rig.run(client, 'RPUSH l 1 2', 'SORT l STORE as', 'DUMP as').split('\r\n')[2]
    rig.run(client, 'CONFIG SET list-max-listpack-size 0', 'SORT l STORE as')
    expect(rig.run(client, 'DUMP as').split('\r\n')[0]).toBe(sorted)
  })
})

describe('clients that are told or served', () => {
  function tracked(...reads: string[]): Client {
    const reader = rig.connect()
    rig.run(reader, 'HELLO 3', 'CLIENT TRACKING ON', ...reads)
    return reader
  }

  it('tells nobody that a group has changed', () => {
    rig.run(client, 'XADD s 1-1 a b')
    const reader = tracked('XLEN s')
    rig.run(client, 'XGROUP CREATE s g 0', 'XREADGROUP GROUP g c STREAMS s >', 'XACK s g 1-1', 'XGROUP DESTROY s g')
    expect(reader.reply.take()).toBe('')
    rig.run(client, 'XADD s 2-1 a b')
    expect(reader.reply.take()).toContain('invalidate')
  })

  it.each([
    ['return redis.call("get",KEYS[1])', true],
    ['return redis.call("get","other")', true],
    ['return redis.call("set","other",1)', false],
    ['return 1', false],
  ])('remembers what a script declares as soon as it reads anything: %s', (script, isTold) => {
    const reader = tracked(`EVAL '${script}' 1 k`)
    rig.run(client, 'SET k 1')
    expect(reader.reply.take().includes('invalidate')).toBe(isTold)
  })

  it('does not look at a key of which nobody can be served', () => {
    rig.run(rig.connect(), 'BLPOP k 0')
    expect(eventsOf(`SET k v PXAT ${rig.nowMs - 1}`)).not.toContain('expired k')
  })

  it('does not serve who waits for a sorted set that overwrites a set', () => {
    const waiting = rig.connect()
    rig.run(waiting, 'BZPOPMIN k 0')
    rig.run(client, 'ZADD z 1 a', 'SADD k x', 'ZUNIONSTORE k 1 z')
    expect(rig.turn(waiting)).toBe('')
    rig.run(client, 'DEL k', 'ZUNIONSTORE k 1 z')
    expect(rig.turn(waiting)).toContain('$1\r\na\r\n')
  })
})

describe('scripts and transactions', () => {
  it.each(['pfcount", "k', 'publish", "k", "x', 'spublish", "k", "x'])(
    'takes for a write in a read-only script what reaches replicas: %s',
    (call) => {
      expect(rig.run(client, `EVAL_RO 'return redis.call("${call}")' 0`)).toContain('Write commands are not allowed')
    },
  )

  it('refuses BLOCK in a script before it reads on', () => {
    const refusal = '-ERR XREAD command is not allowed with BLOCK option from scripts'
    expect(rig.run(client, `EVAL 'return redis.pcall("XREAD", "BLOCK", "x", "y")' 0`)).toContain(refusal)
  })

  it('keeps nothing of a transaction that is bound to fail', () => {
    const rig = new Rig('cluster-enabled yes')
    const myself = {}
    const nowhere = (): undefined => undefined
    const core = {importingFrom: nowhere, migratingTo: nowhere, myself, ownerOf: () => myself, stateOk: true}
    const serves = new Uint8Array(16384).fill(1)
    rig.server.cluster = {core: {...core, serves}, perform: nowhere} as unknown as ClusterBinding
    const client = rig.connect()
    const replies = rig.run(client, 'MULTI', 'ECHO', 'GET a', 'GET b', 'EXEC')
    expect(replies).toContain('-EXECABORT Transaction discarded because of previous errors.')
  })
})
