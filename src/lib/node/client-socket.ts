import {Socket, type SocketConstructorOpts} from 'node:net'
import {type Client, SPECIAL_MONITOR, SPECIAL_REPLICA, SPECIAL_SUBSCRIBED} from '../server/client.js'
import type {OutputLimit} from '../server/config/special.js'
import type {Server} from '../server/server.js'
import type {NodeClock} from './node-clock.js'
import type {OutputGate} from './output-gate.js'

/** A socket with this much unsent output is not read from until the peer has taken it, unless a limit above is set. */
const UNSENT_BYTES_MAX = 1024 * 1024
/** A parked client may send this much ahead. */
const PARKED_BYTES_MAX = 256 * 1024

const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

type HandleHolder = Socket & {_handle?: object | null}

interface InPlaceOptions {
  readonly handle: object
  readonly onread: {
    readonly buffer: Uint8Array
    /** @returns false to stop reading */
    readonly callback: (length: number, buffer: Uint8Array) => boolean
  }
}

/** What all connections of a node share. */
export interface SocketSurroundings {
  readonly clock: NodeClock
  readonly gate: OutputGate
  readonly onGone: (client: ClientSocket) => void
}

/** Who has had a turn since the loop's last round. */
let outbox: ClientSocket[] = []

/** Lets everybody who has had a turn send, or wait at the gate. */
export function emptyOutbox(): void {
  const turn = outbox
  outbox = []
  for (const socket of turn) socket.finishTurn()
}

/** Binds a connection to its `Client`: bytes in, one write per chunk out, nothing read that cannot be answered. */
export class ClientSocket {
  readonly client: Client
  private readonly socket: Socket
  private readonly server: Server
  private readonly clock: NodeClock
  private readonly gate: OutputGate
  private readonly onGone: (client: ClientSocket) => void
  private isPaused = false
  private isQueued = false
  private isGone = false
  /** Waits at the gate with all its output. */
  private isHeld = false
  /** What the gate lets out first. */
  private sealed = ''
  private isWriting = false
  private writesUnderWay = 0
  /** Bytes of each write that the kernel has not taken yet, in order. */
  private readonly lengthsUnderWay: number[] = []
  private writingLength = 0
  /** One function for all writes of this socket; called at once when the kernel took everything. */
  private readonly onWritten = (error?: Error | null): void => {
    this.writesUnderWay--
    // One that is taken at once may overtake the news of those before it.
    const length = this.isWriting ? this.writingLength : this.lengthsUnderWay.shift()
    if (error) {
      if (!this.isWriting) this.close(false)
      else setImmediate(() => this.close(false))
    } else if (this.writesUnderWay === 0) {
      this.client.unsentBytes = 0
      if (!this.isWriting) this.onDrain()
    } else {
      this.client.unsentBytes -= length ?? 0
    }
  }

  /** Since when unsent output has been above the soft limit; 0 = it is not. Unix milliseconds. */
  private softLimitSinceMs = 0

  /** @param isRaw - the connection's bytes are the client's: no TLS between them */
  constructor(
    accepted: Socket,
    client: Client,
    server: Server,
    {clock, gate, onGone}: SocketSurroundings,
    isRaw: boolean,
  ) {
    const socket = isRaw ? this.readInPlace(accepted) : this.readChunks(accepted)
    this.socket = socket
    this.client = client
    this.server = server
    this.clock = clock
    this.gate = gate
    this.onGone = onGone
    socket.on('end', () => this.close(false))
    socket.on('error', () => this.close(false))
    socket.on('close', () => this.close(false))
  }

  /**
   * Makes the connection read into one buffer shared by all clients. A chunk is used up before the next read, so nothing
   * has to be allocated for it; Node offers this at the construction of a socket only, hence the second socket object
   * around the accepted handle. Where the handle cannot be had, chunks come as usual.
   */
  private readInPlace(accepted: Socket): Socket {
    const handle = (accepted as HandleHolder)._handle
    if (handle === undefined || handle === null) return this.readChunks(accepted)
    ;(accepted as HandleHolder)._handle = null
    const options: InPlaceOptions = {
      handle,
      onread: {
        buffer: READ_BUFFER,
        callback: (length, buffer) => {
          this.onData(buffer, length)
          return true
        },
      },
    }
    return new Socket(options as SocketConstructorOpts)
  }

  private readChunks(accepted: Socket): Socket {
    accepted.on('data', (chunk) => this.onData(chunk, chunk.length))
    return accepted
  }

  private onData(bytes: Uint8Array, length: number): void {
    const {stats} = this.server
    stats.inputBytes += length
    stats.reads++
    this.client.feed(bytes, length, this.clock.nowMs())
    this.afterTurn()
  }

  /** Output came from elsewhere. */
  flushSoon(): void {
    this.afterTurn()
  }

