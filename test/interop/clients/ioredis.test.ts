import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {connect} from './ioredis.js'
import {failure, itScenarios, type Scenario} from './scenarios.js'

/** The features of ioredis, in both protocols where its replies depend on it. */

const PROTOCOLS = [2, 3] as const

async function collect(stream: NodeJS.ReadableStream): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const page of stream) found.push(...(page as unknown as unknown[]))
  return found.sort()
}

const SCENARIOS: Record<string, Scenario> = {
  async 'pipelines by itself, and by hand, errors and all'(bench) {
    const seen: unknown[] = []
    for (const protocol of PROTOCOLS) {
      const client = connect(bench, {enableAutoPipelining: true, protocol})
      const sums = Array.from({length: 500}, (_, i) => client.incrby('sum', i))
      seen.push((await Promise.all(sums)).at(-1), await client.get('sum'))
      const mixed = [client.set('a', '1'), client.lpush('a', 'x'), client.get('a'), client.mget('a', 'b')]
      seen.push(await Promise.all(mixed.map((one) => failure(one))))
      const results = await client.pipeline().set('b', 1).lpush('b', 'x').incr('b').hgetall('none').exec()
      seen.push(results!.map(([error, value]) => [error?.message, value]))
      seen.push(
        await client
          .pipeline([
            ['set', 'c', 'x'],
            ['type', 'c'],
          ])
          .exec(),
        await client.flushall(),
      )
    }
    return seen
  },

  async 'runs transactions, with watches and with mistakes'(bench) {
    const seen: unknown[] = []
    for (const protocol of PROTOCOLS) {
      const [client, other] = [connect(bench, {protocol}), connect(bench, {protocol})]
      seen.push(await client.multi().set('a', 1).incr('a').hset('h', {f: 'v'}).hgetall('h').exec())
      await client.watch('a')
      await other.set('a', 'changed')
      seen.push(await client.multi().set('a', 'mine').exec(), await client.get('a'))
      const failing = await client.multi().lpush('a', 'x').set('b', '1').exec()
      seen.push(failing!.map(([error, value]) => [error?.message, value]))
      seen.push(await failure(client.multi().call('SET', 'b').set('c', '1').exec()), await client.exists('c'))
      await client.multi({pipeline: false})
      seen.push(await client.set('x', 1), await client.get('x'), await client.exec(), await failure(client.exec()))
    }
    return seen
  },

  async 'prefixes keys'(bench) {
    const client = connect(bench, {keyPrefix: 'app:'})
    const seen: unknown[] = [
      await client.mset({a: 1, b: 2}),
      await client.mget('a', 'b'),
      (await client.keys('*')).sort(),
    ]
    seen.push(
      await client.rename('a', 'c'),
      await client.sort('none', 'BY', 'w_*'),
      await client.eval('return KEYS', 1, 'k'),
    )
    seen.push(
      await client.zadd('z', 1, 'm'),
      await client.zunionstore('u', 2, 'z', 'z'),
      await client.xadd('s', '1-1', 'f', 'v'),
    )
    seen.push(
      await client.xread('STREAMS', 's', '0'),
      await client.geoadd('g', 1, 2, 'm'),
      await client.georadius('g', 1, 2, 9, 'km'),
    )
    return [...seen, ((await bench.admin('KEYS', '*')) as string[]).sort()]
  },

  async 'defines commands by script'(bench) {
    const client = connect(bench, {
      scripts: {take: {lua: "return redis.call('DECRBY', KEYS[1], ARGV[1])", numberOfKeys: 1}},
    })
    client.defineCommand('dump2', {lua: 'return {KEYS, ARGV, {1, false, 3}}'})
    const own = client as unknown as {
      take(key: string, by: number): Promise<number>
      takeBuffer(key: string, by: number): Promise<unknown>
      dump2(count: number, ...values: string[]): Promise<unknown>
    }
    const seen: unknown[] = [await own.take('n', 5), await own.take('n', 1), await own.dump2(2, 'k', 'l', 'é')]
    seen.push(await client.script('FLUSH'), await own.take('n', 1), await failure(own.take('n', Number.NaN)))
    const pipeline = client.pipeline() as unknown as {take(key: string, by: number): {exec(): Promise<unknown>}}
    seen.push(await client.script('FLUSH'), await pipeline.take('n', 2).exec())
    seen.push(
      await client.function(
        'LOAD',
        "#!lua name=lib\nredis.register_function('f', function(k, a) return {k[1], a[1]} end)",
      ),
    )
    seen.push(await client.fcall('f', 1, 'k', 'v'), await failure(client.fcall_ro('f', 1, 'k', 'v')))
    seen.push(await client.function('LIST'), await client.function('DELETE', 'lib'))
    return seen
  },

  async 'works with streams and groups'(bench) {
    const seen: unknown[] = []
    for (const protocol of PROTOCOLS) {
      const [client, worker] = [connect(bench, {protocol}), connect(bench, {protocol})]
      await client.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM')
      const waiting = worker.xreadgroup('GROUP', 'g', 'w', 'COUNT', 9, 'BLOCK', 0, 'STREAMS', 's', '>')
      await bench.blocked(1)
      await client.xadd('s', '1-1', 'f', 'v')
      seen.push(await waiting, await client.xadd('s', '2-1', 'f', 'w'), await client.xlen('s'))
      seen.push(await worker.xreadgroup('GROUP', 'g', 'w', 'BLOCK', 5, 'STREAMS', 's', '>'))
      seen.push(await worker.xreadgroup('GROUP', 'g', 'w', 'BLOCK', 5, 'STREAMS', 's', '>'))
      seen.push(
        await client.xpending('s', 'g'),
        await client.xack('s', 'g', '1-1'),
        await client.xautoclaim('s', 'g', 'x', 0, '0'),
      )
      seen.push(await client.xclaim('s', 'g', 'y', 0, '2-1', 'JUSTID'), await client.xrange('s', '-', '+', 'COUNT', 1))
      seen.push(
        await client.xinfo('STREAM', 's'),
        await failure(client.xinfo('GROUPS', 'none')),
        await client.xtrim('s', 'MAXLEN', 1),
      )
      seen.push(await client.xread('COUNT', 2, 'STREAMS', 's', 'none', '0', '0'), await client.del('s'))
    }
    return seen
  },

  async 'waits, and is woken'(bench) {
    const seen: unknown[] = []
    for (const protocol of PROTOCOLS) {
      const [a, b, other] = [connect(bench, {protocol}), connect(bench, {protocol}), connect(bench, {protocol})]
      const list = a.blpop('l1', 'l2', 0)
      const set = b.bzpopmax('z', 0)
      await bench.blocked(2)
      await other.pipeline().rpush('l2', 'x').zadd('z', 1.5, 'm').exec()
      seen.push(await list, await set, await a.blpop('none', 0.01), await a.bzpopmin('none', 0.01))
      seen.push(await a.blmove('none', 'to', 'LEFT', 'RIGHT', 0.01), await a.blmpop(0.01, 1, 'none', 'LEFT'))
      const moved = a.brpoplpush('from', 'to', 0)
      await bench.blocked(1)
      await other.rpush('from', 'moved')
      seen.push(await moved, await other.lrange('to', 0, -1), await other.flushall())
    }
    return seen
  },

  async 'waits on after its connection broke'(bench) {
    const client = connect(bench, {connectionName: 'waiting'})
    const id = await client.client('ID')
    const job = client.blpop('jobs', 0)
    await bench.blocked(1)
    await bench.admin('CLIENT', 'KILL', 'ID', id)
    await waitFor(async () => String(await bench.admin('CLIENT', 'LIST', 'TYPE', 'normal')).includes('cmd=blpop'), {
      what: 'another wait',
    })
    await bench.admin('RPUSH', 'jobs', 'done')
    return [await job, await client.client('GETNAME')]
  },

  async 'hears messages, patterns, shard channels and events, in both protocols'(bench) {
    await bench.admin('CONFIG', 'SET', 'notify-keyspace-events', 'Ex$')
    bench.defer(() => bench.admin('CONFIG', 'SET', 'notify-keyspace-events', ''))
    const seen: unknown[] = []
    for (const protocol of PROTOCOLS) {
      const [subscriber, publisher] = [connect(bench, {protocol}), connect(bench, {protocol})]
      const heard: unknown[] = []
      subscriber.on('message', (...words) => heard.push(words))
      subscriber.on('pmessage', (...words) => heard.push(words))
      subscriber.on('smessage', (...words) => heard.push(words))
      subscriber.on('messageBuffer', (channel, message) => String(channel) === 'bytes' && heard.push(message))
      seen.push(await subscriber.subscribe('news', 'bytes'), await subscriber.psubscribe('__keyevent@0__:*', 'n*'))
      seen.push(
        await subscriber.ssubscribe('local'),
        await publisher.publish('news', 'x'),
        await publisher.spublish('local', 'y'),
      )
      seen.push(await publisher.publish('bytes', Buffer.from([0, 255])), await publisher.set('k', 'v', 'PX', 10))
      await waitFor(() => heard.some((one) => String(one).includes('expired')), {
        what: 'the end of the key',
      })
      seen.push(
        heard,
        await subscriber.unsubscribe('news'),
        await subscriber.punsubscribe('n*'),
        await subscriber.sunsubscribe('local'),
      )
      seen.push(await publisher.publish('news', 'x'), await publisher.spublish('local', 'y'))
      subscriber.disconnect()
      await waitFor(async () => (await publisher.publish('bytes', '')) === 0, {what: 'the end of the subscriber'})
    }
    return seen
  },

  async 'scans, and gives replies in the form that is asked for'(bench) {
    const client = connect(bench, {protocol: 3, replyMapping: 'resp3'})
    const old = connect(bench, {protocol: 2, stringNumbers: true})
    const keys = Array.from({length: 300}, (_, i) => `k${i}`)
    await client.mset(Object.fromEntries(keys.map((key) => [key, key])))
    await client.hset('h', Object.fromEntries(keys.map((key) => [key, key])))
    await client.zadd('z', ...keys.flatMap((key, i) => [i / 3, key]))
    const seen: unknown[] = [
      await collect(client.scanStream({count: 40, match: 'k1*'})),
      await collect(old.hscanStream('h')),
    ]
    seen.push(
      await collect(old.zscanStream('z', {match: '*9'})),
      await client.hgetall('h'),
      await client.zscore('z', 'k1'),
    )
    seen.push(
      await client.call('ZRANGE', 'z', 0, 3, 'WITHSCORES'),
      await old.call('ZRANGE', 'z', 0, 3, 'WITHSCORES'),
      await old.incr('n'),
    )
    seen.push(
      await client.getBuffer('k1'),
      await client.config('GET', 'maxmemory-p*'),
      await old.config('GET', 'maxmemory-p*'),
    )
    seen.push(await client.call('DEBUG', 'PROTOCOL', 'verbatim'), await client.call('DEBUG', 'PROTOCOL', 'bignum'))
    seen.push(
      await client.sadd('s', 1, 2),
      await client.smembers('s'),
      await client.call('DEBUG', 'PROTOCOL', 'double'),
    )
    return seen
  },
}

describeWithPeers('ioredis', () => {
  itScenarios(SCENARIOS)
})
