import {once} from 'node:events'
import {connect as connectPlain, createServer, type Server, type Socket, type TcpNetConnectOpts} from 'node:net'
import {connect as connectTls, createServer as createTlsServer} from 'node:tls'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {FaultNetwork} from '../../../../src/lib/node/faults/fault-network.js'
import type {FaultDirection, FaultEffect} from '../../../../src/lib/server/faults/rules.js'
import {makeCertificate} from '../../../support/certificate.js'
import {waitFor} from '../../../support/processes.js'

/** Undefined without openssl. */
const certificate = makeCertificate(['IP:127.0.0.1'])
const HOST = '127.0.0.1'

/** Over the system's sockets. What does not happen has the time that other connections take. */
describe.each(certificate === undefined ? (['plain'] as const) : (['plain', 'tls'] as const))(
  'faults on a connection (%s)',
  (kind) => {
    const network = new FaultNetwork(seededRng(3), connectPlain)
    let server: Server
    let port: number
    let accepted: Socket[]
    let received: string

    beforeEach(async () => {
      accepted = []
      received = ''
      const accept = (socket: Socket) => {
        accepted.push(socket)
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => {
          received += chunk
        })
      }
      server =
        kind === 'tls'
          ? createTlsServer({cert: certificate?.cert, key: certificate?.key}, accept)
          : createServer(accept)
      server.listen(0, HOST)
      await once(server, 'listening')
      port = (server.address() as {port: number}).port
    })

    afterEach(() => {
      network.replace([])
      network.close()
      for (const socket of accepted) socket.destroy()
      server.close()
    })

    function dial(options: TcpNetConnectOpts): Socket {
      return kind === 'tls'
        ? connectTls({...options, ca: certificate?.cert, checkServerIdentity: () => undefined})
        : connectPlain(options)
    }

    const make = (effect: FaultEffect, ...directions: FaultDirection[]) =>
      network.replace(directions.map((direction) => ({direction, effect, peer: {busPort: 0, host: HOST, port}})))

    async function open() {
      const socket = network.open(dial, {host: HOST, port})
      const told = {closed: false, error: '', text: ''}
      socket.on('data', (chunk) => {
        told.text += chunk
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        told.error = error.code ?? ''
      })
      socket.on('close', () => {
        told.closed = true
      })
      socket.write('hello ')
      await waitFor(() => received === 'hello ', {what: 'the first words'})
      return {peer: accepted[0] as Socket, socket, told}
    }

    /** Time enough for what is not held back to be there: a connection of its own comes and goes, and comes and goes again. */
    async function passTime(): Promise<void> {
      const other = createServer((socket) => socket.end('done')).listen(0, HOST)
      await once(other, 'listening')
      for (let count = 0; count < 5; count++) {
        const beside = connectPlain((other.address() as {port: number}).port, HOST).resume()
        await once(beside, 'close')
      }
      other.close()
    }

    it('halves of messages wait for each other across a cut', async () => {
      const {peer, socket, told} = await open()
      peer.write('half of ')
      await waitFor(() => told.text === 'half of ', {what: 'one half'})
      make({kind: 'drop'}, 'in', 'out')
      peer.write('a message')
      socket.write('there')
      await passTime()
      expect([told.text, received]).toEqual(['half of ', 'hello '])
      network.replace([])
      await waitFor(() => told.text === 'half of a message' && received === 'hello there', {what: 'the rest'})
      expect(told).toMatchObject({closed: false, error: ''})
    })

    it('an end under a cut is heard of afterwards, behind what came before', async () => {
      const {peer, told} = await open()
      make({kind: 'drop'}, 'in', 'out')
      peer.end('bye')
      await passTime()
      expect(told).toEqual({closed: false, error: '', text: ''})
      network.replace([])
      await waitFor(() => told.closed, {what: 'the end'})
      expect(told.text).toBe('bye')
    })

    it('a connection that its owner closed under a cut ends for the peer afterwards', async () => {
      const {peer, socket} = await open()
      make({kind: 'drop'}, 'in', 'out')
      socket.write('and goodbye')
      socket.destroy()
      await passTime()
      expect([peer.destroyed, received]).toEqual([false, 'hello '])
      network.replace([])
      await waitFor(() => peer.destroyed, {what: 'the end'})
      expect(received).toBe('hello and goodbye')
    })

    it('both sides see a reset', async () => {
      const {peer, told} = await open()
      make({kind: 'reset'}, 'out')
      await waitFor(() => told.closed && peer.destroyed, {what: 'the end'})
      expect(told.error).toBe('ECONNRESET')
    })

    it('much comes through a delay whole and in order', async () => {
      const {socket} = await open()
      make({jitterMs: 5, kind: 'delay', ms: 10}, 'out')
      const sent = Array.from({length: 3000}, (_, index) => `${index} `.repeat(200))
      for (const each of sent) if (!socket.write(each)) await once(socket, 'drain')
      const expected = `hello ${sent.join('')}`
      await waitFor(() => received.length === expected.length, {what: 'all of it'})
      expect(received === expected).toBe(true)
    })
  },
)
