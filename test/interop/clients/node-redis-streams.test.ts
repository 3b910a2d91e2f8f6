import {describeWithPeers} from '../../support/peers.js'
import {type Client, connect} from './node-redis.js'
import {failure, itScenarios, type Scenario} from './scenarios.js'

/** Streams with consumer groups, for all their life. */

async function addEntries(client: Client, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await client.xAdd('s', `${i}-0`, {n: `${i}`, even: `${i % 2 === 0}`})
}

/** Without the milliseconds since something happened; what is asked for at once has 0 or a few of them. */
function timeless(value: unknown): unknown {
  const isTime = (name: string) => /^(idle|inactive|millisecondsSinceLastDelivery)$/.test(name)
  return JSON.parse(JSON.stringify(value), (name, one) => (isTime(name) ? typeof one : one))
}

const SCENARIOS: Record<string, Scenario> = {
  async 'adds, reads, trims and deletes entries'(bench) {
    const client = await connect(bench)
    const seen: unknown[] = []
    await addEntries(client, 12)
    seen.push(
      await client.xLen('s'),
      await client.xRange('s', '-', '+', {COUNT: 2}),
      await client.xRange('s', '(3-0', '5'),
    )
    seen.push(await client.xRevRange('s', '+', '11'), await client.xRead({id: '10-0', key: 's'}, {COUNT: 5}))
    seen.push(await client.xDel('s', ['1-0', '99-0']), await client.xTrim('s', 'MAXLEN', 8), await client.xLen('s'))
    seen.push(
      await client.xTrim('s', 'MINID', '7-0', {strategyModifier: '='}),
      await client.xAdd('s', '13-*', {f: 'v'}),
    )
    seen.push(
      await client.xAdd('s', '14-0', {f: 'v'}, {TRIM: {strategy: 'MAXLEN', strategyModifier: '=', threshold: 3}}),
    )
    seen.push(await client.xAddNoMkStream('none', '*', {f: 'v'}), await client.xRange('s', '-', '+'))
    seen.push(await failure(client.xAdd('s', '5-0', {f: 'v'})), await failure(client.xAdd('s', '0-0', {f: 'v'})))
    seen.push(await client.xSetId('s', '20-0'), await client.xInfoStream('s'))
    seen.push(
      await client.xRead([
        {id: '0', key: 'none'},
        {id: '14', key: 's'},
      ]),
      await client.xRange('s', '99', '+'),
    )
    return seen
  },

  async 'shares work in a group, acknowledges it, and claims what others left'(bench) {
    const client = await connect(bench)
    const seen: unknown[] = []
    await addEntries(client, 6)
    const take = async (consumer: string, id: string, count: number) =>
      seen.push(await client.xReadGroup('g', consumer, {id, key: 's'}, {COUNT: count}))
    seen.push(await client.xGroupCreate('s', 'g', '0'), await client.xGroupCreateConsumer('s', 'g', 'idle one'))
    await take('alice', '>', 2)
    await take('bob', '>', 3)
    await take('alice', '0', 9)
    await take('carol', '>', 9)
    await take('carol', '>', 9)
    seen.push(await client.xAck('s', 'g', ['1-0', '3-0', '99-0']), await client.xPending('s', 'g'))
    seen.push(timeless(await client.xPendingRange('s', 'g', '-', '+', 9)))
    seen.push(timeless(await client.xPendingRange('s', 'g', '(2-0', '+', 1, {IDLE: 0, consumer: 'bob'})))
    seen.push(await client.xDel('s', '4-0'), await client.xAutoClaim('s', 'g', 'dave', 0, '0-0', {COUNT: 2}))
    seen.push(
      await client.xAutoClaimJustId('s', 'g', 'dave', 0, '5-0'),
      await client.xAutoClaim('s', 'g', 'eve', 60_000, '-'),
    )
    seen.push(await client.xClaim('s', 'g', 'eve', 0, ['2-0', '6-0'], {IDLE: 5, RETRYCOUNT: 7}))
    seen.push(await client.xClaimJustId('s', 'g', 'eve', 0, '1-0', {FORCE: true}))
    seen.push(timeless(await client.xPendingRange('s', 'g', '-', '+', 9)))
    seen.push(
      await client.xGroupDelConsumer('s', 'g', 'eve'),
      await client.xGroupSetId('s', 'g', '5-0', {ENTRIESREAD: 5}),
    )
    await take('frank', '>', 9)
    seen.push(timeless(await client.xInfoGroups('s')), timeless(await client.xInfoConsumers('s', 'g')))
    seen.push(timeless(await client.sendCommand(['XINFO', 'STREAM', 's'])))
    seen.push(await client.xGroupDestroy('s', 'g'), await client.xGroupDestroy('s', 'g'))
    return seen
  },

  async 'fails with the words that applications look for'(bench) {
    const client = await connect(bench)
    await client.xGroupCreate('s', 'g', '$', {MKSTREAM: true})
    const wrong = [
      client.xGroupCreate('s', 'g', '$'),
      client.xGroupCreate('none', 'g', '$'),
      client.xReadGroup('nope', 'c', {id: '>', key: 's'}),
      client.xReadGroup('g', 'c', [
        {id: '>', key: 's'},
        {id: '>', key: 'none'},
      ]),
      client.xPending('s', 'nope'),
      client.xAutoClaim('s', 'nope', 'c', 0, '0'),
      client.xClaim('s', 'nope', 'c', 0, '1-0'),
      client.xInfoGroups('none'),
      client.xInfoConsumers('s', 'nope'),
      client.xInfoStream('none'),
      client.xGroupSetId('s', 'nope', '0'),
      client.xGroupCreateConsumer('s', 'nope', 'c'),
      client.xRange('s', 'x', 'y'),
      client.xSetId('none', '1-0'),
      client.sendCommand(['XREAD', 'STREAMS', 's']),
      client.sendCommand(['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '$']),
    ]
    return [await Promise.all(wrong.map(failure)), await client.xAck('none', 'g', '1-0')]
  },

  async 'looks alike in RESP2'(bench) {
    const client = await connect(bench, {RESP: 2})
    await addEntries(client, 3)
    await client.xGroupCreate('s', 'g', '0')
    const seen: unknown[] = [await client.xReadGroup('g', 'c', {id: '>', key: 's'}, {COUNT: 2})]
    seen.push(await client.xReadGroup('g', 'c', [{id: '0', key: 's'}]), await client.xDel('s', '1-0'))
    seen.push(await failure(client.xReadGroup('g', 'c', [{id: '0', key: 's'}])), await client.xPending('s', 'g'))
    seen.push(await client.xRead({id: '0', key: 's'}), timeless(await client.xInfoGroups('s')))
    seen.push(await client.xInfoStream('s'), await client.xAutoClaim('s', 'g', 'd', 0, '0'))
    return seen
  },
}

describeWithPeers('node-redis streams', () => {
  itScenarios(SCENARIOS)
})
