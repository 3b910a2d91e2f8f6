import {connect, type Socket} from 'node:net'

/**
 * A connection that shows replies as the bytes they are, for comparing two servers.
 *
 * Requests and replies are binary strings.
 */
export class RawConnection {
  private readonly socket: Socket
  private received = ''
  private wake: (() => void) | undefined
  private isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay()
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.wake?.()
    })
    const onEnd = (): void => {
      this.isClosed = true
      this.wake?.()
    }
    socket.on('close', onEnd)
    socket.on('error', onEnd)
  }

  static open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new RawConnection(socket))
      })
    })
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1')
  }

  get closed(): boolean {
    return this.isClosed
  }

  /** Sends all commands in one write; resolves to the raw reply of each. */
  async batch(commands: readonly (readonly string[])[]): Promise<string[]> {
    this.send(commands.map(encodeRequest).join(''))
    return await this.replies(commands.length)
  }

  /** Sends one command whose reply may come at any time: see {@link arrived}. */
  post(command: readonly string[]): void {
    this.send(encodeRequest(command))
  }

  /** The replies that are there, without waiting for any. */
  arrived(): string[] {
    const found: string[] = []
    for (let end = replyEnd(this.received, 0); end !== undefined; end = replyEnd(this.received, 0)) {
      found.push(this.received.slice(0, end))
      this.received = this.received.slice(end)
    }
    return found
  }

  async call(...command: string[]): Promise<string> {
    const [reply] = await this.batch([command])
    return reply!
  }

  /** @throws if the connection ends or nothing comes for five seconds */
  async replies(count: number): Promise<string[]> {
    const found: string[] = []
    while (found.length < count) {
      const end = replyEnd(this.received, 0)
      if (end !== undefined) {
        found.push(this.received.slice(0, end))
        this.received = this.received.slice(end)
        continue
      }
      if (this.isClosed) throw new Error(`connection closed after ${found.length} of ${count} replies`)
      await this.more()
    }
    return found
  }

  /** Everything until the peer closes. */
  async rest(): Promise<string> {
    while (!this.isClosed) await this.more()
    return this.received
  }

  private more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no more bytes; so far ${JSON.stringify(this.received)}`)), 5000)
      this.wake = () => {
        clearTimeout(timer)
        this.wake = undefined
        resolve()
      }
    })
  }

  close(): void {
    this.socket.destroy()
  }
}

export function encodeRequest(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((one) => `$${one.length}\r\n${one}\r\n`).join('')}`
}

/** Where the reply that begins at `at` ends; undefined if it is not whole. */
export function replyEnd(text: string, at: number): number | undefined {
  const lineEnd = text.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const next = lineEnd + 2
  const count = Number(text.slice(at + 1, lineEnd))
  switch (text[at]) {
    case '$':
    case '=':
    case '!':
      if (count < 0) return next
      return text.length >= next + count + 2 ? next + count + 2 : undefined
    case '*':
    case '~':
    case '>':
      return skip(text, next, count)
    case '%':
    case '|':
      return skip(text, next, count * 2)
    default:
      return next
  }
}

function skip(text: string, from: number, count: number): number | undefined {
  let at: number | undefined = from
  for (let i = 0; i < count && at !== undefined; i++) at = replyEnd(text, at)
  return at
}
