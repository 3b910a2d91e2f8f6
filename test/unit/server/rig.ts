import {seededRng} from '../../../src/lib/kernel/rng.js'
import {readLuaModule} from '../../../src/lib/node/lua-file.js'
import type {Client} from '../../../src/lib/server/client.js'
import {Config} from '../../../src/lib/server/config/config.js'
import {loadConfig} from '../../../src/lib/server/config/load.js'
import type {ServerEffects} from '../../../src/lib/server/effects.js'
import type {ReplicationEffects} from '../../../src/lib/server/replication/link-effects.js'
import type {ScriptEffects} from '../../../src/lib/server/scripting/script-effects.js'
import {Server} from '../../../src/lib/server/server.js'

/** A pure server with a clock that stands still until it is moved, and effects that only remember. */
export class Rig {
  nowMs = 1_700_000_000_000
  readonly log: string[] = []
  readonly server: Server
  /** Clients to go on, as the shell's loop would. */
  private readonly resumed: Client[] = []
  private readonly later: (() => void)[] = []

  /** @param settings - lines of redis.conf @param seed - of ids and all else that is chance */
  constructor(settings = '', seed = 7) {
    const config = new Config()
    loadConfig(config, settings, () => [])
    this.server = new Server({config, effects: this.effects(), nowMs: this.nowMs, processId: 1, rng: seededRng(seed)})
  }

  connect(): Client {
    return this.server.addClient({address: '127.0.0.1:50000', localAddress: '127.0.0.1:6379', nowMs: this.nowMs})
  }

  /** Sends command lines, blanks separate words; returns the raw replies to all of them. */
  run(client: Client, ...lines: string[]): string {
    const text = lines.map((line) => `${line}\r\n`).join('')
    client.feed(Buffer.from(text, 'latin1'), text.length, this.nowMs)
    return client.reply.take()
  }

  /** What the loop does between two chunks. @returns what `client` is sent meanwhile */
  turn(client: Client): string {
    for (const run of this.later.splice(0)) run()
    for (const one of this.resumed.splice(0)) one.process(this.nowMs)
    return client.reply.take()
  }

  private effects(): ServerEffects & ReplicationEffects & ScriptEffects {
    return {
      abortShutdown: () => false,
      closeClient: () => undefined,
      configChanged: () => undefined,
      cpu: () => ({system: 0, user: 0}),
      exchange: () => undefined,
      flush: () => undefined,
      luaModule: readLuaModule,
      log: (level, text) => this.log.push(`${level} ${text}`),
      memory: () => ({heapTotal: 0, heapUsed: 0, peakRss: 0, rss: 0}),
      monotonicUs: () => this.nowMs * 1000,
      nowMs: () => this.nowMs,
      openLink: () => ({close: () => undefined, send: () => undefined}),
      readAclFile: () => '',
      readConfigFile: () => undefined,
      resume: (client) => this.resumed.push(client),
      shutdown: () => undefined,
      soon: (run) => this.later.push(run),
      sleep: () => undefined,
      unixUs: () => this.nowMs * 1000 + 5,
      writeAclFile: () => undefined,
      writeConfigFile: () => undefined,
    }
  }
}