  /** Runs what waited: after a park, a throttled batch, or on behalf of another client. */
  resume(): void {
    if (this.isGone) return
    this.client.process(this.clock.nowMs())
    this.afterTurn()
  }

  /**
   * Answers leave at the end of the loop's turn, all clients' together: a peer that serves many connections is woken once
   * instead of once per answer, which costs both sides less than the writing itself.
   */
  private afterTurn(): void {
    if (this.isQueued) return
    this.isQueued = true
    if (outbox.push(this) === 1) setImmediate(emptyOutbox)
  }

  /** Called for everybody in the outbox. */
  finishTurn(): void {
    this.isQueued = false
    this.flush()
    const {client} = this
    if (client.throttled && !this.isGone && !this.isHeld && client.unsentBytes <= this.unsentBytesMax()) {
      setImmediate(() => this.resume())
    }
    this.adjustReading()
  }

  /** Sends what has gathered, or waits at the gate with it. */
  flush(): void {
    const {client} = this
    if (this.isGone) return
    if (this.gate.isShut) {
      if (!this.isHeld && (client.reply.out !== '' || client.closing)) {
        this.isHeld = true
        this.gate.hold(this)
      }
      return
    }
    if (client.reply.out !== '' && !this.send(client.reply.take())) return
    if (client.closing) this.close(true)
  }

  /** What has gathered until now is to leave with the next `letOut`. */
  seal(): void {
    this.isHeld = false
    this.sealed += this.client.reply.take()
  }

  /** What was sealed leaves; the gate may be shut for what came since. */
  letOut(): void {
    const {client, sealed} = this
    this.sealed = ''
    if (this.isGone) return
    if (sealed !== '' && !this.send(sealed)) return
    if (client.closing && client.reply.out === '') this.close(true)
    else this.finishTurn()
  }

  /** The gate is open. */
  goOn(): void {
    this.isHeld = false
    this.finishTurn()
  }

  /** @returns whether the client takes enough of its output to go on */
  private send(out: string): boolean {
    const {client} = this
    this.server.stats.outputBytes += out.length
    this.server.stats.writes++
    this.write(out)
    if (client.unsentBytes === 0 || !this.isOverLimit(this.clock.nowMs())) return true
    this.server.effects.log(
      'warning',
      `Client id=${client.id} addr=${client.address} closed for overcoming of output buffer limits.`,
    )
    this.close(false)
    return false
  }

  /**
   * Past the stream's own queue and its bookkeeping, which cost as much as a command: the kernel takes nearly every answer
   * at once, and what it does not take libuv keeps in order.
   */
  private write(out: string): void {
    this.client.unsentBytes += out.length
    this.writesUnderWay++
    this.isWriting = true
    this.writingLength = out.length
    const before = this.writesUnderWay
    this.socket._write(out, 'latin1', this.onWritten)
    this.isWriting = false
    if (this.writesUnderWay === before) this.lengthsUnderWay.push(out.length)
  }

  private onDrain(): void {
    this.client.unsentBytes = 0
    this.softLimitSinceMs = 0
    this.client.onDrain?.()
    if (this.client.throttled) this.resume()
    else this.adjustReading()
  }

  private adjustReading(): void {
    const {client, socket} = this
    if (this.isGone) return
    const mustWait =
      client.throttled ||
      (client.unsentBytes > UNSENT_BYTES_MAX && client.unsentBytes > this.unsentBytesMax()) ||
      (client.parked && client.queryBufferBytes > PARKED_BYTES_MAX)
    if (mustWait === this.isPaused) return
    this.isPaused = mustWait
    if (mustWait) socket.pause()
    else socket.resume()
  }

  /** Waiting below the hard limit would keep a client from ever reaching it, and from being closed as it asks for. */
  private unsentBytesMax(): number {
    const {hardBytes} = this.outputLimit()
    return Math.max(hardBytes, UNSENT_BYTES_MAX)
  }

  private outputLimit(): OutputLimit {
    const {normal, pubsub, replica} = this.server.config.values.clientOutputBufferLimit
    const {special} = this.client
    if ((special & SPECIAL_REPLICA) !== 0) return replica
    return (special & SPECIAL_SUBSCRIBED) === 0 ? normal : pubsub
  }

  private isOverLimit(nowMs: number): boolean {
    const {hardBytes, softBytes, softSeconds} = this.outputLimit()
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
    const listens = (client.special & (SPECIAL_SUBSCRIBED | SPECIAL_MONITOR | SPECIAL_REPLICA)) !== 0
    if (timeout > 0 && !client.parked && !listens && nowMs - client.lastInteractionMs > timeout * 1000) {
      this.server.effects.log('verbose', 'Closing idle client')
      this.close(false)
    } else if (client.unsentBytes > 0 && this.isOverLimit(nowMs)) {
      this.close(false)
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
