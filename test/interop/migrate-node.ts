import {once} from 'node:events'
import {type AddressInfo, createServer, type Socket} from 'node:net'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {MigrateClient} from '../../src/lib/node/migrate-client.js'
import type {Client} from '../../src/lib/server/client.js'
import {Config} from '../../src/lib/server/config/config.js'
import {Server} from '../../src/lib/server/server.js'

export interface TestNode {
  readonly port: number
  stop(): Promise<void>
}

export async function startTestNode(settings: object = {}): Promise<TestNode> {
  const sockets = new Map<Client, Socket>()
  const migrate = new MigrateClient()
  const nothing = () => {}
  const flush = (client: Client) => sockets.get(client)?.write(client.reply.take(), 'latin1')
  const config = new Config()
  Object.assign(config.values, settings)
  const server = new Server({
    config,
    nowMs: Date.now(),
    processId: 1,
    rng: seededRng(1),
    effects: {
      closeClient: nothing,
      configChanged: nothing,
      cpu: () => ({system: 0, user: 0}),
      exchange: (request) => migrate.exchange(request),
      flush,
      log: (_level, text) => process.stderr.write(`${text}\n`),
      memory: () => ({heapUsed: 0, peakRss: 0, rss: 0}),
      monotonicUs: () => performance.now() * 1000,
      nowMs: Date.now,
      unixUs: () => Date.now() * 1000,
      readConfigFile: () => undefined,
      resume: (client) =>
        setImmediate(() => {
          client.process(Date.now())
          flush(client)
        }),
      shutdown: nothing,
      sleep: nothing,
      writeConfigFile: nothing,
    },
  })
  const listener = createServer({noDelay: true}, (socket) => {
    const client = server.addClient({address: '', localAddress: '', nowMs: Date.now()})
    sockets.set(client, socket)
    socket.on('error', nothing)
    socket.on('close', () => {
      sockets.delete(client)
      server.removeClient(client)
    })
    socket.on('data', (chunk) => {
      client.feed(chunk, chunk.length, Date.now())
      flush(client)
    })
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    async stop() {
      migrate.close()
      for (const socket of sockets.values()) socket.destroy()
      listener.close()
    },
  }
}
