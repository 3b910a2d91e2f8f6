import {seededRng} from '../../../../src/lib/kernel/rng.js'
import type {Client} from '../../../../src/lib/server/client.js'
import {Config} from '../../../../src/lib/server/config/config.js'
import {loadConfig} from '../../../../src/lib/server/config/load.js'
import type {ServerEffects} from '../../../../src/lib/server/effects.js'
import type {ReplicationEffects} from '../../../../src/lib/server/replication/link-effects.js'
import {Server} from '../../../../src/lib/server/server.js'

export const START_MS = 1_700_000_000_000

/** A reply in plain values: errors and statuses keep their sign, so that they differ from strings. */
export type Reply = string | number | null | Reply[]

/** A pure server that records what it asks of the world. */
export class AdminHarness {
  nowMs = START_MS
  /** `close 3`, `close 1 after reply`, `sleep 10`, `shutdown {...}`, `config timeout,hz`. */
  readonly asked: string[] = []
  readonly log: string[] = []
  file: string | undefined
  aclFile: string | undefined
  readonly server: Server
  private nextPort = 1000

  /** @param settings - lines of redis.conf */
  constructor(settings = '') {
    const config = new Config()
    loadConfig(config, settings, () => [])
    this.server = new Server({config, effects: this.effects(), nowMs: START_MS, processId: 7, rng: seededRng(1)})
  }

  private effects(): ServerEffects & ReplicationEffects {
    return {
      abortShutdown: () => false,
      closeClient: (client, afterReply) => this.asked.push(`close ${client.id}${afterReply ? ' after reply' : ''}`),
      configChanged: (names) => this.asked.push(`config ${names.join(',')}`),
      cpu: () => ({system: 1.5, user: 2.25}),
      exchange: () => undefined,
      flush: () => undefined,
      log: (level, text) => this.log.push(`${level} ${text}`),
      memory: () => ({heapTotal: 2_000_000, heapUsed: 2_000_000, peakRss: 9_000_000, rss: 8_000_000}),
      monotonicUs: () => this.nowMs * 1000,
      nowMs: () => this.nowMs,
      openLink: () => ({close: () => undefined, send: () => undefined}),
      readAclFile: () => {
        if (this.aclFile === undefined) throw new Error('No such file or directory')
        return this.aclFile
      },
      readConfigFile: () => this.file,
      resume: (client) => client.process(this.nowMs),
      shutdown: (options, onFailed) => {
        this.asked.push(`shutdown ${JSON.stringify(options)}`)
        if (options.save) onFailed('ERR Errors trying to SHUTDOWN. Check logs.')
      },
      soon: () => undefined,
      sleep: (ms) => this.asked.push(`sleep ${ms}`),
      unixUs: () => this.nowMs * 1000,
      writeAclFile: (text) => {
        this.aclFile = text
      },
      writeConfigFile: (text) => {
        this.file = text
      },
    }
  }

  connect(host = '127.0.0.1'): Client {
    const address = `${host}:${this.nextPort++}`
    return this.server.addClient({address, localAddress: '127.0.0.1:6379', nowMs: this.nowMs})
  }

  /** Sends one command; `words` are separated by blanks, an array passes them as they are. */
  send(client: Client, command: string | readonly string[]): string {
    const argv = typeof command === 'string' ? command.split(' ') : command
    const text = `*${argv.length}\r\n${argv.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
    client.feed(Buffer.from(text, 'latin1'), text.length, this.nowMs)
    return client.reply.take()
  }

  call(client: Client, command: string | readonly string[]): Reply {
    return parseReply(this.send(client, command))
  }
}

/** One whole RESP2 reply. @throws RangeError if there is more to come */
export function parseReply(text: string): Reply {
  let at = 0
  const line = (): string => {
    const end = text.indexOf('\r\n', at)
    if (end < 0) throw new RangeError('cut short')
    const found = text.slice(at, end)
    at = end + 2
    return found
  }
  const read = (): Reply => {
    const head = line()
    const rest = head.slice(1)
    if (head.startsWith(':')) return Number(rest)
    if (head.startsWith('$')) {
      if (rest === '-1') return null
      const found = text.slice(at, at + Number(rest))
      at += Number(rest) + 2
      if (at > text.length) throw new RangeError('cut short')
      return found
    }
    if (head.startsWith('*')) return rest === '-1' ? null : Array.from({length: Number(rest)}, read)
    return head
  }
  return read()
}
