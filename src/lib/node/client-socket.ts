import type {Socket} from 'node:net'
import type {Client} from '../server/client.js'
import type {Server} from '../server/server.js'

/** A socket with this much unsent output is not read from until the peer has taken it. */
const UNSENT_BYTES_MAX = 1024 * 1024
/** A parked client may send this much ahead. */
const PARKED_BYTES_MAX = 256 * 1024

/** Binds a connection to its `Client`: bytes in, one write per chunk out, nothing read that cannot be answered. */
export class ClientSocket {
  readonly client: Client
  private readonly socket: Socket
  private readonly server: Server
  private readonly onGone: (client: ClientSocket) => void
  private isPaused = false
  private isGone = false
  /** Since when unsent output has been above the soft limit; 0 = it is not. Unix milliseconds. */
  private softLimitSinceMs = 0

  constructor(socket: Socket, client: Client, server: Server, onGone: (client: ClientSocket) => void) {
    this.socket = socket
    this.client = client
    this.server = server
    this.onGone = onGone
    socket.on('data', (chunk) => this.onData(chunk))
    socket.on('drain', () => this.onDrain())
    socket.on('end', () => this.close(false))
    socket.on('error', () => this.close(false))
    socket.on('close', () => this.close(false))
  }

  private onData(chunk: Buffer): void {
    this.server.stats.inputBytes += chunk.length
    this.client.feed(chunk, chunk.length, Date.now())
    this.afterTurn()
  }

  /** Runs what waited: after a park, a throttled batch, or on behalf of another client. */
  resume(): void {
    if (this.isGone) return
    this.client.process(Date.now())
    this.afterTurn()
  }

  private afterTurn(): void {
    this.flush()
    const {client} = this
    if (client.throttled && !this.isGone && this.socket.writableLength <= UNSENT_BYTES_MAX)
      setImmediate(() => this.resume())
    this.adjustReading()
  }

  /** Sends what has gathered. */
  flush(): void {
    const {client, socket} = this
    if (this.isGone) return
    if (client.reply.out !== '') {
      const out = client.reply.take()
      this.server.stats.outputBytes += out.length
      socket.write(out, 'latin1')
      client.unsentBytes = socket.writableLength
      if (client.unsentBytes !== 0 && this.isOverLimit(Date.now())) {
        this.server.effects.log(
          'warning',
          `Client id=${client.id} addr=${client.address} closed for overcoming of output buffer limits.`,
        )
        this.close(false)
        return
      }
    }
    if (client.closing) this.close(true)
  }

  private onDrain(): void {
    this.client.unsentBytes = 0
    this.softLimitSinceMs = 0
    if (this.client.throttled) this.resume()
    else this.adjustReading()
  }

  private adjustReading(): void {
    const {client, socket} = this
    if (this.isGone) return
    const mustWait =
      client.throttled ||
      client.unsentBytes > UNSENT_BYTES_MAX ||
      (client.parked && client.queryBufferBytes > PARKED_BYTES_MAX)
    if (mustWait === this.isPaused) return
    this.isPaused = mustWait
    if (mustWait) socket.pause()
    else socket.resume()
  }

  private isOverLimit(nowMs: number): boolean {
    const {hardBytes, softBytes, softSeconds} = this.server.config.values.clientOutputBufferLimit.normal
    const {unsentBytes} = this.client
    if (hardBytes > 0 && unsentBytes >= hardBytes) return true
    if (softBytes === 0 || unsentBytes < softBytes) {
      this.softLimitSinceMs = 0
      return false
    }
    if (this.softLimitSinceMs === 0) this.softLimitSinceMs = nowMs
    return nowMs - this.softLimitSinceMs > softSeconds * 1000
  }

  /** About every second: idle and slow clients are closed. */
  cron(nowMs: number): void {
    const {client} = this
    const {timeout} = this.server.config.values
    if (timeout > 0 && !client.parked && nowMs - client.lastInteractionMs > timeout * 1000) {
      this.server.effects.log('verbose', 'Closing idle client')
      this.close(false)
    } else if (client.unsentBytes > 0) {
      client.unsentBytes = this.socket.writableLength
      if (this.isOverLimit(nowMs)) this.close(false)
    }
  }

  /** Safe to call twice. @param afterOutput - lets the kernel take what was written first */
  close(afterOutput: boolean): void {
    if (this.isGone) return
    this.isGone = true
    if (afterOutput) {
      this.socket.end()
      // A peer that keeps sending or never closes must not keep the descriptor.
      this.socket.destroySoon()
    } else this.socket.destroy()
    this.onGone(this)
  }
}
