import {once} from 'node:events'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {Redis} from 'ioredis'
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {crc64} from '../../src/lib/protocol/crc64.js'
import {describeWithPeers, formCluster, type RedisNode, startRedis, waitForAgreement} from '../support/peers.js'
import {startTestNode, type TestNode} from './migrate-node.js'

/** Strings at every threshold of the encodings, by name. */
const VALUES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  ...Object.fromEntries(
    [
      ...['0', '-1', '127', '128', '-128', '-129', '32767', '32768', '-32768', '-32769'],
      ...[
        '2147483647',
        '2147483648',
        '-2147483648',
        '-2147483649',
        '9223372036854775807',
        '12345678901',
        '123456789012',
      ],
      ...['01', '-0', '+1', ' 1', '1 ', '1e5', '1.0', '-', 'hello'],
    ].map((text) => [`text ${text}`, Buffer.from(text)]),
  ),
  ...Object.fromEntries(
    [1, 11, 12, 20, 21, 44, 45, 63, 64, 16383, 16384, 65535, 65536, 5_000_000].flatMap((length) => [
      [`run of ${length}`, Buffer.alloc(length, 'a')],
      [`noise of ${length}`, noise(length)],
      [`words of ${length}`, Buffer.alloc(length, 'the quick brown fox jumps over the lazy dog, ')],
    ]),
  ),
  'all bytes': Buffer.from(Array.from({length: 256}, (_, byte) => byte)),
}

const BINARY_KEYS = ['\0', '\r\n', 'a\r\n$3\r\nfoo\r\n', '\xff\xfe\0\x01', 'ключ', ' '].map((key) =>
  Buffer.from(key, key.charCodeAt(0) > 255 ? 'utf8' : 'latin1'),
)

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0, state = length; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

type Argument = string | number | Buffer

/** A connection whose replies are bytes and whose error replies are `-TEXT`. */
class Wire {
  private readonly redis: Redis
  constructor(readonly port: number) {
    this.redis = new Redis(port, '127.0.0.1', {enableReadyCheck: false, retryStrategy: () => null})
    this.redis.on('error', () => {})
  }
  async call(...argv: readonly Argument[]): Promise<Buffer | null> {
    try {
      const [name, ...rest] = argv
      const reply = (await this.redis.callBuffer(String(name), ...rest)) as Buffer | number | null
      return typeof reply === 'number' ? Buffer.from(String(reply)) : reply
    } catch (error) {
      return Buffer.from(`-${(error as Error).message}`)
    }
  }
  async text(...argv: readonly Argument[]): Promise<string> {
    return String(await this.call(...argv))
  }
  close(): void {
    this.redis.disconnect()
  }
}

