import {describe, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {Rig} from './rig.js'

const invalidate = (...keys: string[]): string =>
  `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`

describe('messages to a client that runs a command itself', () => {
  it('do not cut a reply in two', () => {
    const rig = new Rig('notify-keyspace-events Ex')
    const client = rig.connect()
    rig.run(
      client,
      'HELLO 3',
      'SUBSCRIBE __keyevent@0__:expired',
      'SET a 1',
      'SET b 2 PX 5',
      'CLIENT TRACKING ON',
      'GET b',
    )
    rig.nowMs += 10
    expect(rig.run(client, 'MGET a b')).toBe(
      `>3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:expired\r\n$1\r\nb\r\n*2\r\n$1\r\n1\r\n_\r\n${invalidate('b')}`,
    )
  })

  it('survive an error and a silenced reply', () => {
    const rig = new Rig('notify-keyspace-events Em')
    const client = rig.connect()
    rig.run(client, 'HELLO 3', 'PSUBSCRIBE *', 'CLIENT REPLY OFF')
    expect(rig.run(client, 'GET a')).toContain('keymiss')
    rig.run(client, 'CLIENT REPLY ON')
    expect(rig.run(client, 'GETEX a EX 0')).toMatch(/keymiss[\s\S]*_\r\n$/)
    expect(rig.run(client, 'GETEX a EX 0 FOO')).toBe('-ERR syntax error\r\n')
  })

  it('of another client come behind what is there', () => {
    const rig = new Rig()
    const [listener, other] = [rig.connect(), rig.connect()]
    rig.run(listener, 'SUBSCRIBE x')
    expect(rig.run(other, 'PUBLISH x 1', 'PUBLISH x 2', 'PUBLISH y 3')).toBe(':1\r\n:1\r\n:0\r\n')
    expect(rig.turn(listener).match(/message/g)).toHaveLength(2)
  })
})

describe('subscriptions', () => {
  it('end with the connection and with RESET', () => {
    const rig = new Rig()
    const [gone, reset, other] = [rig.connect(), rig.connect(), rig.connect()]
    for (const one of [gone, reset]) rig.run(one, 'SUBSCRIBE x', 'PSUBSCRIBE x*', 'SSUBSCRIBE x')
    rig.server.removeClient(gone)
    expect(rig.run(reset, 'RESET')).toBe('+RESET\r\n')
    expect(rig.run(other, 'PUBLISH x 1', 'SPUBLISH x 1', 'PUBSUB CHANNELS', 'PUBSUB NUMPAT')).toBe(
      ':0\r\n:0\r\n*0\r\n:0\r\n',
    )
    expect(reset.special).toBe(0)
  })

  it('to shard channels end when the slot leaves', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'SSUBSCRIBE a {a}2 b')
    rig.server.pubsub.dropSlots([hashSlot('a')])
    expect(rig.turn(client)).toBe(
      '*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:2\r\n*3\r\n$12\r\nsunsubscribe\r\n$4\r\n{a}2\r\n:1\r\n',
    )
    rig.server.pubsub.dropSlots([hashSlot('b')])
    rig.turn(client)
    expect(rig.run(client, 'PING')).toBe('+PONG\r\n')
  })
})

describe('client tracking', () => {
  it('tells of a key that ran out before it was written over', () => {
    const rig = new Rig()
    const [reader, other] = [rig.connect(), rig.connect()]
    rig.run(other, 'SET old 1 PX 5', 'SET new 2')
    rig.run(reader, 'HELLO 3', 'CLIENT TRACKING ON', 'MGET new old')
    rig.nowMs += 10
    rig.run(other, 'RENAME new old')
    expect(rig.turn(reader)).toBe(invalidate('old') + invalidate('new'))
  })

  it('costs the keyspace nothing while nobody tracks', () => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.server.state.onChange).toBeUndefined()
    rig.run(client, 'CLIENT TRACKING ON', 'GET a')
    expect([rig.server.state.onChange === undefined, rig.server.tracking.table.size]).toEqual([false, 1])
    rig.server.removeClient(client)
    expect([rig.server.state.onChange, rig.server.tracking.table.size]).toEqual([undefined, 0])
  })

  it('gives up keys beyond tracking-table-max-keys, and says so', () => {
    const rig = new Rig('tracking-table-max-keys 10')
    const client = rig.connect()
    rig.run(client, 'HELLO 3', 'CLIENT TRACKING ON')
    let told = 0
    for (let i = 0; i < 1000; i++) told += rig.run(client, `GET k${i}`).match(/invalidate/g)?.length ?? 0
    expect([rig.server.tracking.table.size, rig.server.tracking.table.items, told]).toEqual([10, 10, 990])
  })

  it('tells by prefix once a turn, not of what the client did itself with NOLOOP', () => {
    const rig = new Rig()
    const [client, other] = [rig.connect(), rig.connect()]
    rig.run(client, 'HELLO 3', 'CLIENT TRACKING ON BCAST PREFIX a PREFIX b NOLOOP')
    rig.run(other, 'SET a2 1', 'SET a1 1', 'SET a2 2', 'SET b 1', 'SET c 1')
    expect(rig.turn(client)).toBe(invalidate('a1', 'a2') + invalidate('b'))
    expect(rig.run(client, 'SET a1 1', 'SET c 1')).toBe('+OK\r\n+OK\r\n')
  })

  it('tells of keys that run out unasked', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'HELLO 3', 'SET a 1 PX 5', 'CLIENT TRACKING ON BCAST')
    rig.nowMs += 10
    rig.server.activeExpire(rig.nowMs, 100)
    expect(rig.turn(client)).toBe(invalidate('a'))
  })
})

describe('a monitor', () => {
  it('sees a script before what the script does, and that it was a script', () => {
    const rig = new Rig()
    const [monitor, client] = [rig.connect(), rig.connect()]
    rig.run(monitor, 'MONITOR')
    rig.run(client, `EVAL "return redis.call('INCR', KEYS[1])" 1 n`, 'EVALSHA nope 0', 'FCALL nope 0')
    expect(rig.turn(monitor).replace(/\d+\.\d+ /g, '')).toBe(
      [
        `+[0 127.0.0.1:50000] "EVAL" "return redis.call('INCR', KEYS[1])" "1" "n"`,
        '+[0 lua] "INCR" "n"',
        '+[0 127.0.0.1:50000] "EVALSHA" "nope" "0"',
        '+[0 127.0.0.1:50000] "FCALL" "nope" "0"',
        '',
      ].join('\r\n'),
    )
  })
})
