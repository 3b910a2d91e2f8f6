import {connect, type Socket} from 'node:net'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

const MESSAGE = 'x'.repeat(64 * 1024)
/** Far more than the limit, and than what the kernel takes for a reader that sleeps. */
const MESSAGE_COUNT = 400

describe('client-output-buffer-limit of subscribers', () => {
  let node: StartedNode
  const open: {destroy(): void}[] = []

  beforeAll(async () => {
    node = await startNode({settings: {'client-output-buffer-limit': 'pubsub 4mb 0 0'}})
  })
  afterAll(async () => {
    for (const one of open) one.destroy()
    await node.stop()
  })

  async function subscriber(): Promise<{readonly socket: Socket; readonly state: {bytes: number; closed: boolean}}> {
    const socket = connect(node.port, '127.0.0.1')
    const state = {bytes: 0, closed: false}
    socket.on('data', (chunk) => {
      state.bytes += chunk.length
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      state.closed = true
    })
    open.push(socket)
    socket.write('SUBSCRIBE x\r\n')
    await waitFor(() => state.bytes > 0, {what: 'the subscription'})
    return {socket, state}
  }

  it('ends the one that does not read, not the one that does', async () => {
    const [reader, sleeper] = [await subscriber(), await subscriber()]
    sleeper.socket.pause()
    const publisher = await RawConnection.open(node.port)
    for (let i = 0; i < MESSAGE_COUNT; i++) await publisher.call('PUBLISH', 'x', MESSAGE)
    await waitFor(() => reader.state.bytes > MESSAGE_COUNT * MESSAGE.length, {what: 'all messages'})
    expect(await publisher.call('PUBSUB', 'NUMSUB', 'x')).toBe('*2\r\n$1\r\nx\r\n:1\r\n')
    expect(reader.state.closed).toBe(false)
    publisher.close()
  })
})
