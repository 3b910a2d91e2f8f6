import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {connect} from './node-redis.js'
import {failure, itScenarios, type Scenario} from './scenarios.js'

/** Messages: by channel, by pattern, by shard channel; events of keys; MONITOR. */

const SCENARIOS: Record<string, Scenario> = {
  async 'hears channels, patterns and shard channels in both protocols'(bench) {
    const publisher = await connect(bench)
    const seen: unknown[] = []
    for (const RESP of [2, 3] as const) {
      const subscriber = await connect(bench, {RESP})
      const heard: unknown[] = []
      await subscriber.subscribe(['news', 'sport'], (message, channel) => heard.push(['channel', channel, message]))
      await subscriber.pSubscribe(['n?ws', '[xs]*'], (message, channel) => heard.push(['pattern', channel, message]))
      await subscriber.sSubscribe('local', (message, channel) => heard.push(['shard', channel, message]))
      await subscriber.subscribe('bytes', (message, channel) => heard.push([channel, message]), true)
      seen.push(await publisher.publish('news', 'one'), await publisher.publish('sport', 'two'))
      seen.push(await publisher.publish('xyz', ''), await publisher.publish('nobody', '…'))
      seen.push(await publisher.sPublish('local', 'three'), await publisher.sPublish('news', 'not there'))
      seen.push(await publisher.publish('bytes', Buffer.from([0, 13, 10, 255])))
      await waitFor(() => heard.length === 7, {what: () => `seven messages: ${JSON.stringify(heard)}`})
      seen.push(
        heard.map((one) => one),
        (await publisher.pubSubChannels('*')).sort(),
        await publisher.pubSubNumPat(),
      )
      seen.push(await publisher.pubSubNumSub(['news', 'none']), await publisher.pubSubShardChannels())
      seen.push(await publisher.pubSubShardNumSub(['local']))
      if (RESP === 3) seen.push(await subscriber.get('allowed'), await subscriber.set('allowed', 'yes'))
      else seen.push(await failure(subscriber.get('refused')))
      await subscriber.unsubscribe('news')
      await subscriber.pUnsubscribe()
      await subscriber.sUnsubscribe()
      seen.push(await publisher.publish('news', 'gone'), await publisher.sPublish('local', 'gone'))
      seen.push(
        (await publisher.pubSubChannels()).sort(),
        await publisher.pubSubNumPat(),
        await subscriber.ping('still here'),
      )
      await subscriber.unsubscribe()
      seen.push(await subscriber.get('back to normal'))
    }
    return seen
  },

  async 'hears what happens to keys'(bench) {
    await bench.admin('CONFIG', 'SET', 'notify-keyspace-events', 'KEA')
    bench.defer(() => bench.admin('CONFIG', 'SET', 'notify-keyspace-events', ''))
    const subscriber = await connect(bench)
    const client = await connect(bench)
    const heard: string[] = []
    await subscriber.pSubscribe('__key*@0__:*', (message, channel) => heard.push(`${channel} ${message}`))
    await client.set('a', '1', {expiration: {type: 'PX', value: 20}})
    await waitFor(() => heard.some((one) => one.endsWith('expired')), {what: 'the end of the key'})
    await client.multi().hSet('h', 'f', 'v').hDel('h', 'f').lPush('l', 'x').rename('l', 'm').copy('m', 'n').exec()
    await client.multi().sAdd('s', 'x').zAdd('z', {score: 1, value: 'x'}).zRangeStore('y', 'z', 0, -1).exec()
    await client.multi().xAdd('x', '1-1', {f: 'v'}).setRange('t', 3, 'x').expire('t', 100).persist('t').del('t').exec()
    await client.set('end', '1')
    await waitFor(() => heard.at(-1)?.endsWith('@0__:set end'), {what: 'the last event'})
    return heard
  },

  async monitors(bench) {
    const [monitor, client] = await Promise.all([connect(bench), connect(bench)])
    const heard: string[] = []
    await monitor.monitor((line) => heard.push(String(line)))
    await client.set('k', 'a "quoted"\n\x01')
    await client.multi().get('k').exec()
    await client.eval("return redis.call('GET', KEYS[1])", {keys: ['k']})
    await client.ping('last')
    await waitFor(() => heard.at(-1)?.includes('last'), {what: 'the last command'})
    return heard.map((line) => line.replace(/^[\d.]+ \[(\d+) (lua|).*?\]/, '[$1 $2]'))
  },

  async 'carries a flood in order'(bench) {
    const [subscriber, publisher] = await Promise.all([connect(bench), connect(bench)])
    const heard: string[] = []
    await subscriber.subscribe('flood', (message) => heard.push(message))
    const sent = Array.from({length: 5000}, (_, i) => `${i}:${'x'.repeat(i % 300)}`)
    const counts = await Promise.all(sent.map((message) => publisher.publish('flood', message)))
    await waitFor(() => heard.length === sent.length, {what: () => `${heard.length} of ${sent.length}`})
    return [counts.every((count) => count === 1), heard.join() === sent.join()]
  },
}

describeWithPeers('node-redis messages', () => {
  itScenarios(SCENARIOS)
})
