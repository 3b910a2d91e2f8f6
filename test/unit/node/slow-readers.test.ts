import {connect, type Socket} from 'node:net'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'

const MIB = 1024 * 1024
const VALUE = 'x'.repeat(MIB)
/** Ten GiB of replies, were they all made. */
const GETS = 10_000
/** What the kernel takes on loopback is not counted; what the node keeps for one that does not read is. */
const KEPT_MAX = 8 * MIB
const GROWTH_MAX = 200 * MIB
/** `SUBSCRIBERS=5000` for a long run. */
const SUBSCRIBERS = Number(process.env['SUBSCRIBERS'] ?? 200)

describe('clients that do not read', () => {
  let node: StartedNode
  let control: RawConnection
  const open: Socket[] = []

  beforeAll(async () => {
    node = await startNode({settings: {'client-output-buffer-limit': 'pubsub 4mb 0 0'}})
    control = await RawConnection.open(node.port)
    await control.call('SET', 'big', VALUE)
  })
  afterAll(async () => {
    for (const one of open) one.destroy()
    control.close()
    await node.stop()
  })

  function opened(): Socket {
    const socket = connect(node.port, '127.0.0.1')
    socket.on('error', () => undefined)
    open.push(socket)
    return socket
  }

  /** Of those whose last command was GET. */
  async function kept(): Promise<number[]> {
    const list = await control.call('CLIENT', 'LIST')
    return [...list.matchAll(/ obl=(\d+) .* omem=(\d+) .* cmd=get /g)].map(
      ([, reply, unsent]) => Number(reply) + Number(unsent),
    )
  }

  it('get no more than the node can keep for them, however much they ask for', async () => {
    const before = process.memoryUsage().rss
    const sleepers = Array.from({length: 5}, () => opened().pause())
    for (const one of sleepers) one.write(encodeRequest(['GET', 'big']).repeat(GETS))
    await waitFor(async () => (await kept()).filter((bytes) => bytes > 0).length === 5, {what: 'all to be full'})
    for (const bytes of await kept()) expect(bytes).toBeLessThan(KEPT_MAX)
    expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_MAX)
    // The node has stopped to work for them, not for the others.
    expect(await control.call('PING')).toBe('+PONG\r\n')
    for (const one of sleepers) one.destroy()
  })

  it('get all that they asked for once they read', async () => {
    const count = 60
    const socket = opened().pause()
    socket.write(encodeRequest(['GET', 'big']).repeat(count))
    await waitFor(async () => (await kept()).some((bytes) => bytes > 0), {what: 'it to be full'})
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    socket.resume()
    await waitFor(() => bytes === count * (MIB + 12), {what: 'all replies'})
  })

  it('lose their connection at the limit of subscribers, and nobody else does', async () => {
    let messages = 0
    const listeners = await Promise.all(Array.from({length: SUBSCRIBERS}, () => RawConnection.open(node.port)))
    await Promise.all(listeners.map((one) => one.call('SUBSCRIBE', 'news')))
    const sleeper = opened()
    sleeper.write('SUBSCRIBE news\r\n')
    await waitFor(async () => (await listening()) === SUBSCRIBERS + 1, {what: 'all to listen'})
    sleeper.pause()
    for (; (await listening()) > SUBSCRIBERS && messages < 1000; messages++) {
      // The one that sleeps gets the long ones: everybody else listens to `news` alone.
      await control.call('PUBLISH', 'news', messages % 20 === 0 ? 'x' : '')
      if (messages === 0) sleeper.write('SUBSCRIBE long\r\n')
      await control.call('PUBLISH', 'long', VALUE)
    }
    expect(messages).toBeLessThan(1000)
    const sent = (await Promise.all(listeners.map((one) => one.replies(messages)))).map((all) => all.length)
    expect(new Set(sent)).toEqual(new Set([messages]))
    expect(listeners.some((one) => one.closed)).toBe(false)
    for (const one of listeners) one.close()
  })

  async function listening(): Promise<number> {
    return Number(/:(\d+)/.exec(await control.call('PUBSUB', 'NUMSUB', 'news'))?.[1])
  }
})
