import {createClient, type RedisClientOptions} from 'redis'
import type {Bench} from './scenarios.js'

/** node-redis with its replies as RESP3 gives them; of RESP2 the types are the same where a test compares them. */
export type Client = ReturnType<typeof createClient>

export interface ConnectOptions extends Omit<RedisClientOptions, 'RESP' | 'modules' | 'functions' | 'scripts'> {
  readonly RESP?: 2 | 3
}

/** A connected client that ends with its scenario. */
export async function connect(bench: Bench, options: ConnectOptions = {}): Promise<Client> {
  const {socket, ...others} = options
  const client = createClient({
    socket: {host: '127.0.0.1', port: bench.port, reconnectStrategy: 5, ...socket},
    ...others,
  } as Parameters<typeof createClient>[0])
  client.on('error', () => undefined)
  bench.defer(() => client.isOpen && client.destroy())
  await client.connect()
  return client as Client
}

/** Resolves when the client has connected once more, with its subscriptions. */
export function readyAgain(client: Client): Promise<void> {
  return new Promise((resolve) => client.once('ready', () => resolve()))
}
