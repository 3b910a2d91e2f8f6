import {Redis} from 'ioredis'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../src/embedded.js'
import {waitFor} from '../support/processes.js'

/** What a user of the most used client library sees: subscriptions in both protocols, invalidations, MONITOR. */

describe('ioredis at the embedded node', () => {
  let node: StartedNode
  const clients: Redis[] = []

  const connect = (protocol: 2 | 3): Redis => {
    const client = new Redis({host: '127.0.0.1', port: node.port, protocol, retryStrategy: () => 20})
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    node = await startNode({settings: {'notify-keyspace-events': 'KEA'}})
  })
  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await node.stop()
  })

  it.each([2, 3] as const)('hears messages, patterns, shard channels and events of keys (RESP%d)', async (protocol) => {
    const subscriber = connect(protocol)
    const publisher = connect(protocol)
    const seen: string[] = []
    subscriber.on('message', (channel, message) => seen.push(`${channel}=${message}`))
    subscriber.on('pmessage', (pattern, channel, message) => seen.push(`${pattern}:${channel}=${message}`))
    subscriber.on('smessage', (channel, message) => seen.push(`shard ${channel}=${message}`))
    expect(await subscriber.subscribe('news', '__keyevent@0__:set')).toBe(2)
    expect(await subscriber.psubscribe('n*')).toBe(3)
    expect(await subscriber.ssubscribe('local')).toBe(1)
    expect(await publisher.publish('news', 'hello')).toBe(2)
    expect(await publisher.spublish('local', 'here')).toBe(1)
    await publisher.set('key', 'value')
    await waitFor(() => seen.length === 4, {what: () => `four messages: ${seen}`})
    expect(seen).toEqual(['news=hello', 'n*:news=hello', 'shard local=here', '__keyevent@0__:set=key'])
    subscriber.disconnect()
    await waitFor(async () => (await publisher.publish('news', 'gone')) === 0, {what: 'the end of the subscriptions'})
  })

  it('subscribes again after its connection was closed', async () => {
    const subscriber = connect(3)
    const publisher = connect(3)
    const seen: string[] = []
    subscriber.on('message', (_channel, message) => seen.push(message))
    await subscriber.subscribe('again')
    expect(await publisher.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)
    await waitFor(async () => (await publisher.publish('again', 'back')) === 1, {what: 'a new subscription'})
    await waitFor(() => seen.includes('back'), {what: 'the message'})
  })

  it('is told of changed keys on a connection of its own (RESP2)', async () => {
    const invalidations = connect(2)
    const reader = connect(2)
    const writer = connect(2)
    const seen: unknown[] = []
    const id = await invalidations.client('ID')
    invalidations.on('message', (_channel, keys) => seen.push(keys))
    await invalidations.subscribe('__redis__:invalidate')
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id))
    await reader.get('tracked')
    await writer.set('tracked', 'new')
    await waitFor(() => seen.length === 1, {what: 'an invalidation'})
    expect(String(seen[0])).toBe('tracked')
  })

  it('goes on undisturbed when it is pushed invalidations (RESP3)', async () => {
    const reader = connect(3)
    const writer = connect(3)
    await reader.call('CLIENT', 'TRACKING', 'ON', 'BCAST')
    const writes = Array.from({length: 500}, (_, i) => writer.set(`k${i}`, `v${i}`))
    const reads = Array.from({length: 500}, (_, i) => reader.set(`own${i}`, `${i}`))
    expect(await Promise.all([...writes, ...reads])).toEqual(Array.from({length: 1000}, () => 'OK'))
    expect(await reader.mget('k1', 'own2')).toEqual(['v1', '2'])
  })

  it('monitors', async () => {
    const worker = connect(2)
    const monitor = await connect(2).monitor()
    clients.push(monitor)
    const seen: string[][] = []
    monitor.on('monitor', (_time, args: string[]) => seen.push(args))
    await worker.set('seen', 'by "all"')
    await waitFor(() => seen.some(([name]) => name === 'set'), {what: 'the command'})
    expect(seen.find(([name]) => name === 'set')).toEqual(['set', 'seen', 'by "all"'])
  })
})
