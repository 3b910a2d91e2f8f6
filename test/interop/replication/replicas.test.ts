import {afterEach, describe, expect, it} from 'vitest'
import {callRedis, startRedis} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {
  both,
  call,
  expectSameData,
  fill,
  follow,
  infoOf,
  node,
  type Peer,
  redis,
  running,
  stopAll,
  untilInSync,
  untilLinked,
  writer,
} from './support.js'

/** Embedded nodes and redis-servers, each as the other's primary and replica. */

afterEach(stopAll)

const PAIRS = [
  ['a redis-server that follows a node', (): Promise<[Peer, Peer]> => both(node(), redis())],
  [
    'a redis-server that loads from disk and follows a node',
    () => both(node(), redis('--repl-diskless-load', 'swapdb')),
  ],
  ['a node that follows a redis-server', () => both(redis(), node())],
  ['a node that follows a redis-server that syncs from disk', () => both(redis('--repl-diskless-sync', 'no'), node())],
  ['a node that follows a node', () => both(node(), node())],
] as const

describe.each(PAIRS)('%s', (_name, start) => {
  it('has all data, and what is written meanwhile and later', async () => {
    const [primary, replica] = await start()
    await fill(primary)
    await call(replica, 'SET', 'of its own', '1')
    const writes = writer(primary)
    await follow(replica, primary)
    await untilLinked(replica)
    expect(await writes.stop()).toBeGreaterThan(0)
    await expectSameData(primary, replica)
    expect(await call(replica, 'FCALL_RO', 'one', 0).catch((error: Error) => error.message)).toBeDefined()
    expect(await call(replica, 'EXISTS', 'of its own')).toBe(0)
    await call(primary, 'MSET', 'late', 1, 'later', 2)
    await call(primary, 'EVAL', "redis.call('INCR', 'late') redis.call('SPOP', 'members')", 0)
    await expectSameData(primary, replica)
    await expect(call(replica, 'SET', 'a', '1')).rejects.toThrow(
      "READONLY You can't write against a read only replica.",
    )
  }, 30_000)

  it('goes on where it was after the connection breaks', async () => {
    const [primary, replica] = await start()
    await fill(primary)
    await follow(replica, primary)
    await untilInSync(primary, replica)
    for (let i = 0; i < 3; i++) {
      const writes = writer(primary)
      await call(primary, 'CLIENT', 'KILL', 'TYPE', 'replica')
      await untilLinked(replica)
      await writes.stop()
      await expectSameData(primary, replica)
    }
    const stats = await infoOf(primary, 'stats')
    expect(stats.get('sync_full')).toBe('1')
    expect(Number(stats.get('sync_partial_ok'))).toBeGreaterThanOrEqual(3)
  }, 30_000)

  it('is promoted, and its former primary follows it without a full synchronization', async () => {
    const [primary, replica] = await start()
    await fill(primary)
    await follow(replica, primary)
    await untilInSync(primary, replica)
    await call(replica, 'REPLICAOF', 'NO', 'ONE')
    await call(replica, 'SET', 'new', 'times')
    await follow(primary, replica)
    await expectSameData(replica, primary)
    expect(await call(primary, 'GET', 'new')).toBe('times')
    expect((await infoOf(replica, 'stats')).get('sync_full')).toBe('0')
  }, 30_000)
})

describe('chains', () => {
  it.each([
    ['node, redis-server, node', async () => [await node(), await redis(), await node()]],
    ['redis-server, node, redis-server', async () => [await redis(), await node(), await redis()]],
  ])(
    '%s: the last has what the first has, and follows the second when that is promoted',
    async (_name, start) => {
      const [first, second, third] = (await start()) as unknown as [Peer, Peer, Peer]
      await fill(first)
      await follow(second, first)
      await follow(third, second)
      const writes = writer(first)
      await untilInSync(first, second)
        .catch(() => undefined)
        .then(() => untilLinked(third))
      await writes.stop()
      await expectSameData(first, second, third)
      await call(second, 'REPLICAOF', 'NO', 'ONE')
      await call(second, 'SET', 'after', 'promotion')
      await expectSameData(second, third)
      expect(await call(third, 'GET', 'after')).toBe('promotion')
    },
    40_000,
  )
})

describe('a node with replicas', () => {
  it('answers WAIT when they have what was written', async () => {
    const [primary, one, other] = [await node(), await redis(), await node()]
    await follow(one, primary)
    await follow(other, primary)
    await untilInSync(primary, one)
    await untilInSync(primary, other)
    const connection = await RawConnection.open(primary.port)
    expect(
      await connection.batch([
        ['SET', 'a', '1'],
        ['WAIT', '2', '5000'],
      ]),
    ).toEqual(['+OK\r\n', ':2\r\n'])
    expect(await call(one, 'GET', 'a')).toBe('1')
    expect(await call(other, 'GET', 'a')).toBe('1')
    expect(
      await connection.batch([
        ['SET', 'a', '2'],
        ['WAIT', '3', '50'],
      ]),
    ).toEqual(['+OK\r\n', ':2\r\n'])
    connection.close()
  }, 20_000)

  it('refuses writes while too few are near', async () => {
    const primary = await node({'min-replicas-to-write': '1'})
    await expect(call(primary, 'SET', 'a', '1')).rejects.toThrow('NOREPLICAS Not enough good replicas to write.')
    const replica = await redis()
    await follow(replica, primary)
    await waitFor(async () => (await infoOf(primary)).get('min_slaves_good_slaves') === '1', {what: 'a good replica'})
    expect(await call(primary, 'SET', 'a', '1')).toBe('OK')
  }, 20_000)

  it('lets keys run out for them, and they hide what has run out', async () => {
    const [primary, replica] = [await node(), await node()]
    await follow(replica, primary)
    await untilInSync(primary, replica)
    await call(primary, 'DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await call(primary, 'SET', 'short', '1', 'PX', '30')
    await untilInSync(primary, replica)
    await waitFor(async () => (await call(replica, 'GET', 'short')) === null, {what: 'the end of a key'})
    expect(await call(replica, 'DBSIZE')).toBe(1)
    expect(await call(primary, 'GET', 'short')).toBe(null)
    await waitFor(async () => (await call(replica, 'DBSIZE')) === 0, {what: 'DEL'})
  }, 20_000)

  it('authenticates, as user and with the default password', async () => {
    const primary = await startRedis({args: ['--repl-diskless-sync-delay', '0'], password: 'secret'})
    running.push(primary)
    await callRedis(primary.port, ['SET', 'a', '1'], 'secret')
    const replica = await node({masterauth: 'secret'})
    await follow(replica, primary)
    await untilLinked(replica)
    expect(await call(replica, 'GET', 'a')).toBe('1')
  }, 20_000)
})
