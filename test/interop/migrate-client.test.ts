import {once} from 'node:events'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {afterEach, describe, expect, it} from 'vitest'
import {MigrateClient} from '../../src/lib/node/migrate-client.js'
import type {PeerResult} from '../../src/lib/server/effects.js'

/** A target whose behaviour per connection is the test's; counts its connections. */
class Target {
  connections = 0
  private readonly sockets = new Set<Socket>()
  private constructor(private readonly server: Server) {}

  static async listen(serve: (socket: Socket, connection: number) => void): Promise<Target> {
    const server = createServer()
    const target = new Target(server)
    server.on('connection', (socket) => {
      target.sockets.add(socket)
      socket.on('error', () => {})
      serve(socket, target.connections++)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return target
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }
}

/** Answers each line of input with +OK. */
function answerLines(socket: Socket): void {
  socket.on('data', (chunk) => {
    for (const byte of chunk) if (byte === 10) socket.write('+OK\r\n')
  })
}

const opened: {close(): void}[] = []
const track = <T extends {close(): void}>(it: T): T => {
  opened.push(it)
  return it
}
afterEach(() => {
  for (const it of opened.splice(0)) it.close()
})

function run(client: MigrateClient, port: number, payload: string, replyCount: number, timeoutMs = 5000) {
  return new Promise<PeerResult>((done) => {
    client.exchange({done, host: '127.0.0.1', payload, port, replyCount, timeoutMs})
  })
}

describe('MigrateClient', () => {
  it('gives the replies without CRLF and keeps the socket for the next time', async () => {
    const target = track(await Target.listen(answerLines))
    const client = track(new MigrateClient())
    expect(await run(client, target.port, 'a\nb\n', 2)).toEqual({kind: 'replies', replies: ['+OK', '+OK']})
    expect(await run(client, target.port, 'c\n', 1)).toEqual({kind: 'replies', replies: ['+OK']})
    expect(target.connections).toBe(1)
    expect(client.idleCount).toBe(1)
  })

  it('uses a socket of its own per exchange at a time', async () => {
    const target = track(await Target.listen(answerLines))
    const client = track(new MigrateClient())
    await Promise.all([run(client, target.port, 'a\n', 1), run(client, target.port, 'b\n', 1)])
    expect(target.connections).toBe(2)
    expect(client.idleCount).toBe(2)
  })

  it('sends a payload of megabytes whole, binary bytes included', async () => {
    let received = ''
    const payload = Array.from({length: 256}, (_, i) => String.fromCharCode(i))
      .join('')
      .repeat(12_000)
    const target = track(
      await Target.listen((socket) => {
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1')
          if (received.length === payload.length) socket.write('+OK\r\n')
        })
      }),
    )
    const result = await run(track(new MigrateClient()), target.port, payload, 1)
    expect(result.kind).toBe('replies')
    expect(received === payload).toBe(true)
  })

  it('puts lines together that come in pieces', async () => {
    const target = track(
      await Target.listen((socket) => {
        socket.once('data', () => {
          socket.write('+O')
          setImmediate(() => socket.write('K\r'))
          setTimeout(() => socket.write('\n-ERR x\r\n'), 5)
        })
      }),
    )
    const result = await run(track(new MigrateClient()), target.port, 'a\nb\n', 2)
    expect(result.replies).toEqual(['+OK', '-ERR x'])
  })

  it('tries once more when a kept socket turns out closed', async () => {
    const target = track(
      await Target.listen((socket, connection) => {
        let lines = 0
        socket.on('data', () => {
          if (connection === 0 && ++lines === 2) socket.destroy()
          else socket.write('+OK\r\n')
        })
      }),
    )
    const client = track(new MigrateClient())
    await run(client, target.port, 'a\n', 1)
    expect(await run(client, target.port, 'b\n', 1)).toEqual({kind: 'replies', replies: ['+OK']})
    expect(target.connections).toBe(2)
  })

  it('does not try again once something was acknowledged, and says what was', async () => {
    const target = track(
      await Target.listen((socket) => {
        socket.once('data', () => socket.end('+OK\r\n'))
      }),
    )
    const result = await run(track(new MigrateClient()), target.port, 'a\nb\n', 2)
    expect(result).toEqual({kind: 'failed', replies: ['+OK'], stage: 'read'})
    expect(target.connections).toBe(1)
  })

  it('gives up after one retry', async () => {
    const target = track(await Target.listen((socket) => socket.once('data', () => socket.destroy())))
    const result = await run(track(new MigrateClient()), target.port, 'a\n', 1)
    expect(result).toMatchObject({kind: 'failed', replies: []})
    expect(target.connections).toBe(2)
  })

  it('reports a refused connection at once, as a failure to write', async () => {
    const target = await Target.listen(answerLines)
    const {port} = target
    target.close()
    const result = await run(track(new MigrateClient()), port, 'a\n', 1)
    expect(result).toEqual({kind: 'failed', replies: [], stage: 'write'})
  })

  it('does not wait longer than the timeout for a silent target, nor retry', async () => {
    const target = track(await Target.listen(() => {}))
    const result = await run(track(new MigrateClient()), target.port, 'a\n', 1, 50)
    expect(result).toEqual({kind: 'failed', replies: [], stage: 'read'})
    expect(target.connections).toBe(1)
  })

  it('fails in the write stage when the target takes no bytes', async () => {
    const target = track(await Target.listen((socket) => socket.pause()))
    const result = await run(track(new MigrateClient()), target.port, 'x'.repeat(64 * 2 ** 20), 1, 100)
    expect(result).toEqual({kind: 'failed', replies: [], stage: 'write'})
  })

  it('drops a target that talks out of turn', async () => {
    const target = track(
      await Target.listen((socket) => {
        socket.once('data', () => socket.write('+OK\r\n+MORE\r\n'))
      }),
    )
    const client = track(new MigrateClient())
    expect(await run(client, target.port, 'a\n', 1)).toMatchObject({kind: 'failed'})
    expect(client.idleCount).toBe(0)
  })

  it('does not collect a line without end', async () => {
    const target = track(
      await Target.listen((socket) => {
        socket.once('data', () => socket.write('x'.repeat(300_000)))
      }),
    )
    expect(await run(track(new MigrateClient()), target.port, 'a\n', 1)).toMatchObject({kind: 'failed'})
  })

  it('keeps at most 64 sockets', async () => {
    const target = track(await Target.listen(answerLines))
    const client = track(new MigrateClient())
    await Promise.all(Array.from({length: 70}, () => run(client, target.port, 'a\n', 1)))
    expect(client.idleCount).toBe(64)
  })

  it('ends what is under way when closed', async () => {
    const target = track(await Target.listen(() => {}))
    const client = new MigrateClient()
    const result = run(client, target.port, 'a\n', 1)
    client.close()
    expect(await result).toMatchObject({kind: 'failed', replies: []})
    expect(await run(client, target.port, 'a\n', 1)).toMatchObject({kind: 'failed', stage: 'connect'})
  })
})
