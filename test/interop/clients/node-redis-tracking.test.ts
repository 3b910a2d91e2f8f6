import {createClientPool} from 'redis'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type Client, connect} from './node-redis.js'
import {type Bench, failure, itScenarios, type Scenario} from './scenarios.js'

/** Client-side caching: the library's own cache, and CLIENT TRACKING in each of its modes. */

/** A client that keeps what it was told to forget: the names of keys, null for all of them. */
async function connectTracking(bench: Bench, ...options: string[]): Promise<[client: Client, told: (string | null)[]]> {
  // `emitInvalidate` turns tracking on by itself; it is set anew as the scenario wants it.
  const client = await connect(bench, {emitInvalidate: true})
  const told: (string | null)[] = []
  client.on('invalidate', (key: Buffer | null) => told.push(key === null ? null : key.toString()))
  await client.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
  await client.sendCommand(['CLIENT', 'TRACKING', 'ON', ...options])
  return [client, told]
}

/** What was told before the answer to a command sent now; invalidations of the own connection are never later. */
async function toldBy(client: Client, told: readonly (string | null)[]): Promise<(string | null)[]> {
  await client.ping()
  return [...told]
}

const SCENARIOS: Record<string, Scenario> = {
  async 'serves reads from its cache until somebody else writes'(bench) {
    const client = await connect(bench, {clientSideCache: {evictPolicy: 'LRU', maxEntries: 10, ttl: 0}})
    const writer = await connect(bench)
    const cache = client.clientSideCache!
    const seen: unknown[] = []
    const count = () => seen.push([cache.stats().hitCount, cache.stats().missCount])
    await writer.mSet({a: '1', b: '2'})
    seen.push(await client.get('a'), await client.get('a'), await client.mGet(['a', 'b']), await client.hGetAll('none'))
    count()
    const told = new Promise((resolve) => cache.once('invalidate', resolve))
    await writer.set('a', 'new')
    seen.push(await told)
    seen.push(await client.get('a'), await client.mGet(['a', 'b']), await client.get('a'))
    count()
    await client.set('own', '1')
    seen.push(await client.get('own'), await client.set('own', '2'), await client.get('own'))
    await writer.flushAll()
    await waitFor(async () => (await client.get('b')) === null, {what: 'the flush'})
    return [...seen, await client.get('a')]
  },

  async 'shares a cache between the connections of a pool, and empties it when one breaks'(bench) {
    const pool = createClientPool(
      {RESP: 3, name: 'pooled', socket: {host: '127.0.0.1', port: bench.port, reconnectStrategy: 5}},
      {clientSideCache: {evictPolicy: 'FIFO', maxEntries: 0, ttl: 0}, maximum: 2, minimum: 2},
    )
    pool.on('error', () => undefined)
    bench.defer(() => pool.destroy())
    await pool.connect()
    await bench.admin('SET', 'a', '1')
    const seen: unknown[] = [await pool.get('a'), await pool.get('a'), await pool.get('a')]
    seen.push(pool.clientSideCache!.stats().hitCount)
    await bench.admin('SET', 'a', '2')
    await waitFor(async () => (await pool.get('a')) === '2', {what: 'the new value'})
    await bench.admin('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await bench.admin('SET', 'a', '3')
    await waitFor(async () => (await pool.get('a')) === '3', {what: 'the newest value'})
    return seen
  },

  async 'is told once of each key that it has read'(bench) {
    const [client, told] = await connectTracking(bench)
    const other = await connect(bench)
    await client.mGet(['a', 'b', 'c'])
    await other.set('a', '1')
    await other.set('a', '2')
    await other.multi().set('b', '1').set('unread', '1').exec()
    const seen: unknown[] = [await toldBy(client, told)]
    await client.get('a')
    await client.set('a', 'mine')
    await client.get('c')
    await other.set('c', '1', {expiration: {type: 'PX', value: 1}})
    seen.push(await toldBy(client, told), await client.clientTrackingInfo())
    await other.flushAll()
    seen.push(await toldBy(client, told))
    return seen
  },

  async 'is told of a read key that expires'(bench) {
    const [client, told] = await connectTracking(bench)
    let key = 'short'
    // On a busy machine a key may end before it is read.
    do {
      key += '!'
      await bench.admin('SET', key, 'x', 'PX', 30)
    } while ((await client.get(key)) !== 'x')
    await waitFor(() => told.includes(key), {what: 'the end of the key'})
    return [await client.get(key)]
  },

  async 'is told of all keys with a prefix (BCAST), but not by itself (NOLOOP)'(bench) {
    const [client, told] = await connectTracking(bench, 'BCAST', 'PREFIX', 'user:', 'PREFIX', 'order:', 'NOLOOP')
    const other = await connect(bench)
    await client.set('user:own', '1')
    for (const key of ['user:1', 'item:1', 'order:1', 'user:2', 'user:1']) await other.incr(key)
    const isTold = () => ['user:1', 'user:2', 'order:1'].every((key) => told.includes(key))
    await waitFor(isTold, {what: () => `three keys: ${told}`})
    const seen: unknown[] = [[...new Set(told)].sort(), await client.clientTrackingInfo()]
    seen.push(await failure(client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'user:x'])))
    seen.push(await failure(client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'OPTIN'])))
    return seen
  },

  async 'tracks what it asks for (OPTIN), or all but what it excepts (OPTOUT)'(bench) {
    const other = await connect(bench)
    const seen: unknown[] = []
    for (const [mode, word] of [
      ['OPTIN', 'YES'],
      ['OPTOUT', 'NO'],
    ] as const) {
      const [client, told] = await connectTracking(bench, mode)
      await client.get('plain')
      await client.sendCommand(['CLIENT', 'CACHING', word])
      await client.get('chosen')
      await client.get('after')
      await client.sendCommand(['CLIENT', 'CACHING', word])
      await client.multi().get('m1').get('m2').exec()
      for (const key of ['plain', 'chosen', 'after', 'm1', 'm2']) await other.set(key, mode)
      seen.push(await toldBy(client, told), await client.clientTrackingInfo())
      seen.push(await failure(client.clientCaching(word === 'NO')))
      seen.push(await failure(client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST'])))
    }
    return seen
  },

  async 'has another connection told (REDIRECT), until that is gone'(bench) {
    const listener = await connect(bench, {RESP: 2, socket: {reconnectStrategy: false}})
    const reader = await connect(bench, {RESP: 2})
    const writer = await connect(bench)
    const told: string[] = []
    const id = await listener.clientId()
    await listener.subscribe('__redis__:invalidate', (message) => told.push(String(message)))
    const seen: unknown[] = [await reader.clientTracking(true, {REDIRECT: id})]
    seen.push((await reader.clientGetRedir()) === id, await reader.get('a'), await reader.get('b'))
    await writer.set('a', '1')
    await waitFor(() => told.length === 1, {what: 'a'})
    await writer.del('b')
    await writer.set('b', '1')
    await waitFor(() => told.length === 2, {what: 'b'})
    const info = await reader.clientTrackingInfo()
    seen.push(told, info.flags, info.redirect === id, info.prefixes)
    seen.push(await failure(reader.clientTracking(true, {REDIRECT: 999_999_999})))
    await bench.admin('CLIENT', 'KILL', 'ID', id)
    await reader.get('a')
    await writer.set('a', '2')
    seen.push((await reader.clientTrackingInfo()).flags)
    return seen
  },
}

describeWithPeers('node-redis client-side caching', () => {
  itScenarios(SCENARIOS)
})
