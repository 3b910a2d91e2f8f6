import {Cluster} from 'ioredis'
import {createCluster} from 'redis'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type ClusterBench, type ClusterScenario, itClusterScenarios} from './clusters.js'
import {failure} from './scenarios.js'

/** Cluster clients: routing, redirections while a slot moves, messages, transactions. */

async function nodeRedis({defer, nodes}: ClusterBench) {
  const cluster = createCluster({rootNodes: nodes.map(({port}) => ({socket: {host: '127.0.0.1', port}}))})
  cluster.on('error', () => undefined)
  defer(() => cluster.isOpen && cluster.destroy())
  await cluster.connect()
  return cluster
}

async function ioredis({defer, nodes}: ClusterBench, options: ConstructorParameters<typeof Cluster>[1] = {}) {
  const cluster = new Cluster(
    nodes.map(({port}) => ({host: '127.0.0.1', port})),
    {clusterRetryStrategy: () => 20, retryDelayOnTryAgain: 1, maxRedirections: 4, ...options},
  )
  cluster.on('error', () => undefined)
  defer(() => cluster.disconnect())
  await new Promise<void>((resolve) => cluster.once('ready', () => resolve()))
  return cluster
}

/** Enough to fall into the slots of every node. */
const KEYS = Array.from({length: 60}, (_, i) => `key:${i}`)

