import type {Client} from '../../src/lib/server/client.js'
import {encodeRequest} from '../support/raw-resp.js'
import {Rig} from '../unit/server/rig.js'
import {Fault, must} from './target.js'

/** A node in this process, asked as a client asks, that must answer each command with one well-formed reply. */
export class FuzzedServer {
  readonly rig: Rig
  private client: Client
  /** Commands since the last FLUSHALL, to be shown with a fault. */
  private history: (readonly string[])[] = []

  constructor(settings = '') {
    this.rig = new Rig(`enable-debug-command yes\n${settings}`)
    this.client = this.rig.connect()
  }

  /** @returns the reply as it came @throws Fault for what no client may ever see, a bug in the log among it */
  call(...argv: readonly string[]): string {
    if (argv[0] === 'FLUSHALL') this.history = []
    this.history.push(argv)
    const bytes = encodeRequest(argv)
    this.client.feed(Buffer.from(bytes, 'latin1'), bytes.length, this.rig.nowMs)
    const reply = this.client.reply.take()
    const shown = () => JSON.stringify(argv.map((word) => word.slice(0, 80)))
    for (const line of this.rig.log) if (line.includes('Bug in')) throw new Fault(`${line}\n  ${shown()}`)
    this.rig.log.length = 0
    must(!this.client.closing, () => `the connection is closed after ${shown()}`)
    must(!this.client.parked, () => `blocked by ${shown()}`)
    must(strictEnd(reply, 0) === reply.length, () => `${shown()} answers ${JSON.stringify(reply.slice(0, 200))}`)
    return reply
  }

  /** The bytes of a bulk reply; undefined for any other. */
  bulk(...argv: readonly string[]): string | undefined {
    const reply = this.call(...argv)
    return reply.startsWith('$') && !reply.startsWith('$-') ? reply.slice(reply.indexOf('\n') + 1, -2) : undefined
  }

  /** What `run` does, with the commands that led there in what it throws. */
  explain<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const lines = this.history.map(
        (argv) => `\n    ${argv.map((word) => JSON.stringify(word.slice(0, 60))).join(' ')}`,
      )
      throw new Fault(`${error instanceof Fault ? error.message : error.stack}\n  after${lines.join('')}`)
    }
  }

  /** Another connection: what a client has queued, watched or said is gone. */
  reconnect(): void {
    this.rig.server.removeClient(this.client)
    this.client = this.rig.connect()
  }
}

const LINE = /[^\r\n]*\r\n/y
const INTEGER = /^-?\d{1,20}$/
const COUNT = /^(?:-1|0|[1-9]\d*)$/

/** Where the RESP2 reply that begins at `at` ends; -1 if it is none. */
function strictEnd(text: string, at: number): number {
  LINE.lastIndex = at + 1
  const line = LINE.exec(text)?.[0].slice(0, -2)
  if (line === undefined) return -1
  const next = at + 1 + line.length + 2
  switch (text[at]) {
    case '+':
    case '-':
      return next
    case ':':
      return INTEGER.test(line) ? next : -1
    case '$': {
      if (!COUNT.test(line)) return -1
      const end = line === '-1' ? next : next + Number(line) + 2
      return line === '-1' || text.startsWith('\r\n', end - 2) ? end : -1
    }
    case '*': {
      let end = COUNT.test(line) ? next : -1
      for (let left = Number(line); left > 0 && end >= 0; left--) end = strictEnd(text, end)
      return end
    }
    default:
      return -1
  }
}
