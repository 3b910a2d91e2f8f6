import {beforeAll, describe, expect, it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'
import {type BothServers, bothServers, describeRandomCommands, expectSameData} from './harness.js'

/** What asks for too much, and what asks for much: beside redis-server, to the byte and to the closed connection. */

const MIB = 1024 * 1024
const LINE_MAX = 64 * 1024

type Send = readonly [name: string, bytes: string]

/** What is answered until the connection is closed, by both. */
async function untilClosed({ports}: BothServers, bytes: string): Promise<[string, string]> {
  const answers = ports().map(async (port) => {
    const connection = await RawConnection.open(port)
    connection.send(bytes)
    return await connection.rest()
  })
  return (await Promise.all(answers)) as [string, string]
}

/** All replies of both to commands that leave the connection open. */
async function expectSame({both}: BothServers, commands: readonly (readonly string[])[]): Promise<void> {
  const [theirs, ours] = await both()
  const [expected, actual] = await Promise.all([theirs.batch(commands), ours.batch(commands)])
  expect(actual).toEqual(expected)
  theirs.close()
  ours.close()
}

function repeated(count: number, ...words: string[]): string[] {
  return Array.from({length: count}, () => words).flat()
}

function makeLongStringCommand(rng: Rng): string[] {
  const key = rng.pick(['a', 'b', 'c'])
  const offset = String(rng.below(rng.chance(0.3) ? 5000 : 140_000))
  const patch = rng.pick(['x', '\0', '\xff'.repeat(rng.below(300)), 'some text'.repeat(rng.below(900)), ''])
  switch (rng.below(10)) {
    case 0:
      return ['SETRANGE', key, offset, patch]
    case 1:
    case 2:
      return ['APPEND', key, patch]
    case 3:
      return ['GETRANGE', key, offset, String(Number(offset) + rng.below(100))]
    case 4:
      return ['GETRANGE', key, `-${rng.below(200)}`, '-1']
    case 5:
      return [
        'BITOP',
        rng.pick(['AND', 'OR', 'XOR']),
        rng.pick(['a', 'b', 'd']),
        ...['a', 'b', 'c'].slice(rng.below(3)),
      ]
    case 6:
      return rng.chance(0.5) ? ['BITOP', 'NOT', 'd', key] : ['DEL', rng.pick(['a', 'b', 'c', 'd'])]
    case 7:
      return ['BITPOS', rng.pick(['a', 'b', 'd']), String(rng.below(2)), String(rng.below(5000)), '-1']
    case 8:
      return rng.chance(0.5) ? ['SETBIT', key, String(rng.below(900_000)), '1'] : ['GETSET', key, patch]
    default:
      return rng.pick([
        ['STRLEN', key],
        ['GET', 'd'],
        ['COPY', key, 'd', 'REPLACE'],
        ['BITCOUNT', 'd', '1', '-2'],
      ])
  }
}

describeWithPeers('limits beside redis-server', () => {
  const servers = bothServers({'proto-max-bulk-len': '1mb'})

  describe('what no client may send', () => {
    it.each<Send>([
      ['more arguments than there can be', '*2147483648\r\n'],
      ['no number of arguments', '*x\r\n'],
      ['no number at all', '*\r\n'],
      ['a number without end', `*${'1'.repeat(LINE_MAX + 10)}`],
      ['a negative argument', '*1\r\n$-1\r\n'],
      ['no length', '*1\r\n$x\r\n'],
      ['a length without end', `*1\r\n$${'1'.repeat(LINE_MAX + 10)}`],
      ['no argument', '*1\r\nPING\r\n'],
      ['an argument above proto-max-bulk-len', `*2\r\n$4\r\nECHO\r\n$${MIB + 1}\r\n`],
      ['a line without end', 'x'.repeat(LINE_MAX + 10)],
      ['a quote that does not close', 'ECHO "x\r\n'],
    ])('%s', async (_name, bytes) => {
      const [expected, actual] = await untilClosed(servers, bytes)
      expect(actual).toBe(expected)
    })

    it('takes what is no more than that', async () => {
      const whole = 'x'.repeat(MIB)
      await expectSame(servers, [
        ['ECHO', whole],
        ['SET', 'whole', whole],
        ['APPEND', 'whole', 'x'],
        ['STRLEN', 'whole'],
      ])
    })
  })

  it('keeps every string below proto-max-bulk-len, also one that was changed at run time', async () => {
    const beyond = (limit: number): string[][] => [
      ['DEL', 'k', 'b'],
      ['SETRANGE', 'k', String(limit - 1), 'x'],
      ['SETRANGE', 'k', String(limit), 'x'],
      ['SETRANGE', 'k', String(2 ** 40), 'x'],
      ['SETRANGE', 'k', String(limit), ''],
      ['APPEND', 'k', 'x'],
      ['SETBIT', 'b', String(limit * 8 - 1), '1'],
      ['SETBIT', 'b', String(limit * 8), '1'],
      ['BITFIELD', 'b', 'SET', 'u8', `#${limit - 1}`, '7', 'SET', 'u8', `#${limit}`, '7'],
      ['GETBIT', 'b', String(limit * 8)],
      ['STRLEN', 'k'],
      ['STRLEN', 'b'],
    ]
    await expectSame(servers, [
      ...beyond(MIB),
      ['CONFIG', 'SET', 'proto-max-bulk-len', String(2 * MIB)],
      ...beyond(2 * MIB),
      ['CONFIG', 'SET', 'proto-max-bulk-len', '1mb'],
      ['APPEND', 'k', 'x'],
      ['CONFIG', 'SET', 'proto-max-bulk-len', '1'],
    ])
  })

  it('closes without a word who sends more than client-query-buffer-limit in one request', async () => {
    await expectSame(servers, [
      ['CONFIG', 'SET', 'client-query-buffer-limit', '1mb', 'proto-max-bulk-len', '8mb'],
      ['CONFIG', 'SET', 'client-query-buffer-limit', '1'],
    ])
    const big = `*2\r\n$4\r\nECHO\r\n$${4 * MIB}\r\n${'x'.repeat(3 * MIB)}`
    expect(await untilClosed(servers, big)).toEqual(['', ''])
    // Many small ones are no request that is too big.
    await expectSame(
      servers,
      repeated(300, 'x'.repeat(10_000)).map((text) => ['ECHO', text]),
    )
    await expectSame(servers, [['CONFIG', 'SET', 'client-query-buffer-limit', '1gb', 'proto-max-bulk-len', '1mb']])
  })

  it('takes hundreds of thousands of arguments', async () => {
    const many = 130_000
    await expectSame(servers, [
      ['COMMAND', 'GETKEYS', 'MGET', ...repeated(many, 'k')],
      ['COMMAND', 'GETKEYSANDFLAGS', 'DEL', ...repeated(1000, 'k')],
      ['SADD', 'set', ...repeated(many, 'member')],
      ['SUNION', ...repeated(many, 'none')],
      ['BITFIELD', 'fields', ...repeated(5000, 'GET', 'u8', '0')],
      ['EVAL', 'return #KEYS', String(many), ...repeated(many, 'k')],
    ])
  })

  it('runs a transaction of tens of thousands, and a pipeline of 100,000 in one write', async () => {
    const commands = [['MULTI'], ...Array.from({length: 20_000}, () => ['INCR', 'count']), ['EXEC']]
    const ask = async (port: number): Promise<string> => {
      const connection = await RawConnection.open(port)
      connection.send(`${commands.map(encodeRequest).join('')}${'PING\r\n'.repeat(100_000)}QUIT\r\n`)
      return await connection.rest()
    }
    const [expected, actual] = await Promise.all(servers.ports().map(ask))
    expect(actual!.length).toBe(expected!.length)
    expect(actual === expected).toBe(true)
  })

  it('finds its own limits of nesting where redis-server has them', async () => {
    const brackets = (depth: number) => `return cjson.decode(string.rep('[', ${depth}) .. string.rep(']', ${depth}))`
    const nested = (depth: number) => `local t = {} for i = 1, ${depth} do t = {t} end return cjson.encode(t)`
    const scripts = [brackets(1000), brackets(1001), brackets(100_000), nested(999), nested(1000), nested(100_000)]
    await expectSame(
      servers,
      scripts.map((script) => ['EVAL', script, '0']),
    )
  })

  it('forgets what a client had sent of a command when it went', async () => {
    for (const port of servers.ports()) {
      const dying = await RawConnection.open(port)
      dying.send('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nx')
      const other = await RawConnection.open(port)
      const count = async () => [...(await other.call('CLIENT', 'LIST')).matchAll(/^id=/gm)].length
      await waitFor(async () => (await count()) === 2, {what: 'both clients'})
      dying.close()
      await waitFor(async () => (await count()) === 1, {what: 'one client'})
      expect(await other.call('EXISTS', 'half')).toBe(':0\r\n')
      other.close()
    }
  })
})

describeWithPeers('limits before AUTH, and of clients, beside redis-server', () => {
  const servers = bothServers()

  beforeAll(async () => {
    await expectSame(servers, [['CONFIG', 'SET', 'maxclients', '5', 'requirepass', 'secret']])
  })

  it.each<Send>([
    ['eleven arguments', '*11\r\n'],
    ['an argument of 16385 bytes', '*2\r\n$4\r\nAUTH\r\n$16385\r\n'],
  ])('%s', async (_name, bytes) => {
    const [expected, actual] = await untilClosed(servers, bytes)
    expect(actual).toBe(expected)
  })

  it('turns away whoever is one too many', async () => {
    const answers = servers.ports().map(async (port) => {
      const open = await Promise.all(Array.from({length: 5}, () => RawConnection.open(port)))
      for (const one of open) expect(await one.call('PING')).toBe('-NOAUTH Authentication required.\r\n')
      const refused = await RawConnection.open(port)
      const text = await refused.rest()
      for (const one of open) one.close()
      return text
    })
    const [expected, actual] = await Promise.all(answers)
    expect(actual).toBe(expected)
  })
})

describeWithPeers('long strings beside redis-server', () => {
  describeRandomCommands(bothServers(), {commandsPerSeed: 600, makeCommand: makeLongStringCommand, seeds: [1, 2]})
})

describeWithPeers('big values beside redis-server', () => {
  const {both} = bothServers()

  it('carries them from one to the other, and back', async () => {
    const [theirs, ours] = await both()
    const words = (count: number, make: (i: number) => string[]) =>
      Array.from({length: count}, (_, i) => make(i)).flat()
    const commands = [
      ['RPUSH', 'list', ...words(5000, (i) => [i % 5 === 0 ? String(i * 77) : `element:${i}`])],
      ['SADD', 'set', ...words(5000, (i) => [`member:${i}`])],
      ['HSET', 'hash', ...words(5000, (i) => [`field:${i}`, 'value'.repeat(i % 9)])],
      ['ZADD', 'zset', ...words(5000, (i) => [String(i / 7), `member:${i}`])],
      [
        'EVAL',
        "for i = 1, 5000 do redis.call('XADD', 'stream', i .. '-1', 'f', i, 'g', string.rep('x', i % 50)) end",
        '0',
      ],
      ['XGROUP', 'CREATE', 'stream', 'group', '0'],
      ['XREADGROUP', 'GROUP', 'group', 'one', 'COUNT', '2000', 'STREAMS', 'stream', '>'],
      ['XTRIM', 'stream', 'MAXLEN', '4321'],
    ]
    await Promise.all([theirs.batch(commands), ours.batch(commands)])
    for (const key of ['list', 'set', 'hash', 'zset', 'stream']) {
      const payloads = await Promise.all([theirs.call('DUMP', key), ours.call('DUMP', key)])
      const [fromThem, fromUs] = payloads.map((reply) => reply.slice(reply.indexOf('\n') + 1, -2))
      expect(await theirs.call('RESTORE', key, '0', fromUs!, 'REPLACE')).toBe('+OK\r\n')
      expect(await ours.call('RESTORE', key, '0', fromThem!, 'REPLACE')).toBe('+OK\r\n')
    }
    await expectSameData(theirs, ours)
    theirs.close()
    ours.close()
  })
})