const SCENARIOS: Record<string, ClusterScenario> = {
  async 'node-redis finds the node of each key'(bench) {
    const cluster = await nodeRedis(bench)
    const seen: unknown[] = [cluster.masters.length, cluster.slots.length]
    seen.push(await Promise.all(KEYS.map((key) => cluster.set(key, `value of ${key}`))))
    seen.push(await Promise.all(KEYS.map((key) => cluster.get(key))))
    const sizes = await Promise.all(bench.nodes.map(({call}) => call('DBSIZE')))
    seen.push(sizes, await failure(cluster.mGet(['key:1', 'key:2'])), await cluster.mGet(['{a}1', '{a}2']))
    seen.push(await cluster.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec())
    seen.push(await failure(cluster.multi().set('x', '1').set('y', '2').exec()))
    seen.push(await cluster.eval("return redis.call('INCR', KEYS[1])", {arguments: [], keys: ['n']}))
    seen.push(await failure(cluster.eval("return redis.call('GET', 'elsewhere')", {arguments: [], keys: ['n']})))
    const client = await cluster.getNodeClientForKey('w')
    await client.watch('w')
    await cluster.set('w', 'changed')
    seen.push(await failure(client.multi().set('w', 'mine').exec()))
    seen.push(
      await failure(client.select(1)),
      await client.clusterKeySlot('w'),
      (await client.clusterInfo()).slice(0, 40),
    )
    return seen
  },

  async 'node-redis follows a slot on its way and after'(bench) {
    const cluster = await nodeRedis(bench)
    const keys = [1, 2, 3, 4].map((i) => `{moving}${i}`)
    for (const key of keys) await cluster.set(key, key)
    const move = await bench.beginMove('{moving}', keys.slice(0, 2))
    const seen: unknown[] = [await Promise.all(keys.map((key) => cluster.get(key)))]
    seen.push(
      await cluster.set('{moving}new', '1'),
      await cluster.incr('{moving}new'),
      await cluster.exists('{moving}no'),
    )
    seen.push(await failure(cluster.mGet(['{moving}1', '{moving}3'])), await cluster.mGet(['{moving}3', '{moving}4']))
    seen.push(
      await cluster
        .multi()
        .get('{moving}3')
        .incr('n{moving}')
        .exec()
        .catch((error: Error) => error.message),
    )
    seen.push((await move.asked()) > 0)
    await move.finish()
    seen.push(await Promise.all([...keys, '{moving}new'].map((key) => cluster.get(key))))
    return [...seen, await cluster.multi().incr('{moving}new').get('{moving}3').exec()]
  },

  async 'node-redis hears messages of any node, and shard messages though their slot moves'(bench) {
    const cluster = await nodeRedis(bench)
    const heard: string[] = []
    await cluster.subscribe('news', (message) => heard.push(`news ${message}`))
    await cluster.pSubscribe('n*', (message, channel) => heard.push(`n* ${channel} ${message}`))
    await cluster.sSubscribe('shard', (message) => heard.push(`shard ${message}`))
    await cluster.set('{shard}', 'a key to send')
    for (const {call} of bench.nodes) await call('PUBLISH', 'news', 'from any')
    const receivers = await cluster.sPublish('shard', 'first')
    await waitFor(() => heard.length === 7, {what: () => `seven messages: ${heard}`})
    const move = await bench.beginMove('shard', ['{shard}'])
    await move.finish()
    await waitFor(async () => (await cluster.sPublish('shard', 'second')) === 1, {what: 'a listener at the new owner'})
    await waitFor(() => heard.includes('shard second'), {what: 'the second message'})
    return [receivers, heard.sort(), await cluster.get('{shard}')]
  },

  async 'ioredis finds the node of each key, pipelines by itself, reads from where it may'(bench) {
    const cluster = await ioredis(bench, {enableAutoPipelining: true, scaleReads: 'all'})
    const seen: unknown[] = [cluster.nodes('master').length, cluster.nodes('slave').length]
    seen.push(await Promise.all(KEYS.map((key) => cluster.set(key, `value of ${key}`))))
    seen.push(await Promise.all(KEYS.map((key) => cluster.get(key))))
    seen.push(await failure(cluster.mget('key:1', 'key:2')), await cluster.mget('{a}1', '{a}2'))
    const plain = await ioredis(bench, {keyPrefix: 'app:'})
    seen.push(
      await plain.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec(),
      await plain.pipeline().get('{t}a').exec(),
    )
    seen.push(await failure(plain.pipeline().set('x', '1').set('y', '2').exec().then(JSON.stringify)))
    plain.defineCommand('grow', {lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])", numberOfKeys: 1})
    const {grow} = plain as unknown as {grow(key: string, by: number): Promise<number>}
    seen.push(await Promise.all(['a', 'b', 'c', 'd'].map((key, i) => grow.call(plain, key, i))))
    seen.push(
      await plain.xadd('s', '1-1', 'f', 'v'),
      await plain.xread('STREAMS', 's', '0'),
      await cluster.get('app:b'),
    )
    const sizes = await Promise.all(plain.nodes('master').map((node) => node.dbsize()))
    return [...seen, sizes.reduce((sum, size) => sum + size)]
  },

  async 'ioredis follows a slot on its way and after'(bench) {
    const cluster = await ioredis(bench)
    const keys = [1, 2, 3, 4].map((i) => `{going}${i}`)
    for (const key of keys) await cluster.set(key, key)
    const move = await bench.beginMove('{going}', keys.slice(0, 2))
    const seen: unknown[] = [await Promise.all(keys.map((key) => cluster.get(key)))]
    seen.push(await cluster.set('{going}new', '1'), await cluster.incr('{going}new'), await cluster.exists('{going}no'))
    // It tries any node again, so that the last answer is that of chance.
    seen.push(
      (await failure(cluster.mget('{going}1', '{going}3'))).slice(0, 36),
      await cluster.mget('{going}3', '{going}4'),
    )
    seen.push((await move.asked()) > 0)
    await move.finish()
    seen.push(await Promise.all([...keys, '{going}new'].map((key) => cluster.get(key))))
    return [...seen, await cluster.multi().incr('{going}new').get('{going}3').exec()]
  },

  async 'ioredis blocks, and hears messages and shard messages though their slot moves'(bench) {
    const cluster = await ioredis(bench, {shardedSubscribers: true})
    const worker = await ioredis(bench)
    const heard: string[] = []
    cluster.on('smessage', (channel, message) => heard.push(`shard ${channel} ${message}`))
    cluster.on('message', (channel, message) => heard.push(`${channel} ${message}`))
    await cluster.ssubscribe('parts')
    await cluster.subscribe('news')
    for (const {call} of bench.nodes) await call('PUBLISH', 'news', 'from any')
    const receivers = await worker.spublish('parts', 'first')
    await waitFor(() => heard.length === 4, {what: () => `four messages: ${heard}`})
    const job = worker.blpop('jobs', 0)
    await cluster.rpush('jobs', 'work')
    await cluster.set('{parts}', 'a key to send')
    const move = await bench.beginMove('parts', ['{parts}'])
    await move.finish()
    await waitFor(async () => (await worker.spublish('parts', 'second')) === 1, {what: 'a listener at the new owner'})
    await waitFor(() => heard.includes('shard parts second'), {what: 'the second message'})
    return [receivers, await job, heard.sort(), await worker.get('{parts}')]
  },
}

describeWithPeers('cluster clients', () => {
  itClusterScenarios(SCENARIOS)
})
