import {once} from 'node:events'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {afterEach, describe, expect, it} from 'vitest'
import {connectNode} from '../../../src/lib/client/node-connection.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import {CliError} from '../../../src/lib/kernel/errors.js'

/** A server that answers each chunk it gets with what `answer` makes of it; undefined = silence. */
const servers: Server[] = []
const sockets = new Set<Socket>()

async function serve(answer: (chunk: string, socket: Socket) => string | undefined) {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const reply = answer(chunk.toString('latin1'), socket)
      if (reply !== undefined) socket.write(reply, 'latin1')
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {host: '127.0.0.1', port: (server.address() as AddressInfo).port}
}

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  sockets.clear()
  servers.length = 0
})

const OPTIONS = {timeoutMs: 2000}

async function failure(work: Promise<unknown>): Promise<CliError> {
  const error = await work.then(
    () => new Error('did not fail'),
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(CliError)
  return error as CliError
}

describe('connectNode', () => {
  it('sends nothing but PING, and no password it was not given', async () => {
    const seen: string[] = []
    const address = await serve((chunk) => {
      seen.push(chunk)
      return '+PONG\r\n'
    })
    const link = await connectNode(address, OPTIONS)
    link.close()
    expect(seen).toEqual(['*1\r\n$4\r\nPING\r\n'])
  })

  it('logs in with user and password in the same write', async () => {
    const seen: string[] = []
    const address = await serve((chunk) => {
      seen.push(chunk)
      return '+OK\r\n+PONG\r\n'
    })
    const link = await connectNode(address, {...OPTIONS, username: 'ops', password: 'secret'})
    link.close()
    expect(seen).toEqual(['*3\r\n$4\r\nAUTH\r\n$3\r\nops\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n'])
  })

  it('bears a password that the node does not need', async () => {
    const address = await serve(
      () => '-ERR AUTH <password> called without any password configured for the default user\r\n+PONG\r\n',
    )
    const link = await connectNode(address, {...OPTIONS, password: 'secret'})
    expect(link.isOpen).toBe(true)
    link.close()
  })

  const refusals: [name: string, reply: string, code: string, text: RegExp][] = [
    ['a missing password', '-NOAUTH Authentication required.\r\n-NOAUTH\r\n', 'AUTH_FAILED', /wants a password/],
    ['a wrong password', '-WRONGPASS invalid username-password pair\r\n-NOAUTH\r\n', 'AUTH_FAILED', /refused the user/],
    ['a node that loads', '+OK\r\n-LOADING Redis is loading the dataset in memory\r\n', 'UNREACHABLE', /LOADING/],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'UNREACHABLE', /does not speak the Redis protocol/],
  ]
  for (const [name, reply, code, text] of refusals) {
    it(`names ${name}, without the password`, async () => {
      const address = await serve(() => reply)
      const error = await failure(connectNode(address, {...OPTIONS, password: 'hunter2'}))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(text)
      expect(error.message).toContain(`127.0.0.1:${address.port}`)
      expect(JSON.stringify(error) + error.stack).not.toContain('hunter2')
    })
  }

  it('gives up on a silent node within the timeout', async () => {
    const address = await serve(() => undefined)
    const started = performance.now()
    const error = await failure(connectNode(address, {timeoutMs: 150}))
    expect(error.code).toBe('TIMED_OUT')
    expect(performance.now() - started).toBeLessThan(1500)
  })

  it('names a node that refuses connections, and one that hangs up', async () => {
    const address = await serve((_, socket) => {
      socket.destroy()
      return undefined
    })
    expect((await failure(connectNode(address, OPTIONS))).message).toMatch(/closed the connection/)
    for (const server of servers) server.close()
    expect((await failure(connectNode(address, OPTIONS))).message).toMatch(/refuses connections/)
  })

  it('stops at once when the operator does', async () => {
    const address = await serve(() => undefined)
    const abort = new AbortController()
    const work = failure(connectNode(address, {timeoutMs: 60_000}, {signal: abort.signal}))
    abort.abort()
    expect((await work).code).toBe('INTERRUPTED')
    expect((await failure(connectNode(address, OPTIONS, {signal: abort.signal}))).code).toBe('INTERRUPTED')
  })
})

describe('NodeConnection', () => {
  const talk = async (answer: (chunk: string, socket: Socket) => string | undefined) => {
    let first = true
    const address = await serve((chunk, socket) => {
      if (!first) return answer(chunk, socket)
      first = false
      return '+PONG\r\n'
    })
    return connectNode(address, OPTIONS)
  }

  it('sends a pipeline in one write and keeps error replies in their place', async () => {
    const seen: string[] = []
    const link = await talk((chunk) => {
      seen.push(chunk)
      return '+OK\r\n-MOVED 1 10.0.0.1:7000\r\n:3\r\n'
    })
    const replies = await link.pipeline([['SET', 'k', Buffer.from([0xff])], ['GET', 'k'], ['DBSIZE']])
    link.close()
    expect(seen).toHaveLength(1)
    expect(replies[0]).toBe('OK')
    expect(replies[1]).toBeInstanceOf(NodeReplyError)
    expect(replies[1]).toMatchObject({code: 'MOVED', message: 'MOVED 1 10.0.0.1:7000'})
    expect(replies[2]).toBe(3)
    expect(await link.pipeline([])).toEqual([])
  })

  it('throws the error reply of a single call, without its arguments', async () => {
    const link = await talk(() => '-ERR wrong number of arguments\r\n')
    const error = (await link.call('AUTH', 'hunter2').catch((reason: unknown) => reason)) as NodeReplyError
    link.close()
    expect(error).toBeInstanceOf(NodeReplyError)
    expect(error).toMatchObject({code: 'ERR'})
    expect(JSON.stringify(error) + error.stack + Object.keys(error)).not.toContain('hunter2')
  })

  it('gives Buffers on request', async () => {
    const link = await talk(() => '$3\r\n\xff\x00\x01\r\n')
    expect(await link.callBuffer('GET', 'k')).toEqual(Buffer.from([0xff, 0, 1]))
    link.close()
  })

  it('fails a call whose answer never comes, by its own bound', async () => {
    const link = await talk(() => undefined)
    const error = await failure(link.callWith({timeoutMs: 50}, 'DBSIZE'))
    link.close()
    expect(error.message).toMatch(/did not answer DBSIZE within 50 ms/)
  })

  it('fails everything in flight when the connection is lost, and whatever comes after', async () => {
    const link = await talk((_, socket) => {
      socket.destroy()
      return undefined
    })
    const error = await failure(
      link.pipeline([
        ['GET', 'a'],
        ['GET', 'b'],
      ]),
    )
    expect(error).toMatchObject({code: 'UNREACHABLE'})
    expect(link.isOpen).toBe(false)
    expect(await failure(link.call('PING'))).toMatchObject({code: 'UNREACHABLE'})
    link.close()
    link.close()
  })
})
