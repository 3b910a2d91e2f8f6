import {existsSync, statSync, writeFileSync} from 'node:fs'
import {connect as connectPlain, type Socket} from 'node:net'
import {join} from 'node:path'
import {type ConnectionOptions, connect} from 'node:tls'
import {afterEach, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {type Certificate, makeCertificate} from '../../support/certificate.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'

const started: StartedNode[] = []
afterEach(async () => {
  for (const node of started.splice(0)) await node.stop()
})

async function start(settings: Readonly<Record<string, string>>, port = 0): Promise<StartedNode> {
  const node = await startNode({port, settings})
  started.push(node)
  return node
}

/** What the server says until it has said `until`, or closes. */
async function ask(socket: Socket, text: string, until: string | RegExp): Promise<string> {
  let received = ''
  let isClosed = false
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
  })
  socket.write(text, 'latin1')
  await waitFor(() => isClosed || new RegExp(until).test(received), {what: 'an answer'})
  socket.destroy()
  return received
}

const own = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])
const other = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])
const describeWithOpenssl = own && other ? describe : describe.skip

describeWithOpenssl('clients over TLS', () => {
  const {certFile, cert, key, keyFile} = own as Certificate
  const stranger = other as Certificate
  const tls = {'tls-ca-cert-file': certFile, 'tls-cert-file': certFile, 'tls-key-file': keyFile}

  function open(port: number, options: ConnectionOptions = {}): Socket {
    return connect({ca: cert, host: '127.0.0.1', port, servername: 'localhost', ...options})
  }

  it('are served beside those without, and alone with port 0', async () => {
    const tlsPort = await claimPorts()
    const node = await startNode({settings: {...tls, 'tls-auth-clients': 'no', 'tls-port': String(tlsPort)}})
    started.push(node)
    expect(await ask(open(tlsPort), 'SET a 1\r\nCLIENT LIST\r\n', 'user=')).toContain(`laddr=127.0.0.1:${tlsPort}`)
    expect(await ask(connectPlain(node.port, '127.0.0.1'), 'GET a\r\n', '1\r\n1')).toBe('$1\r\n1\r\n')
    const onlyPort = await claimPorts()
    await start({...tls, 'tls-auth-clients': 'no', 'tls-port': String(onlyPort)})
    expect(await ask(open(onlyPort), 'INFO server\r\n', 'config_file')).toContain(`tcp_port:${onlyPort}`)
  })

  it('get big replies to pipelines whole', async () => {
    const tlsPort = await claimPorts()
    await start({...tls, 'tls-auth-clients': 'no', 'tls-port': String(tlsPort)})
    const value = 'x'.repeat(300_000)
    const set = `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${value.length}\r\n${value}\r\n`
    const text = await ask(open(tlsPort), `${set}${'GET a\r\n'.repeat(40)}PING\r\n`, 'PONG')
    expect(text).toBe(`+OK\r\n${`$${value.length}\r\n${value}\r\n`.repeat(40)}+PONG\r\n`)
  })

  it('must show a certificate, may, or need not', async () => {
    const port = await claimPorts()
    await start({...tls, 'tls-port': String(port)})
    const strange: ConnectionOptions = {cert: stranger.cert, key: stranger.key}
    const answers = async (options: ConnectionOptions): Promise<boolean> =>
      (await ask(open(port, options), 'PING\r\n', 'PONG')) === '+PONG\r\n'
    expect([await answers({}), await answers({cert, key}), await answers(strange)]).toEqual([false, true, false])
    await ask(open(port, {cert, key}), 'CONFIG SET tls-auth-clients optional\r\n', 'OK')
    expect([await answers({}), await answers({cert, key}), await answers(strange)]).toEqual([true, true, false])
    await ask(open(port), 'CONFIG SET tls-auth-clients no\r\n', 'OK')
    expect([await answers({}), await answers({cert, key}), await answers(strange)]).toEqual([true, true, true])
  })

  it('see a new certificate once it is set, and the old one if the new one is no good', async () => {
    const port = await claimPorts()
    await start({...tls, 'tls-auth-clients': 'no', 'tls-port': String(port)})
    const pair = `tls-cert-file ${stranger.certFile} tls-key-file ${stranger.keyFile}`
    const refused = await ask(open(port), `CONFIG SET tls-cert-file /none\r\n`, '\r\n')
    expect(refused).toContain('Unable to update TLS configuration. Check server logs.')
    expect(await ask(open(port), `CONFIG SET ${pair}\r\n`, '\r\n')).toBe('+OK\r\n')
    expect(await ask(open(port, {ca: stranger.cert}), 'PING\r\n', 'PONG')).toBe('+PONG\r\n')
    expect(await ask(open(port), 'PING\r\n', 'PONG')).toBe('')
  })

  it('agree on no older protocol than allowed', async () => {
    const port = await claimPorts()
    await start({...tls, 'tls-auth-clients': 'no', 'tls-port': String(port), 'tls-protocols': 'tlsv1.3'})
    expect(await ask(open(port, {maxVersion: 'TLSv1.2'}), 'PING\r\n', 'PONG')).toBe('')
    expect(await ask(open(port), 'PING\r\n', 'PONG')).toBe('+PONG\r\n')
  })

  it('cannot join the bus without a certificate', async () => {
    const port = await claimPorts()
    const cluster = {'cluster-enabled': 'yes', 'tls-cluster': 'yes'}
    await start({...tls, ...cluster, 'tls-auth-clients': 'no', 'tls-port': String(port)})
    expect(await ask(open(port), 'CLUSTER MYID\r\n', '\r\n.*\r\n')).toMatch(/^\$40\r\n/)
    const refused = async (options: ConnectionOptions): Promise<boolean> => {
      const socket = open(port + 10_000, options)
      let isClosed = false
      let isOpen = false
      socket.on('error', () => undefined)
      socket.on('close', () => {
        isClosed = true
      })
      // With TLS 1.3 a client learns of its refusal after its own handshake is done.
      socket.on('session', () => {
        isOpen = true
      })
      await waitFor(() => isClosed || isOpen, {what: 'an end of the handshake'})
      socket.destroy()
      return isClosed
    }
    const tickets = {maxVersion: 'TLSv1.2'} as const
    expect([await refused(tickets), await refused({...tickets, cert, key})]).toEqual([true, false])
  })

  it('are not promised what cannot be kept', async () => {
    const port = String(await claimPorts())
    await expect(start({'tls-port': port})).rejects.toThrow('No tls-cert-file configured!')
    await expect(start({...tls, 'tls-ca-cert-file': '', 'tls-port': port})).rejects.toThrow('Either tls-ca-cert-file')
    await expect(start({...tls, 'tls-port': port, 'tls-protocols': 'SSLv3'})).rejects.toThrow('Invalid tls-protocols')
    await expect(start({...tls, 'tls-cert-file': '/none', 'tls-port': port})).rejects.toThrow('tls-cert-file')
    const cluster = {'cluster-enabled': 'yes', 'tls-cluster': 'yes'}
    await expect(startNode({settings: {...tls, ...cluster, 'tls-port': port}})).rejects.toThrow('port must be 0')
    await expect(start({})).rejects.toThrow('Configured to not listen anywhere')
  })
})

describe('clients on a Unix socket', () => {
  it('are local, and the file comes and goes with the node', async () => {
    const path = join(temporaryFolder('unix'), 'node.sock')
    const node = await start({unixsocket: path, unixsocketperm: '700'})
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(await ask(connectPlain(path), 'CLIENT LIST\r\n', 'user=')).toContain(` addr=${path}:0 laddr=${path}:0 `)
    await node.stop()
    expect(existsSync(path)).toBe(false)
  })

  it('find a node again that did not end well, but no file of somebody else is touched', async () => {
    const folder = temporaryFolder('unix')
    const path = join(folder, 'node.sock')
    writeFileSync(path, 'mine')
    await expect(start({unixsocket: path})).rejects.toThrow('Failed opening Unix socket: bind: Address already in use')
    expect(existsSync(path)).toBe(true)
  })
})