describeWithPeers('DUMP, RESTORE and MIGRATE beside redis-server', () => {
  let redis: RedisNode
  let node: TestNode
  let real: Wire
  let ours: Wire
  const open: {close(): void}[] = []

  beforeAll(async () => {
    redis = await startRedis()
    node = await startTestNode()
  })
  afterAll(async () => {
    await Promise.all([redis?.stop(), node?.stop()])
  })
  beforeEach(async () => {
    real = new Wire(redis.port)
    ours = new Wire(node.port)
    open.push(real, ours)
    await real.call('FLUSHALL')
    await ours.call('FLUSHALL')
    return () => {
      for (const one of open.splice(0)) one.close()
    }
  })

  const migrate = (from: Wire, to: Wire, keys: readonly Argument[], ...options: readonly Argument[]) =>
    from.text('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, ...options, 'KEYS', ...keys)

  it('carries every kind of string there and back unchanged', async () => {
    const names = Object.keys(VALUES)
    for (const name of names) await real.call('SET', name, VALUES[name]!)
    expect(await migrate(real, ours, names)).toBe('OK')
    expect(await real.text('DBSIZE')).toBe('0')
    for (const name of names) expect((await ours.call('GET', name))?.equals(VALUES[name]!), name).toBe(true)
    expect(await migrate(ours, real, names)).toBe('OK')
    expect(await ours.text('DBSIZE')).toBe('0')
    for (const name of names) expect((await real.call('GET', name))?.equals(VALUES[name]!), name).toBe(true)
  })

  it('dumps the same bytes as redis-server wherever nothing is compressed', async () => {
    for (const [name, value] of Object.entries(VALUES)) {
      if (/^(?:run|words)/.test(name) && value.length > 20) continue
      await real.call('SET', name, value)
      await ours.call('SET', name, value)
      expect((await ours.call('DUMP', name))?.toString('hex'), name).toBe(
        (await real.call('DUMP', name))?.toString('hex'),
      )
    }
  })

  it('takes and gives binary keys', async () => {
    for (const key of BINARY_KEYS) await real.call('SET', key, key)
    expect(await migrate(real, ours, BINARY_KEYS)).toBe('OK')
    for (const key of BINARY_KEYS) expect(await ours.call('GET', key)).toEqual(key)
    expect(await migrate(ours, real, BINARY_KEYS)).toBe('OK')
    for (const key of BINARY_KEYS) expect(await real.call('GET', key)).toEqual(key)
  })

  it('keeps times to live', async () => {
    await real.call('SET', 'forever', 'x')
    await real.call('SET', 'minute', 'x', 'PX', 60_000)
    expect(await migrate(real, ours, ['forever', 'minute'])).toBe('OK')
    expect(await ours.text('PTTL', 'forever')).toBe('-1')
    expect(Number(await ours.text('PTTL', 'minute'))).toBeGreaterThan(50_000)
    expect(await migrate(ours, real, ['forever', 'minute'])).toBe('OK')
    expect(await real.text('PTTL', 'forever')).toBe('-1')
    const left = Number(await real.text('PTTL', 'minute'))
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('moves thousands of keys in one command', async () => {
    const keys = Array.from({length: 20_000}, (_, i) => `key:${i}`)
    for (let i = 0; i < keys.length; i += 1000) {
      await ours.call('MSET', ...keys.slice(i, i + 1000).flatMap((key) => [key, `${key} ${'v'.repeat(i % 90)}`]))
    }
    expect(await migrate(ours, real, keys)).toBe('OK')
    expect(await ours.text('DBSIZE')).toBe('0')
    expect(await real.text('DBSIZE')).toBe('20000')
    expect(await migrate(real, ours, keys)).toBe('OK')
    expect(await ours.text('DBSIZE')).toBe('20000')
  })

  it('leaves keys with COPY, overwrites with REPLACE, and goes into another database', async () => {
    for (const [from, to] of [
      [ours, real],
      [real, ours],
    ] as const) {
      await from.call('SET', 'k', 'new')
      await to.call('SET', 'k', 'old')
      const busy = 'ERR Target instance replied with error: BUSYKEY Target key name already exists.'
      expect(await migrate(from, to, ['k'], 'COPY')).toBe(`-${busy}`)
      expect(await migrate(from, to, ['k'], 'COPY', 'REPLACE')).toBe('OK')
      expect(await to.text('GET', 'k')).toBe('new')
      expect(await from.text('MIGRATE', '127.0.0.1', to.port, 'k', 7, 5000)).toBe('OK')
      expect(await from.text('EXISTS', 'k')).toBe('0')
      expect(await to.text('SELECT', 7)).toBe('OK')
      expect(await to.text('GET', 'k')).toBe('new')
      await to.call('SELECT', 0)
      await to.call('FLUSHALL')
    }
  })

  it('answers wrong calls as redis-server does', async () => {
    await real.call('SET', 'k', 'hello')
    const payload = (await real.call('DUMP', 'k')) as Buffer
    await ours.call('RESTORE', 'k', 0, payload)
    const damaged = Buffer.concat([payload.subarray(0, -1), Buffer.from('?')])
    const closed = await closedPort()
    const go = ['MIGRATE', '127.0.0.1', closed] as const
    const calls: readonly (readonly Argument[])[] = [
      ['DUMP'],
      ['DUMP', 'none'],
      ['RESTORE', 'k', 0],
      ['RESTORE', 'k', 'x', damaged, 'NOPE'],
      ['RESTORE', 'k', 'x', damaged],
      ['RESTORE', 'k', 'x', damaged, 'REPLACE'],
      ['RESTORE', 'k', -1, damaged, 'REPLACE'],
      ['RESTORE', 'k', 0, damaged, 'REPLACE'],
      ['RESTORE', 'k', 0, '', 'REPLACE'],
      ['RESTORE', 'k', 0, 'short', 'REPLACE'],
      ['RESTORE', 'n', 0, payload, 'IDLETIME'],
      ['RESTORE', 'n', 0, payload, 'IDLETIME', -1],
      ['RESTORE', 'n', 0, payload, 'IDLETIME', 'x'],
      ['RESTORE', 'n', 0, payload, 'FREQ', 256],
      ['RESTORE', 'n', 0, payload, 'FREQ', -1],
      ['RESTORE', 'n', 0, payload, 'FREQ', 1, 'IDLETIME', 1],
      ['RESTORE', 'n', '99999999999999999999', payload],
      ['RESTORE', 'n', 1, payload, 'ABSTTL'],
      ['RESTORE', 'n', 0, withFooter('14016a'), 'REPLACE'],
      ['RESTORE', 'n', 0, withFooter('c801'), 'REPLACE'],
      ['RESTORE', 'n', 0, withFooter('003faa'), 'REPLACE'],
      ['RESTORE', 'n', 0, withFooter('00c30280ffffffff0061'), 'REPLACE'],
      ['RESTORE', 'n', 0, withFooter('00016a', '0b00'), 'REPLACE'],
      ['MIGRATE', '127.0.0.1', closed, 'k', 0],
      ['MIGRATE', '127.0.0.1', 'abc', 'k', 0, 100],
      ['MIGRATE', '127.0.0.1', -1, 'k', 0, 100],
      ['MIGRATE', 'no.such.invalid', 1, 'k', 0, 100],
      ['MIGRATE', '', 1, 'k', 0, 100],
      [...go, 'none', 0, 100],
      [...go, 'k', 0, 100],
      [...go, 'k', 'x', 100],
      [...go, 'k', 0, 'x'],
      [...go, 'k', 0, 100, 'NOPE'],
      [...go, 'k', 0, 100, 'AUTH'],
      [...go, 'k', 0, 100, 'AUTH2', 'u'],
      [...go, 'k', 0, 100, 'KEYS', 'k'],
      [...go, '', 0, 100, 'KEYS'],
      [...go, '', 0, 100, 'KEYS', 'none', 'neither'],
      ['RESTORE-ASKING', 'n', 0, damaged],
    ]
    for (const call of calls) expect(await ours.text(...call), call.join(' ')).toBe(await real.text(...call))
  })

  it('answers what the target says as redis-server does', async () => {
    const locked = await startRedis({password: 'secret'})
    try {
      for (const source of [real, ours]) await source.call('SET', 'k', 'v')
      const go = ['MIGRATE', '127.0.0.1', locked.port, 'k'] as const
      const calls: readonly (readonly Argument[])[] = [
        [...go, 0, 1000],
        [...go, 0, 1000, 'AUTH', 'wrong'],
        [...go, 0, 1000, 'AUTH2', 'nobody', 'secret'],
        [...go, 99, 1000, 'AUTH', 'secret'],
      ]
      for (const call of calls) {
        expect(await ours.text(...call), call.join(' ')).toBe(await real.text(...call))
        await locked.call('FLUSHALL')
        for (const source of [real, ours]) await source.call('SET', 'k', 'v')
      }
      expect(await ours.text(...go, 0, 1000, 'AUTH2', 'default', 'secret')).toBe('OK')
      expect(await locked.call('GET', 'k')).toBe('v')
      expect(await ours.text('EXISTS', 'k')).toBe('0')
    } finally {
      await locked.stop()
    }
  })

  describe('with a target that takes its time', () => {
    let target: Server
    let targetPort: number
    let targetSockets: Socket[]

    beforeEach(async () => {
      targetSockets = []
      target = createServer((socket) => {
        targetSockets.push(socket.on('error', () => {}))
      })
      await once(target.listen(0, '127.0.0.1'), 'listening')
      targetPort = (target.address() as AddressInfo).port
      return () => {
        for (const socket of targetSockets) socket.destroy()
        target.close()
      }
    })

    const received = async () => {
      if (targetSockets.length === 0) await once(target, 'connection')
      const socket = targetSockets[0]!
      if (socket.readableLength === 0 && !socket.readableFlowing) await once(socket, 'readable')
      return socket
    }

    it('goes on serving everybody else, and holds the keys alone', async () => {
      await ours.call('SET', 'k', noise(5_000_000))
      const source = new Wire(node.port)
      open.push(source)
      const moving = source.text('MIGRATE', '127.0.0.1', targetPort, 'k', 0, 2000)
      const socket = await received()
      socket.resume()
      for (let i = 0; i < 50; i++) expect(await ours.text('SET', `other${i}`, 'x')).toBe('OK')
      const waiter = new Wire(node.port)
      open.push(waiter)
      let isAnswered = false
      const got = waiter.text('STRLEN', 'k').finally(() => {
        isAnswered = true
      })
      expect(await ours.text('GET', 'other1')).toBe('x')
      expect(isAnswered).toBe(false)
      socket.write('+OK\r\n-ERR no\r\n')
      expect(await moving).toBe('-ERR Target instance replied with error: ERR no')
      expect(await got).toBe('5000000')
    })

    it('gives up in time and keeps the keys', async () => {
      await ours.call('SET', 'k', 'v')
      const reply = await ours.text('MIGRATE', '127.0.0.1', targetPort, 'k', 0, 100)
      expect(reply).toBe('-IOERR error or timeout reading to target instance')
      expect(await ours.text('GET', 'k')).toBe('v')
    })

    it('stops in the middle without waiting for the target, and deletes nothing that was not acknowledged', async () => {
      const leaving = await startTestNode()
      const source = new Wire(leaving.port)
      open.push(source)
      await source.call('SET', 'k', 'v')
      void source.text('MIGRATE', '127.0.0.1', targetPort, 'k', 0, 60_000)
      await received()
      const ended = once(targetSockets[0]!.resume(), 'close')
      await leaving.stop()
      await ended
    })

    it('ends the transfer when its client has gone', async () => {
      await ours.call('SET', 'k', 'v')
      await ours.call('SET', 'stays', 'v')
      const source = new Wire(node.port)
      void source.text('MIGRATE', '127.0.0.1', targetPort, '', 0, 5000, 'KEYS', 'k', 'stays')
      const socket = await received()
      source.close()
      const got = ours.text('EXISTS', 'k')
      socket.write('+OK\r\n+OK\r\n-ERR no\r\n')
      expect(await got).toBe('0')
      expect(await ours.text('GET', 'stays')).toBe('v')
    })
  })
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const {port} = server.address() as AddressInfo
  server.close()
  return port
}

describeWithPeers('MIGRATE in a cluster of both kinds', () => {
  it('carries slots with their keys both ways, while the importing node is still importing', async () => {
    const redis = await startRedis({cluster: true})
    const node = await startTestNode({clusterEnabled: true, clusterNodeTimeout: 2000})
    try {
      await formCluster([redis, node])
      const keys = Array.from({length: 300}, (_, i) => `{tag}:${i}`)
      const slot = Number(await redis.call('CLUSTER', 'KEYSLOT', '{tag}'))
      const [source, target] = slot < 8192 ? [redis, node] : [node, redis]
      for (const key of keys) await source.call('SET', key, `value of ${key}`, 'PX', 100_000)
      for (const [from, to] of [
        [source, target],
        [target, source],
      ] as const) {
        const fromId = String(await from.call('CLUSTER', 'MYID'))
        const toId = String(await to.call('CLUSTER', 'MYID'))
        await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
        await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
        const half = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 150)) as string[]
        expect(await from.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...half)).toBe('OK')
        expect(await from.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(150)
        await expect(from.call('GET', half[0]!)).rejects.toThrow(`ASK ${slot} 127.0.0.1:${to.port}`)
        const rest = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 1000)) as string[]
        expect(await from.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...rest)).toBe('OK')
        for (const one of [to, from]) await one.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
        expect(await to.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(300)
        expect(await to.call('GET', keys[7]!)).toBe(`value of ${keys[7]}`)
        expect(Number(await to.call('PTTL', keys[7]!))).toBeGreaterThan(50_000)
        await waitForAgreement([redis, node])
      }
    } finally {
      await Promise.all([redis.stop(), node.stop()])
    }
  })
})

function withFooter(body: string, version = '0a00'): Buffer {
  const text = Buffer.from(body + version, 'hex').toString('latin1')
  return Buffer.from(text + crc64(text), 'latin1')
}
