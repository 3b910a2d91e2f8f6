import {connect, type Socket} from 'node:net'
import {CliError, messageOf} from '../kernel/errors.js'
import {type Address, renderAddress} from '../model/address.js'
import {encodeCommand} from '../protocol/resp/encode-command.js'
import {type Reply, ReplyParser} from '../protocol/resp/reply-parser.js'

/** A connection that was closed: by the node, by a failure, or here. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed'
}

/**
 * A connection whose replies are what the node said, of every kind that RESP2 and RESP3 know. For a person who types commands: nothing
 * is bounded in time but the connecting, nothing is repeated, and pushes are told from replies.
 */
export class RawConnection {
  /** What comes by itself under RESP3. While it is undefined such messages are taken for replies. */
  onPush: ((push: Reply) => void) | undefined
  private readonly parser = new ReplyParser()
  private readonly replies: Reply[] = []
  private failure: ConnectionClosed | undefined
  private wake: (() => void) | undefined

  private constructor(
    readonly address: Address,
    private readonly socket: Socket,
  ) {
    socket.setNoDelay()
    socket.on('data', (chunk) => this.onData(chunk))
    socket.on('error', (error) => this.fail(messageOf(error)))
    socket.on('close', () => this.fail('Server closed the connection'))
  }

  /** @throws {CliError} UNREACHABLE, TIMED_OUT */
  static open(address: Address, timeoutMs: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({host: address.host, port: address.port})
      const end = (error: CliError) => {
        clearTimeout(timer)
        socket.destroy()
        reject(error)
      }
      const name = renderAddress(address)
      const timer = setTimeout(() => {
        end(new CliError('TIMED_OUT', `${name} did not accept a connection within ${timeoutMs} ms`))
      }, timeoutMs)
      const onError = (error: Error) =>
        end(new CliError('UNREACHABLE', `${name} cannot be reached: ${messageOf(error)}`))
      socket.once('error', onError)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', onError)
        resolve(new RawConnection(address, socket))
      })
    })
  }

  get isOpen(): boolean {
    return this.failure === undefined
  }

  /** Sends commands in one write; each has one `reply`, unless it is of a kind that has several. Binary strings. */
  send(...commands: readonly (readonly string[])[]): void {
    if (this.isOpen) this.socket.write(commands.map(encodeCommand).join(''), 'latin1')
  }

  /**
   * The next reply, however long it takes. Not to be called again before it is there.
   *
   * @throws {ConnectionClosed}
   */
  async reply(): Promise<Reply> {
    for (;;) {
      const first = this.replies.shift()
      if (first) return first
      if (this.failure) throw this.failure
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  /** Calling it again does nothing. */
  close(): void {
    this.fail('closed')
  }

  private onData(chunk: Uint8Array): void {
    try {
      this.parser.push(chunk)
      for (let reply = this.parser.next(); reply; reply = this.parser.next()) {
        if (reply.kind === 'push' && this.onPush) this.onPush(reply)
        else this.replies.push(reply)
      }
    } catch (error) {
      this.fail(`Protocol error, ${messageOf(error)}`)
    }
    this.wake?.()
  }

  private fail(reason: string): void {
    this.failure ??= new ConnectionClosed(reason)
    this.socket.destroy()
    this.wake?.()
  }
}
