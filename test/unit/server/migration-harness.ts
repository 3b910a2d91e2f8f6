import {seededRng} from '../../../src/lib/kernel/rng.js'
import type {Client} from '../../../src/lib/server/client.js'
import {Config} from '../../../src/lib/server/config/config.js'
import type {PeerExchange, PeerResult, ServerEffects} from '../../../src/lib/server/effects.js'
import {Server} from '../../../src/lib/server/server.js'

export const START_MS = 1_700_000_000_000

/** A pure server whose clock, peers and wake-ups are the test's. */
export class Harness {
  nowMs = START_MS
  readonly exchanges: PeerExchange[] = []
  readonly server: Server
  private readonly resumed: Client[] = []

  constructor(settings: {clusterEnabled?: boolean} = {}) {
    const config = new Config()
    Object.assign(config.values, settings)
    const nothing = (): void => {}
    const effects: ServerEffects = {
      abortShutdown: () => false,
      closeClient: nothing,
      configChanged: nothing,
      cpu: () => ({system: 0, user: 0}),
      exchange: (request) => this.exchanges.push(request),
      flush: nothing,
      log: nothing,
      memory: () => ({heapTotal: 0, heapUsed: 0, peakRss: 0, rss: 0}),
      monotonicUs: () => this.nowMs * 1000,
      nowMs: () => this.nowMs,
      unixUs: () => this.nowMs * 1000,
      readAclFile: () => '',
      readConfigFile: () => undefined,
      resume: (client) => this.resumed.push(client),
      shutdown: nothing,
      sleep: nothing,
      writeAclFile: () => undefined,
      writeConfigFile: nothing,
    }
    this.server = new Server({config, effects, nowMs: START_MS, processId: 1, rng: seededRng(1)})
  }

  connect(): Client {
    return this.server.addClient({address: '127.0.0.1:1', localAddress: '127.0.0.1:2', nowMs: this.nowMs})
  }

  /** Sends commands in one chunk; returns what is answered at once. */
  send(client: Client, ...commands: readonly (readonly string[])[]): string {
    const text = commands.map(wire).join('')
    const bytes = Buffer.from(text, 'latin1')
    client.feed(bytes, bytes.length, this.nowMs)
    return client.reply.take()
  }

  /** Lets clients that were woken go on, as the shell does from the event loop. */
  wake(): void {
    for (const client of this.resumed.splice(0)) client.process(this.nowMs)
  }

  /** Answers the exchange that is waiting. */
  answer(result: PeerResult): void {
    this.exchanges.shift()!.done(result)
    this.wake()
  }

  replies(...replies: readonly string[]): void {
    this.answer({kind: 'replies', replies})
  }
}

export function wire(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((argument) => `$${argument.length}\r\n${argument}\r\n`).join('')}`
}
