import {expect} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {callRedis, type RedisNode, startRedis} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

/** Either kind of server. */
export interface Peer {
  readonly port: number
}

/** What this test started; `stopAll` ends it. */
export const running: (StartedNode | RedisNode)[] = []

export async function stopAll(): Promise<void> {
  for (const one of running.splice(0).reverse()) await one.stop()
}

export async function node(settings: Readonly<Record<string, string>> = {}): Promise<StartedNode> {
  const started = await startNode({
    settings: {'enable-debug-command': 'yes', 'repl-backlog-size': '64mb', ...settings},
  })
  running.push(started)
  return started
}

export async function redis(...args: string[]): Promise<RedisNode> {
  const started = await startRedis({args: ['--repl-diskless-sync-delay', '0', '--repl-backlog-size', '64mb', ...args]})
  running.push(started)
  return started
}

export async function both(first: Promise<Peer>, second: Promise<Peer>): Promise<[Peer, Peer]> {
  return [await first, await second]
}

/** Writes all the time, until told to stop. @returns how many writes were acknowledged */
export function writer({port}: Peer): {stop(): Promise<number>} {
  let isRunning = true
  const run = (async () => {
    const connection = await RawConnection.open(port)
    let count = 0
    while (isRunning) {
      const commands = Array.from({length: 20}, (_, i) => {
        const n = count + i
        if (n % 5 === 0) return ['SET', `w:${n % 700}`, String(n), 'EX', '1000']
        if (n % 5 === 1) return ['RPUSH', `wl:${n % 50}`, String(n)]
        if (n % 5 === 2) return ['HSET', `wh:${n % 30}`, `f${n % 900}`, String(n)]
        if (n % 5 === 3) return ['DEL', `w:${(n * 7) % 700}`]
        return ['ZADD', `wz:${n % 20}`, String(n), `m${n % 400}`]
      })
      await connection.batch(commands)
      count += commands.length
    }
    connection.close()
    return count
  })()
  return {
    stop: () => {
      isRunning = false
      return run
    },
  }
}

export function call({port}: Peer, ...command: (string | number)[]): Promise<unknown> {
  return callRedis(port, command)
}

/** INFO's fields of one section. */
export async function infoOf(peer: Peer, section = 'replication'): Promise<Map<string, string>> {
  const text = String(await call(peer, 'INFO', section))
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )
}

export async function follow(replica: Peer, primary: Peer): Promise<void> {
  await call(replica, 'REPLICAOF', '127.0.0.1', primary.port)
}

export async function untilLinked(replica: Peer): Promise<void> {
  await waitFor(async () => (await infoOf(replica)).get('master_link_status') === 'up', {what: 'the link'})
}

/** Until the link stands and the replica has all of its primary's stream. */
export async function untilInSync(primary: Peer, replica: Peer): Promise<void> {
  await waitFor(
    async () => {
      const [theirs, its] = await Promise.all([infoOf(primary), infoOf(replica)])
      return (
        its.get('master_link_status') === 'up' &&
        its.get('master_replid') === theirs.get('master_replid') &&
        its.get('slave_repl_offset') === theirs.get('master_repl_offset')
      )
    },
    {what: `replica ${replica.port} in sync with ${primary.port}`},
  )
}

/** All have the same data, once the streams have come through. */
export async function expectSameData(primary: Peer, ...replicas: readonly Peer[]): Promise<void> {
  for (const replica of replicas) await untilInSync(primary, replica)
  const digest = await call(primary, 'DEBUG', 'DIGEST')
  for (const replica of replicas) expect(await call(replica, 'DEBUG', 'DIGEST')).toBe(digest)
}

/** Every type, small and large encodings, several databases, deadlines far away. */
export async function fill(peer: Peer): Promise<void> {
  const numbers = Array.from({length: 600}, (_, i) => String(i))
  const commands: (string | number)[][] = [
    ['SET', 'text', 'x\u0001y'],
    ['SET', 'number', 12345],
    ['SET', 'long', 'ab'.repeat(5000), 'PX', 100_000_000],
    ['RPUSH', 'list', ...numbers, 'z'.repeat(9000)],
    ['SADD', 'ints', 1, 2, 300_000],
    ['SADD', 'members', ...numbers.map((one) => `member:${one}`)],
    ['HSET', 'hash', 'a', 1, 'b', 2],
    ['HSET', 'table', ...numbers.flatMap((one) => [`field:${one}`, one])],
    ['ZADD', 'few', 1.5, 'a', '-inf', 'b'],
    ['ZADD', 'many', ...numbers.flatMap((one) => [Number(one) / 7, `member:${one}`])],
    ...numbers.slice(0, 250).map((one) => ['XADD', 'stream', `${Number(one) + 1}-1`, 'f', one]),
    ['XGROUP', 'CREATE', 'stream', 'readers', '0'],
    ['XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', 10, 'STREAMS', 'stream', '>'],
    ['PFADD', 'hll', ...numbers],
    ['GEOADD', 'geo', 13.361389, 38.115556, 'Palermo'],
    ['SETBIT', 'bits', 100_000, 1],
    ['FUNCTION', 'LOAD', 'REPLACE', "#!lua name=lib\nredis.register_function('one', function() return 1 end)"],
  ]
  for (const command of commands) await call(peer, ...command)
}
