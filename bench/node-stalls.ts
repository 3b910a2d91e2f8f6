import {Redis} from 'ioredis'
import {send} from './keys.js'
import {Probe} from './probe.js'
import {medianWithRange, table} from './report.js'
import {KINDS, type Kind, type Served, serve} from './served.js'

/**
 * How long one client waits for its PONG while the server does something big for another. A PING is sent as soon as the
 * one before is answered, so the longest wait is the longest stall, and what the machine adds shows in the idle row.
 */

const IDLE_MS = 2000
const EXPIRE_AFTER_MS = 4000

interface Stall {
  readonly what: string
  readonly kind: Kind
  /** The longest wait for a PONG, of each round. */
  readonly maxMs: readonly number[]
}

interface Scenario {
  readonly what: string
  readonly prepare: (port: number, count: number) => Promise<void>
  readonly act: (redis: Redis, count: number) => Promise<unknown>
}

function* commands(count: number, make: (i: number) => readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < count; i++) yield make(i)
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const idle = async () => undefined
const members = (name: string, make: (i: number) => readonly string[]) => (port: number, count: number) =>
  send(
    port,
    commands(count, (i) => [name, 'big', ...make(i)]),
  )

/** Waits until every key has gone, as long as the server needs. */
async function untilEmpty(redis: Redis): Promise<void> {
  while ((await redis.dbsize()) > 0) await delay(20)
}

async function scanAll(redis: Redis): Promise<void> {
  let cursor = '0'
  do {
    ;[cursor] = await redis.scan(cursor, 'COUNT', 1000)
  } while (cursor !== '0')
}

const SCENARIOS: readonly Scenario[] = [
  {what: 'idle', prepare: idle, act: () => delay(IDLE_MS)},
  {
    what: 'expiry of all keys at once',
    prepare: (port, count) => {
      const at = String(Date.now() + EXPIRE_AFTER_MS + count / 50)
      return send(
        port,
        commands(count, (i) => ['SET', `key:${i}`, 'x'.repeat(20), 'PXAT', at]),
      )
    },
    act: untilEmpty,
  },
  {
    what: 'SCAN of all keys, COUNT 1000',
    prepare: (port, count) =>
      send(
        port,
        commands(count, (i) => ['SET', `key:${i}`, 'value']),
      ),
    act: scanAll,
  },
  {
    what: 'FLUSHALL',
    prepare: (port, count) =>
      send(
        port,
        commands(count, (i) => ['SET', `key:${i}`, 'value']),
      ),
    act: async (redis) => {
      await redis.flushall('ASYNC')
      await delay(IDLE_MS)
    },
  },
  ...[
    {name: 'set', prepare: members('SADD', (i) => [`member:${i}`])},
    {name: 'hash', prepare: members('HSET', (i) => [`field:${i}`, 'value'])},
    {name: 'sorted set', prepare: members('ZADD', (i) => [String(i), `member:${i}`])},
    {name: 'list', prepare: members('RPUSH', (i) => [`element:${i}`])},
  ].map(({name, prepare}) => ({
    what: `UNLINK of a ${name} of all elements`,
    prepare,
    act: async (redis: Redis) => {
      await redis.unlink('big')
      await delay(IDLE_MS)
    },
  })),
  {
    what: 'eviction of half of the keys by writing',
    prepare: (port, count) =>
      send(
        port,
        commands(count, (i) => ['SET', `key:${i}`, 'x'.repeat(50)]),
      ),
    act: async (redis, count) => {
      const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', String(Math.round(used * 0.8)))
      for (let i = 0; i < count / 100; i++) await redis.set(`new:${i}`, 'x'.repeat(50))
      await redis.config('SET', 'maxmemory', '0')
    },
  },
]

async function measure(server: Served, {act, prepare}: Scenario, count: number): Promise<number> {
  await prepare(server.port, count)
  const redis = new Redis(server.port, '127.0.0.1')
  await redis.ping()
  const probe = new Probe(server.port)
  await delay(200)
  probe.reset()
  await act(redis, count)
  const maxMs = probe.longest()
  probe.close()
  await redis.flushall()
  redis.disconnect()
  return maxMs
}

/** The longest wait on a server of its own: what one scenario leaves to the collector must not show in the next. */
async function measureOnce(kind: Kind, port: number, scenario: Scenario, count: number): Promise<number> {
  const server = await serve(kind, port)
  const maxMs = await measure(server, scenario, count)
  await server.stop()
  return maxMs
}

/** @param count - keys, or elements of the big value */
export async function measureStalls(basePort: number, rounds: number, count: number): Promise<Stall[]> {
  const stalls: Stall[] = []
  for (const scenario of SCENARIOS) {
    const found = KINDS.map((kind) => ({kind, maxMs: [] as number[], what: scenario.what}))
    for (let round = 0; round < rounds; round++) {
      for (const [index, {kind, maxMs}] of found.entries()) {
        maxMs.push(await measureOnce(kind, basePort + index, scenario, count))
      }
    }
    stalls.push(...found)
    console.log(`  ${scenario.what} done`)
  }
  return stalls
}

export function stallTable(stalls: readonly Stall[]): string {
  const show = (what: string, kind: Kind) => {
    const found = stalls.find((one) => one.what === what && one.kind === kind)
    return found ? medianWithRange(found.maxMs, 1) : ''
  }
  const rows = [...new Set(stalls.map(({what}) => what))].map((what) => [
    what,
    show(what, 'redis-server'),
    show(what, 'shoal-server'),
    '10 ms',
  ])
  return table(
    ['longest wait for a PONG, median of rounds (range), during', 'redis-server', 'shoal-server', 'bar'],
    rows,
  )
}
