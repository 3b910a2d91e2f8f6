import {randomBytes} from 'node:crypto'
import {readFileSync, writeFileSync} from 'node:fs'
import {connect, createServer, type Server as NetServer, type Socket} from 'node:net'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {NodeLog} from '../../../src/lib/node/log.js'
import {AheadCopies} from '../../../src/lib/node/nodes-conf-ahead.js'
import {Node, StartError} from '../../../src/lib/node/start-node.js'
import {decodeMessage} from '../../../src/lib/protocol/bus/decode.js'
import {encodeMessage} from '../../../src/lib/protocol/bus/encode.js'
import {FrameDecoder} from '../../../src/lib/protocol/bus/framing.js'
import type {BusMessage} from '../../../src/lib/protocol/bus/message.js'
import {Config} from '../../../src/lib/server/config/config.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {header} from '../server/cluster/support.js'

const nodes: Node[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

async function startNode(settings: object = {}): Promise<{node: Node; busPort: number; dir: string}> {
  const port = await claimPorts()
  const dir = temporaryFolder('bus')
  const config = new Config()
  Object.assign(config.values, {
    bind: ['127.0.0.1'],
    clusterEnabled: true,
    clusterNodeTimeout: 1000,
    dir,
    port,
    ...settings,
  })
  const node = new Node(config, new NodeLog({file: join(dir, 'log'), level: 'debug', pid: process.pid}))
  nodes.push(node)
  await node.start()
  return {node, busPort: port + 10000, dir}
}

async function dial(port: number): Promise<{socket: Socket; received: BusMessage[]; closed: () => boolean}> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let isClosed = false
  const received: BusMessage[] = []
  const decoder = new FrameDecoder()
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('data', (chunk: Buffer) => {
    decoder.push(chunk, (frame) => received.push(decodeMessage(frame) as BusMessage))
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  return {socket, received, closed: () => isClosed}
}

const PING: BusMessage = {
  header: header('s'.repeat(40)),
  body: {type: 'ping', gossip: [], extensions: []},
}

describe('the bus shell', () => {
  it('answers a PING of a stranger and learns its own address', async () => {
    const {busPort, node} = await startNode()
    const {received, socket} = await dial(busPort)
    socket.write(encodeMessage(PING))
    await waitFor(() => received.length > 0, {what: 'the PONG'})
    expect(received[0]?.body.type).toBe('pong')
    expect(node.server.cluster?.core.myself.ip).toBe('127.0.0.1')
  })

  it('drops a socket that does not speak its protocol', async () => {
    const {busPort} = await startNode()
    const {closed, socket} = await dial(busPort)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await waitFor(closed, {what: 'the end of the socket'})
  })

  it('goes on when it cannot accept, again and again', async () => {
    const {busPort, dir, node} = await startNode()
    const [listener] = Reflect.get(Reflect.get(node, 'bus'), 'listeners') as NetServer[]
    for (let i = 0; i < 3; i++) listener!.emit('error', new Error('accept EMFILE'))
    await dial(busPort)
    expect(readFileSync(join(dir, 'log'), 'utf8')).toContain('accept EMFILE')
  })

  it('skips a frame it does not understand and goes on', async () => {
    const {busPort} = await startNode()
    const {closed, received, socket} = await dial(busPort)
    const unknown = encodeMessage(PING)
    unknown.writeUInt16BE(99, 12)
    const noId = encodeMessage(PING)
    noId.write('???', 40)
    socket.write(Buffer.concat([unknown, noId, encodeMessage(PING)]))
    await waitFor(() => received.length > 0, {what: 'the PONG'})
    expect(closed()).toBe(false)
  })

  it('garbage of all kinds neither stops, hangs nor bloats it', async () => {
    const {busPort, node} = await startNode()
    const frame = encodeMessage(PING)
    const before = process.memoryUsage().rss
    for (let round = 0; round < 60; round++) {
      const {socket} = await dial(busPort)
      const damaged = Buffer.from(frame)
      for (let hit = 0; hit < 20; hit++) damaged[8 + Math.floor(Math.random() * (damaged.length - 8))] = round
      const huge = Buffer.from(frame)
      huge.writeUInt32BE(0xffff_ffff, 4)
      huge.writeUInt16BE(4, 12)
      const parts = [
        randomBytes(5000),
        frame.subarray(0, 1000 + round),
        damaged,
        Buffer.concat([huge, Buffer.alloc(200_000)]),
      ]
      socket.write(parts[round % parts.length] as Buffer)
      if (round % 3 === 0) socket.destroy()
    }
    const {received, socket} = await dial(busPort)
    socket.write(frame)
    await waitFor(() => received.length > 0, {what: 'the PONG after all that'})
    expect(node.server.cluster!.core.nodes.size).toBeLessThan(100)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })

  it('does not queue answers without end for a stranger that does not read', async () => {
    const {busPort} = await startNode()
    const {closed, socket} = await dial(busPort)
    socket.pause()
    const burst = Buffer.concat(Array.from({length: 500}, () => encodeMessage(PING)))
    const end = Date.now() + 10_000
    while (!closed() && Date.now() < end) {
      await new Promise((resolve) => socket.write(burst, resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.resume()
    await waitFor(closed, {what: 'the end of the socket'})
  })

  it('keeps its identity across a restart, and nodes.conf on disk before the first client', async () => {
    const {dir, node} = await startNode()
    const {id} = node.server.cluster!.core.myself
    expect(readFileSync(join(dir, 'nodes.conf'), 'latin1')).toContain(`${id} :`)
    await node.stop()
    const again = await startNode({dir})
    expect(again.node.server.cluster?.core.myself.id).toBe(id)
  })

  it('tells nobody what is not on disk yet', async () => {
    const known = 's'.repeat(40)
    const first = await startNode()
    const {id} = first.node.server.cluster!.core.myself
    await first.node.stop()
    const lines = [
      `${id} 127.0.0.1:${first.busPort - 10000}@${first.busPort} myself,master - 0 0 1 connected`,
      `${known} 127.0.0.1:7999@17999 master - 0 0 2 connected`,
      'vars currentEpoch 2 lastVoteEpoch 0',
    ]
    writeFileSync(join(first.dir, 'nodes.conf'), `${lines.join('\n')}\n`)
    const {busPort} = await startNode({dir: first.dir})
    const {received, socket} = await dial(busPort)
    const onDiskWhenTold: number[] = []
    for (let epoch = 3; epoch < 23; epoch++) {
      const told = received.length
      socket.write(encodeMessage({...PING, header: header(known, {configEpoch: epoch, currentEpoch: epoch})}))
      await waitFor(() => received.length > told, {everyMs: 1, what: `the PONG of epoch ${epoch}`})
      const saved = /currentEpoch (\d+)/.exec(readFileSync(join(first.dir, 'nodes.conf'), 'latin1'))
      if (received.at(-1)?.header.currentEpoch === epoch) onDiskWhenTold.push(Number(saved?.[1]) - epoch)
    }
    expect(onDiskWhenTold).toEqual(Array.from({length: 20}, () => 0))
  })

  it('gives no vote that is not on disk', async () => {
    const [failed, replica] = ['f'.repeat(40), 'd'.repeat(40)]
    const first = await startNode()
    const {id} = first.node.server.cluster!.core.myself
    await first.node.stop()
    const replicaPort = await claimPorts()
    const path = join(first.dir, 'nodes.conf')
    const told: (string | undefined)[] = []
    const decoder = new FrameDecoder()
    const listener = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        decoder.push(chunk, (frame) => {
          if (decodeMessage(frame)?.body.type !== 'auth-ack') return
          const saved = readFileSync(path, 'latin1')
          told.push(/lastVoteEpoch \d+/.exec(new AheadCopies(path).newest(saved) ?? saved)?.[0])
        })
      })
    })
    await new Promise<void>((resolve) => listener.listen(replicaPort + 10_000, '127.0.0.1', resolve))
    const lines = [
      `${id} 127.0.0.1:${first.busPort - 10000}@${first.busPort} myself,master - 0 0 1 connected 0-100`,
      `${failed} 127.0.0.1:7999@17999 master,fail - 0 0 2 disconnected 101-16383`,
      `${replica} 127.0.0.1:${replicaPort}@${replicaPort + 10_000} slave ${failed} 0 0 2 connected`,
      'vars currentEpoch 2 lastVoteEpoch 0',
    ]
    writeFileSync(path, `${lines.join('\n')}\n`)
    const {busPort, node} = await startNode({dir: first.dir})
    await waitFor(() => node.server.cluster!.core.nodes.get(replica)?.link?.open, {what: 'the link to the replica'})
    const {socket} = await dial(busPort)
    const asks = header(replica, {configEpoch: 2, currentEpoch: 3, flags: 18, replicaOf: failed})
    socket.write(encodeMessage({body: {type: 'auth-request'}, header: asks}))
    await waitFor(() => told.length > 0, {everyMs: 1, what: 'the vote'})
    expect(told).toEqual(['lastVoteEpoch 3'])
    listener.close()
  })

  it('tells a window of slots in one PONG', async () => {
    const {busPort, node} = await startNode()
    const received: BusMessage[] = []
    const peerPort = await claimPorts()
    const peer = createServer((socket) => {
      const decoder = new FrameDecoder()
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        decoder.push(chunk, (frame) => {
          const message = decodeMessage(frame) as BusMessage
          received.push(message)
          if (message.body.type === 'pong') return
          const place = {port: peerPort, busPort: peerPort + 10000}
          socket.write(
            encodeMessage({
              header: header('s'.repeat(40), place),
              body: {...PING.body, type: 'pong'} as BusMessage['body'],
            }),
          )
        })
      })
    })
    await new Promise<void>((resolve) => peer.listen(peerPort + 10000, '127.0.0.1', resolve))
    const client = connect(busPort - 10000, '127.0.0.1')
    sockets.push(client)
    let replies = ''
    client.on('data', (chunk: Buffer) => {
      replies += chunk.toString('latin1')
    })
    client.write(`CLUSTER MEET 127.0.0.1 ${peerPort}\r\n`)
    await waitFor(() => node.server.cluster?.core.nodes.has('s'.repeat(40)), {what: 'the handshake'})
    received.length = 0
    const {id} = node.server.cluster!.core.myself
    const commands = Array.from({length: 64}, (_, slot) =>
      [`CLUSTER SETSLOT ${slot} IMPORTING ${'s'.repeat(40)}`, `CLUSTER SETSLOT ${slot} NODE ${id}`].join('\r\n'),
    )
    client.write(`${commands.join('\r\n')}\r\n`)
    await waitFor(() => (replies.match(/\+OK/g) ?? []).length === 129, {what: 'the replies'})
    const pongs = () => received.filter(({body}) => body.type === 'pong')
    await waitFor(
      () =>
        pongs()
          .at(-1)
          ?.header.slots.subarray(0, 8)
          .every((byte) => byte === 255),
      {what: 'the news'},
    )
    expect(pongs().length).toBeLessThanOrEqual(3)
    peer.close()
  })

  it('refuses to start on the nodes.conf of another node, on a damaged one, and where it cannot write one', async () => {
    const {dir} = await startNode()
    await expect(startNode({dir})).rejects.toThrow(StartError)
    const other = await startNode()
    await other.node.stop()
    writeFileSync(join(other.dir, 'nodes.conf'), 'damaged\n')
    await expect(startNode({dir: other.dir})).rejects.toThrow(/nodes.conf line 1/)
    await expect(startNode({clusterConfigFile: 'missing/nodes.conf'})).rejects.toThrow(StartError)
  })
})
