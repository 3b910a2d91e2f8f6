import {afterAll, beforeAll, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../src/embedded.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {callRedis, describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import {waitFor} from '../support/processes.js'
import {RawConnection} from '../support/raw-resp.js'

/** Messages cross the bus between redis-server and the embedded node, both ways; shard channels follow their slot. */

/** The lower half of the slots is redis-server's, the upper half ours. */
const THEIR_SLOTS_END = 8191
const THEIR_CHANNEL = 'b'
const OUR_CHANNEL = 'a'

describeWithPeers('pub/sub in a mixed cluster', () => {
  let theirs: RedisNode
  let ours: StartedNode
  const open: RawConnection[] = []

  const connect = async (port: number): Promise<RawConnection> => {
    const connection = await RawConnection.open(port)
    open.push(connection)
    return connection
  }
  const idOf = async (port: number): Promise<string> => String(await callRedis(port, ['CLUSTER', 'MYID']))
  const isOk = async (port: number): Promise<boolean> => {
    const info = String(await callRedis(port, ['CLUSTER', 'INFO']))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2')
  }

  beforeAll(async () => {
    theirs = await startRedis({cluster: true})
    ours = await startNode({settings: {'cluster-enabled': 'yes', 'cluster-node-timeout': '2000'}})
    await callRedis(theirs.port, ['CLUSTER', 'ADDSLOTSRANGE', 0, THEIR_SLOTS_END])
    await callRedis(ours.port, ['CLUSTER', 'ADDSLOTSRANGE', THEIR_SLOTS_END + 1, 16383])
    await callRedis(ours.port, ['CLUSTER', 'SET-CONFIG-EPOCH', 1])
    await callRedis(theirs.port, ['CLUSTER', 'SET-CONFIG-EPOCH', 2])
    await callRedis(ours.port, ['CLUSTER', 'MEET', '127.0.0.1', theirs.port])
    await waitFor(async () => (await isOk(theirs.port)) && (await isOk(ours.port)), {
      deadlineMs: 20_000,
      what: 'both nodes to agree',
    })
  })
  afterAll(async () => {
    for (const one of open) one.close()
    await ours?.stop()
    await theirs?.stop()
  })

  it.each([
    ['redis-server', 'embedded node'],
    ['embedded node', 'redis-server'],
    ['embedded node', 'embedded node'],
  ])('what is published at the %s is heard at the %s', async (from, to) => {
    const portOf = (name: string): number => (name === 'redis-server' ? theirs.port : ours.port)
    const subscriber = await connect(portOf(to))
    await subscriber.batch([
      ['SUBSCRIBE', 'news'],
      ['PSUBSCRIBE', 'n?ws'],
    ])
    const publisher = await connect(portOf(from))
    const text = '\0\r\n\xff'.repeat(1000)
    await publisher.call('PUBLISH', 'news', text)
    const [message, patternMessage] = await subscriber.replies(2)
    expect(message).toBe(`*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$${text.length}\r\n${text}\r\n`)
    expect(patternMessage).toBe(`*4\r\n$8\r\npmessage\r\n$4\r\nn?ws\r\n$4\r\nnews\r\n$${text.length}\r\n${text}\r\n`)
    subscriber.close()
  })

  it('sends a client to the node of the shard channel, and refuses channels of several slots', async () => {
    expect([hashSlot(THEIR_CHANNEL) <= THEIR_SLOTS_END, hashSlot(OUR_CHANNEL) > THEIR_SLOTS_END]).toEqual([true, true])
    const client = await connect(ours.port)
    const peer = await connect(theirs.port)
    const moved = `-MOVED ${hashSlot(THEIR_CHANNEL)} 127.0.0.1:${theirs.port}\r\n`
    expect(await client.call('SSUBSCRIBE', THEIR_CHANNEL)).toBe(moved)
    expect(await client.call('SPUBLISH', THEIR_CHANNEL, 'x')).toBe(moved)
    for (const command of [
      ['SSUBSCRIBE', OUR_CHANNEL, THEIR_CHANNEL],
      ['SUNSUBSCRIBE'],
      ['SSUBSCRIBE', `{${OUR_CHANNEL}}1`, `{${OUR_CHANNEL}}2`],
    ]) {
      const mirrored = command.map((word) => word.replace(`{${OUR_CHANNEL}}`, `{${THEIR_CHANNEL}}`))
      const expected = (await peer.call(...mirrored)).replaceAll(`{${THEIR_CHANNEL}}`, `{${OUR_CHANNEL}}`)
      expect(await client.call(...command)).toBe(expected)
    }
  })

  it('keeps shard channels from the other shard', async () => {
    const subscriber = await connect(ours.port)
    await subscriber.call('SUBSCRIBE', OUR_CHANNEL)
    await subscriber.call('SSUBSCRIBE', OUR_CHANNEL)
    const publisher = await connect(ours.port)
    expect(await publisher.call('SPUBLISH', OUR_CHANNEL, 'x')).toBe(':1\r\n')
    expect(await subscriber.replies(1)).toEqual(['*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nx\r\n'])
    subscriber.close()
  })

  it('tells the listeners of shard channels when their slot leaves', async () => {
    const slot = hashSlot(OUR_CHANNEL)
    const subscriber = await connect(ours.port)
    await subscriber.call('SSUBSCRIBE', OUR_CHANNEL)
    const [theirId, ourId] = await Promise.all([idOf(theirs.port), idOf(ours.port)])
    await callRedis(theirs.port, ['CLUSTER', 'SETSLOT', slot, 'IMPORTING', ourId])
    await callRedis(ours.port, ['CLUSTER', 'SETSLOT', slot, 'MIGRATING', theirId])
    // A slot on its way is still served here: channels are no keys that might have gone ahead.
    const late = await connect(ours.port)
    expect(await late.call('SSUBSCRIBE', OUR_CHANNEL)).toBe('*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n')
    await callRedis(theirs.port, ['CLUSTER', 'SETSLOT', slot, 'NODE', theirId])
    await callRedis(ours.port, ['CLUSTER', 'SETSLOT', slot, 'NODE', theirId])
    const goodbye = '*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n'
    expect(await subscriber.replies(1)).toEqual([goodbye])
    expect(await late.replies(1)).toEqual([goodbye])
    expect(await subscriber.call('GET', OUR_CHANNEL)).toBe(`-MOVED ${slot} 127.0.0.1:${theirs.port}\r\n`)
  })
})
