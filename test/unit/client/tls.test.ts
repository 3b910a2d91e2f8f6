import {once} from 'node:events'
import type {AddressInfo} from 'node:net'
import {createServer, type Server} from 'node:tls'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {TlsSettings} from '../../../src/lib/client/connect-options.js'
import {connectNode} from '../../../src/lib/client/node-connection.js'
import {makeCertificate} from '../../support/certificate.js'

const made = makeCertificate(['DNS:node.test'])

describe.skipIf(!made)(made ? 'TLS' : 'TLS [skipped: no openssl]', () => {
  let server: Server
  let address: {host: string; port: number}
  const serverNames: (string | false | null)[] = []

  beforeAll(async () => {
    server = createServer({cert: made?.cert, key: made?.key}, (socket) => {
      serverNames.push(socket.servername)
      socket.on('error', () => undefined)
      socket.on('data', () => socket.write('+PONG\r\n'))
    })
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = {host: '127.0.0.1', port: (server.address() as AddressInfo).port}
  })
  afterAll(() => void server?.close())

  const connect = async (tls: TlsSettings, tlsName?: string) => {
    const link = await connectNode(address, {timeoutMs: 2000, tls}, {tlsName})
    link.close()
    return serverNames.at(-1)
  }

  it('checks the certificate against the announced hostname, which is sent as SNI', async () => {
    expect(await connect({ca: made!.cert}, 'node.test')).toBe('node.test')
  })

  it('prefers --sni to the announced hostname', async () => {
    expect(await connect({ca: made!.cert, servername: 'node.test'}, 'other.test')).toBe('node.test')
  })

  it('refuses another name, and an authority it does not know', async () => {
    const refused = {code: 'UNREACHABLE', message: expect.stringMatching(/certificate/i)}
    await expect(connect({ca: made!.cert}, 'other.test')).rejects.toMatchObject(refused)
    await expect(connect({}, 'node.test')).rejects.toMatchObject(refused)
  })

  it('takes any certificate when told to', async () => {
    expect(await connect({insecure: true})).toBe(false)
  })

  it('sends no address as a name', async () => {
    expect(await connect({insecure: true}, '127.0.0.1')).toBe(false)
  })
})
