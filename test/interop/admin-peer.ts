import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {parseReply, type Reply} from '../unit/server/commands-server/harness.js'

/** A connection to a real server that shows replies as they came, byte by byte. */
export class RawPeer {
  private readonly socket: Socket
  private received = ''
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.received += text
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  /** For commands that answer nothing. */
  send(argv: readonly string[]): void {
    this.socket.write(wire(argv), 'latin1')
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({host: '127.0.0.1', port})
    await once(socket, 'connect')
    return new RawPeer(socket)
  }

  /** The raw replies of all commands; a PING behind them marks the end, so their form need not be known. */
  async raw(...commands: (readonly string[])[]): Promise<string> {
    this.received = ''
    const mark = `end of ${commands.length} replies`
    this.socket.write([...commands, ['ECHO', mark]].map(wire).join(''), 'latin1')
    const end = `$${mark.length}\r\n${mark}\r\n`
    while (!this.received.endsWith(end)) await once(this.socket, 'data')
    return this.received.slice(0, -end.length)
  }

  async call(argv: readonly string[]): Promise<Reply> {
    return parseReply(await this.raw(argv))
  }

  close(): void {
    this.socket.destroy()
  }
}

export function wire(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** `a "b c" ""` -> three words. */
export function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!)
}
