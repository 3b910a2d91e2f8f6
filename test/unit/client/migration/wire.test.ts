import {once} from 'node:events'
import {createServer, type Server, type Socket} from 'node:net'
import {afterEach, describe, expect, it} from 'vitest'
import {connectWire} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that does with each chunk what it is told. */
async function serve(onData: (text: string, socket: Socket) => void): Promise<{host: string; port: number}> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => onData(chunk.toString('latin1'), socket))
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {host: '127.0.0.1', port: (server.address() as {port: number}).port}
}

const OPTIONS = {timeoutMs: 200}

describe('SocketWire', () => {
  it('owes no reply to what is too long to be sent', async () => {
    const address = await serve((_text, socket) => socket.write('+1\r\n'))
    const wire = await connectWire(address, OPTIONS)
    // Long, and not in memory.
    const half = 'x'.repeat(300 * 1024 * 1024)
    await expect(wire.send([['A', half, half]])).rejects.toThrow('Invalid string length')
    expect(await wire.send([['B']])).toEqual(['1'])
    wire.close()
  })

  it('sends a batch in one write, bytes as they are, and gives each its replies', async () => {
    let seen = ''
    const address = await serve((text, socket) => {
      seen += text
      if (text.includes('second')) socket.write('+1\r\n-ERR no\r\n:3\r\n', 'latin1')
    })
    const wire = await connectWire(address, OPTIONS)
    const first = wire.send([['A', 'k\0\xff'], ['B']])
    const second = wire.send([['C', 'second']])
    expect(await first).toEqual(['1', new NodeReplyError('ERR no')])
    expect(await second).toEqual([3])
    expect(seen).toBe('*2\r\n$1\r\nA\r\n$3\r\nk\0\xff\r\n*1\r\n$1\r\nB\r\n*2\r\n$1\r\nC\r\n$6\r\nsecond\r\n')
    wire.close()
  })

  it('fails all that is owed when the node hangs up, and all that comes after', async () => {
    const address = await serve((_, socket) => socket.destroy())
    const wire = await connectWire(address, OPTIONS)
    const owed = [wire.send([['A']]), wire.send([['B']])]
    for (const one of owed) await expect(one).rejects.toMatchObject({code: 'UNREACHABLE'})
    await expect(wire.send([['C']])).rejects.toMatchObject({code: 'UNREACHABLE'})
  })

  it('fails after silence, counted from the last byte', async () => {
    const address = await serve((_, socket) => socket.write('+1\r\n'))
    const wire = await connectWire(address, OPTIONS)
    await expect(wire.send([['A'], ['B']])).rejects.toMatchObject({code: 'TIMED_OUT'})
  })

  it('fails on what is no reply, and on a reply nobody asked for', async () => {
    const http = await connectWire(await serve((_, socket) => socket.write('HTTP/1.1 400\r\n')), OPTIONS)
    await expect(http.send([['A']])).rejects.toThrow(/does not speak/)
    const chatty = await connectWire(await serve((_, socket) => socket.write('+1\r\n+2\r\n')), OPTIONS)
    expect(await chatty.send([['A']])).toEqual(['1'])
    await expect(chatty.send([['B']])).rejects.toMatchObject({code: 'UNREACHABLE'})
  })

  it('logs in first, and says so if that is refused', async () => {
    let seen = ''
    const address = await serve((text, socket) => {
      seen += text
      socket.write(text.includes('right') ? '+OK\r\n' : '-WRONGPASS no\r\n')
    })
    const wire = await connectWire(address, {...OPTIONS, username: 'bob', password: 'right'})
    wire.close()
    expect(seen).toContain('$4\r\nAUTH\r\n$3\r\nbob\r\n$5\r\nright\r\n')
    await expect(connectWire(address, {...OPTIONS, password: 'bad'})).rejects.toMatchObject({code: 'AUTH_FAILED'})
  })

  it('says who cannot be reached', async () => {
    const address = await serve(() => undefined)
    for (const server of servers.splice(0)) server.close()
    await expect(connectWire(address, OPTIONS)).rejects.toThrow(`127.0.0.1:${address.port}`)
  })
})
