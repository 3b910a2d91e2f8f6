import {readFileSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {type NodeOptions, type StartedNode, startNode} from '../../../src/embedded.js'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'

const started: StartedNode[] = []
const sockets: Socket[] = []

async function start(settings: NodeOptions['settings'] = {}): Promise<StartedNode> {
  const node = await startNode({settings})
  started.push(node)
  return node
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const node of started.splice(0)) await node.stop()
})

/** A socket that reads nothing. */
function connectDeaf(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
    socket.pause()
    sockets.push(socket)
  })
}

async function field(connection: RawConnection, section: string, name: string): Promise<string> {
  const text = await connection.call('INFO', section)
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? ''
}

describe('a node on a socket', () => {
  it('answers a pipeline in order and closes after QUIT', async () => {
    const node = await start()
    const connection = await RawConnection.open(node.port)
    connection.send('SET a 1\r\nGET a\r\nQUIT\r\nGET a\r\n')
    expect(await connection.rest()).toBe('+OK\r\n$1\r\n1\r\n+OK\r\n')
  })

  it('logs to its folder, also after a setting was changed', async () => {
    const directory = temporaryFolder('node')
    const node = await startNode({directory})
    started.push(node)
    const connection = await RawConnection.open(node.port)
    expect(await connection.call('CONFIG', 'SET', 'loglevel', 'debug')).toBe('+OK\r\n')
    connection.close()
    await node.stop()
    expect(readFileSync(join(directory, 'node.log'), 'utf8')).toContain('bye bye')
  })

  it('notices clients that leave, politely or not', async () => {
    const node = await start()
    const watcher = await RawConnection.open(node.port)
    const others = await Promise.all(Array.from({length: 5}, () => connectDeaf(node.port)))
    await waitFor(async () => (await field(watcher, 'clients', 'connected_clients')) === '6', {what: 'six clients'})
    for (const one of others.slice(0, 3)) one.end()
    for (const one of others.slice(3)) one.resetAndDestroy()
    await waitFor(async () => (await field(watcher, 'clients', 'connected_clients')) === '1', {what: 'one client'})
    watcher.close()
  })

  it('turns away whom maxclients does not allow', async () => {
    const node = await start({maxclients: '2'})
    const first = await RawConnection.open(node.port)
    const second = await RawConnection.open(node.port)
    expect(await first.call('PING')).toBe('+PONG\r\n')
    expect(await second.call('PING')).toBe('+PONG\r\n')
    const third = await RawConnection.open(node.port)
    expect(await third.rest()).toBe('-ERR max number of clients reached\r\n')
    first.close()
    second.close()
  })

  it('closes idle clients after timeout', async () => {
    const node = await start({timeout: '1'})
    const connection = await RawConnection.open(node.port)
    expect(await connection.rest()).toBe('')
  })

  it('closes a client that lets its output grow beyond the limit', async () => {
    const node = await start({'client-output-buffer-limit': 'normal 4mb 0 0'})
    const writer = await RawConnection.open(node.port)
    await writer.call('SET', 'big', 'x'.repeat(1_000_000))
    const deaf = await connectDeaf(node.port)
    for (let i = 0; i < 60; i++) deaf.write(encodeRequest(['GET', 'big']))
    await waitFor(async () => (await field(writer, 'clients', 'connected_clients')) === '1', {
      what: 'the deaf client is gone',
    })
    writer.close()
  })

  it('stops reading from a client that does not read, and goes on once it does', async () => {
    const node = await start()
    const writer = await RawConnection.open(node.port)
    await writer.call('SET', 'big', 'x'.repeat(1_000_000))
    const before = process.memoryUsage().rss
    const deaf = await connectDeaf(node.port)
    const request = encodeRequest(['GET', 'big']).repeat(100)
    deaf.write(request)
    for (let i = 0; i < 50; i++) await writer.call('PING')
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024)
    let received = 0
    deaf.on('data', (chunk) => {
      received += chunk.length
    })
    deaf.resume()
    await waitFor(() => received === 100 * 1_000_012, {what: () => `all answers; so far ${received} bytes`})
    writer.close()
  })

  it('leaves in the kernel what it cannot answer yet', async () => {
    const node = await start()
    const writer = await RawConnection.open(node.port)
    await writer.call('SET', 'big', 'x'.repeat(1_000_000))
    const deaf = await connectDeaf(node.port)
    deaf.write(encodeRequest(['GET', 'big']).repeat(400_000))
    let most = 0
    for (let i = 0; i < 100; i++) {
      const list = await writer.call('CLIENT', 'LIST')
      for (const [, bytes] of list.matchAll(/ qbuf=(\d+)/g)) most = Math.max(most, Number(bytes))
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(1_000_000)
    writer.close()
  })

  it('serves no more after stop, and frees its port', async () => {
    const node = await start()
    const connection = await RawConnection.open(node.port)
    expect(await connection.call('PING')).toBe('+PONG\r\n')
    await node.stop()
    expect(await connection.rest()).toBe('')
    const again = await startNode({port: node.port})
    await again.stop()
  })

  it('follows no more after stop', async () => {
    const primary = await start()
    const replica = await start({replicaof: `127.0.0.1 ${primary.port}`})
    const watcher = await RawConnection.open(primary.port)
    const replicas = (): Promise<string> => field(watcher, 'replication', 'connected_slaves')
    await waitFor(async () => (await field(watcher, 'replication', 'slave0')).includes('state=online'), {
      what: 'replica online',
    })
    await replica.stop()
    await waitFor(async () => (await replicas()) === '0', {what: 'replica gone'})
    watcher.close()
  })

  it('says which port is taken', async () => {
    const node = await start()
    await expect(startNode({port: node.port})).rejects.toThrow(`127.0.0.1:${node.port}: bind: Address already in use`)
  })
})

describe('garbage on the client port', () => {
  it('neither stops nor fills the node', async () => {
    const node = await start()
    const rng = seededRng(1)
    const healthy = await RawConnection.open(node.port)
    const before = process.memoryUsage().rss
    const tokens = [
      '*',
      '$',
      '\r\n',
      '1',
      '999999999',
      '-1',
      '"',
      'GET',
      ' ',
      '\0',
      '\xff',
      '*2147483647\r\n$536870912\r\n',
    ]
    for (let round = 0; round < 60; round++) {
      const socket = await connectDeaf(node.port)
      socket.resume()
      let text = ''
      if (round % 3 === 0) text = '\0\xff'.repeat(50_000)
      else if (round % 3 === 1) text = `*1000000\r\n${'$1\r\na\r\n'.repeat(5000)}`
      else for (let i = 0; i < 200; i++) text += rng.pick(tokens)
      socket.write(text, 'latin1')
      if (rng.chance(0.5)) socket.resetAndDestroy()
      expect(await healthy.call('PING')).toBe('+PONG\r\n')
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
    healthy.close()
  })
})
