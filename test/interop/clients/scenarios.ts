import {join} from 'node:path'
import {Redis} from 'ioredis'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {type RedisNode, startRedis} from '../../support/peers.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'

/**
 * What an application does with a client library, done at a real redis-server and at the embedded node: everything that
 * it saw must be the same.
 */

/** One server, and what a scenario may do to it beside its application. */
export interface Bench {
  readonly port: number
  readonly unixsocket: string
  /** One command of the administrator, on a connection that lasts. */
  admin(...command: (string | number)[]): Promise<unknown>
  /** Runs after the scenario, however it ends; the last one given first. */
  defer(clean: () => unknown): void
  /** Until that many clients wait in blocking commands. */
  blocked(count: number): Promise<void>
  /** Ends the server and starts another on the same port, without data. */
  restart(): Promise<void>
}

/** @returns what the application saw; ports, client ids and times, which no two servers share, left out */
export type Scenario = (bench: Bench) => Promise<unknown>

interface Running {
  readonly port: number
  stop(): Promise<void>
}

class Server {
  readonly #start: (port?: number) => Promise<Running>
  readonly unixsocket: string
  #running: Running | undefined
  #admin: Redis | undefined

  constructor(unixsocket: string, start: (port?: number) => Promise<Running>) {
    this.unixsocket = unixsocket
    this.#start = start
  }

  get port(): number {
    return this.#running!.port
  }

  async open(port?: number): Promise<void> {
    this.#running = await this.#start(port)
    this.#admin = new Redis({host: '127.0.0.1', port: this.port, protocol: 2, disableClientInfo: true})
    this.#admin.on('error', () => undefined)
  }

  async close(): Promise<void> {
    this.#admin?.disconnect()
    await this.#running?.stop()
  }

  admin(...[name, ...args]: (string | number)[]): Promise<unknown> {
    return this.#admin!.call(String(name), ...args)
  }

  async blocked(count: number): Promise<void> {
    const line = `blocked_clients:${count}\r\n`
    const isSo = async () => String(await this.admin('INFO', 'clients')).includes(line)
    await waitFor(isSo, {everyMs: 1, what: `${count} blocked clients`})
  }

  async run(scenario: Scenario): Promise<unknown> {
    await this.admin('FLUSHALL')
    await this.admin('FUNCTION', 'FLUSH')
    await this.admin('SCRIPT', 'FLUSH')
    const cleaning: (() => unknown)[] = []
    const server = this
    try {
      return await scenario({
        port: this.port,
        unixsocket: this.unixsocket,
        admin: (...command) => this.admin(...command),
        blocked: (count) => this.blocked(count),
        defer: (clean) => cleaning.push(clean),
        async restart() {
          const {port} = server
          await server.close()
          await server.open(port)
        },
      })
    } finally {
      for (const clean of cleaning.reverse()) await clean()
    }
  }
}

/** @param settings - of both servers, as in redis.conf */
export function itScenarios(
  scenarios: Readonly<Record<string, Scenario>>,
  settings: Readonly<Record<string, string>> = {},
): void {
  const folder = temporaryFolder('clients')
  const [theirSocket, ourSocket] = [join(folder, 'real.sock'), join(folder, 'node.sock')]
  // Timeouts and expiry are looked after in rounds; with quicker ones less is waited for.
  const given = {'enable-debug-command': 'yes', hz: '100', ...settings}
  const real = new Server(theirSocket, (port): Promise<RedisNode> => {
    const args = Object.entries({...given, unixsocket: theirSocket}).flatMap(([name, value]) => [`--${name}`, value])
    return startRedis({args, ...(port !== undefined && {port})})
  })
  const embedded = new Server(ourSocket, (port): Promise<StartedNode> => {
    return startNode({settings: {...given, unixsocket: ourSocket}, ...(port !== undefined && {port})})
  })
  beforeAll(() => Promise.all([real.open(), embedded.open()]))
  afterAll(() => Promise.all([real.close(), embedded.close()]))
  it.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await expectSame([
      ['redis-server', () => real.run(scenario)],
      ['the embedded node', () => embedded.run(scenario)],
    ])
  })
}

/** Runs all at once; the first is the one to be like. A scenario that fails says where. */
export async function expectSame(runs: readonly [where: string, run: () => Promise<unknown>][]): Promise<void> {
  const outcomes = await Promise.allSettled(runs.map(([, run]) => run()))
  outcomes.forEach((outcome, index) => {
    if (outcome.status === 'rejected') throw new Error(`fails at ${runs[index]![0]}`, {cause: outcome.reason})
  })
  const [expected, ...others] = outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value)
  expect(expected, 'a scenario tells what it saw').toBeDefined()
  for (const seen of others) expect(seen).toStrictEqual(expected)
}

/** The class and the message of what a promise is rejected with; for a failure that is expected. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    return `no failure: ${JSON.stringify(await promise)}`
  } catch (error) {
    const {message, name} = error as Error
    const kind = (error as Error).constructor.name
    return `${kind === name ? kind : `${kind} (${name})`}: ${message}`
  }
}
