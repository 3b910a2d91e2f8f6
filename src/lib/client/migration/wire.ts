import {connect as connectTcp, isIP, type Socket} from 'node:net'
import {connect as connectTls} from 'node:tls'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {isSocketPath, renderAddress} from '../../model/address.js'
import {encodeCommand, toWireText} from '../../protocol/resp/encode-command.js'
import type {ConnectOptions} from '../connect-options.js'
import {NodeReplyError} from '../reply-error.js'
import {ReplyReader, type WireReply} from './reply-reader.js'

/** A command in latin1 text: one character per byte. */
export type WireCommand = readonly string[]

/**
 * What the migration needs of a node: whole batches of commands in one write. The engine's tests put a scripted node in
 * its place.
 */
export interface Wire {
  readonly name: string
  /**
   * Sends all commands in one write, shared by what else is sent in this turn of the event loop; batches are answered in the order they were sent.
   *
   * @param timeoutMs - bound on silence while replies are owed; the wire's own otherwise
   * @returns one reply per command, error replies in their place
   * @throws {CliError} UNREACHABLE or TIMED_OUT; then some commands may have run, and the wire is closed
   */
  send(commands: readonly WireCommand[], timeoutMs?: number): Promise<WireReply[]>
  close(): void
}

interface Batch {
  readonly commandCount: number
  readonly timeoutMs: number
  readonly replies: WireReply[]
  resolve(replies: WireReply[]): void
  reject(error: Error): void
}

/**
 * One connection that carries slots and keys.
 *
 * Not ioredis: a window of slots is hundreds of commands and thousands of keys, and a promise and a Buffer for each of
 * them costs more than the nodes' own work. Everything but the migration goes through `NodeConnection`.
 */
export class SocketWire implements Wire {
  readonly name: string
  private readonly reader = new ReplyReader()
  private readonly owed: Batch[] = []
  private unsent = ''
  private failure: CliError | undefined
  private silence: NodeJS.Timeout | undefined
  /** When the last bytes came, or replies began to be owed. */
  private heardAt = 0

  constructor(
    address: Address,
    private readonly socket: Socket,
    private readonly timeoutMs: number,
  ) {
    this.name = renderAddress(address)
    socket.on('data', (chunk) => this.onData(chunk))
    socket.on('error', (error) => this.fail(new CliError('UNREACHABLE', `${this.name}: ${messageOf(error)}`)))
    socket.on('close', () => this.fail(new CliError('UNREACHABLE', `${this.name} closed the connection`)))
  }

  send(commands: readonly WireCommand[], timeoutMs = this.timeoutMs): Promise<WireReply[]> {
    if (this.failure) return Promise.reject(this.failure)
    if (commands.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      // First: if there is no string that long, nothing is owed.
      const text = this.unsent + commands.map(encodeCommand).join('')
      this.owed.push({commandCount: commands.length, timeoutMs, replies: [], resolve, reject})
      if (this.owed.length === 1) this.heardAt = performance.now()
      this.watchSilence(timeoutMs)
      // What several ask for in one turn of the event loop goes out as one: a write costs more than what it carries.
      if (this.unsent === '') setImmediate(() => this.flush())
      this.unsent = text
    })
  }

  close(): void {
    this.fail(new CliError('UNREACHABLE', `the connection to ${this.name} is closed`))
  }

  private flush(): void {
    const text = this.unsent
    this.unsent = ''
    if (!this.failure) this.socket.write(text, 'latin1')
  }

  private onData(chunk: Buffer): void {
    try {
      this.reader.push(chunk)
      for (let reply = this.reader.next(); reply !== undefined; reply = this.reader.next()) this.onReply(reply)
    } catch (error) {
      this.fail(new CliError('UNREACHABLE', `${this.name}: ${messageOf(error)}`))
      return
    }
    this.heardAt = performance.now()
  }

  private onReply(reply: WireReply): void {
    const batch = this.owed[0]
    if (!batch) throw new Error('a reply nobody asked for')
    batch.replies.push(reply)
    if (batch.replies.length < batch.commandCount) return
    this.owed.shift()
    batch.resolve(batch.replies)
  }

  /** One timer that looks how long it has been quiet: setting one anew for each chunk would cost more than the chunk. */
  private watchSilence(waitMs: number): void {
    this.silence ??= setTimeout(() => {
      this.silence = undefined
      const owed = this.owed[0]
      if (!owed) return
      const quietMs = performance.now() - this.heardAt
      if (quietMs < owed.timeoutMs) this.watchSilence(owed.timeoutMs - quietMs)
      else this.fail(new CliError('TIMED_OUT', `${this.name} did not answer within ${owed.timeoutMs} ms`))
    }, waitMs)
  }

  private fail(error: CliError): void {
    if (this.failure) return
    this.failure = error
    clearTimeout(this.silence)
    this.socket.destroy()
    for (const batch of this.owed.splice(0)) batch.reject(error)
  }
}

/**
 * Connects and logs in.
 *
 * @param tlsName - the node's announced hostname, which its certificate is checked against
 * @throws {CliError} UNREACHABLE, TIMED_OUT or AUTH_FAILED
 */
export async function connectWire(address: Address, options: ConnectOptions, tlsName?: string): Promise<SocketWire> {
  const {password, username} = options
  const name = renderAddress(address)
  const socket = await openSocket(address, options, tlsName)
  const wire = new SocketWire(address, socket, options.timeoutMs)
  if (password === undefined) return wire
  const login = [...(username === undefined ? [] : [username]), password].map(toWireText)
  const [reply] = await wire.send([['AUTH', ...login]])
  if (reply instanceof NodeReplyError && !/no password is set|without any password configured/.test(reply.message)) {
    wire.close()
    throw new CliError('AUTH_FAILED', `${name} refused the user name or password`, {details: {address: name}})
  }
  return wire
}

/** @throws {CliError} UNREACHABLE, TIMED_OUT */
export function openSocket(
  address: Address,
  {timeoutMs, tls}: ConnectOptions,
  tlsName: string | undefined,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // SNI carries names only; without one, an address is checked against the certificate by itself.
    const servername = tls?.servername ?? (tlsName !== undefined && isIP(tlsName) === 0 ? tlsName : undefined)
    const local = isSocketPath(address)
    const socket =
      tls && !local
        ? connectTls({
            ...address,
            ...(tls.ca !== undefined && {ca: tls.ca}),
            ...(tls.cert !== undefined && {cert: tls.cert}),
            ...(tls.key !== undefined && {key: tls.key}),
            ...(servername !== undefined && {servername}),
            rejectUnauthorized: !tls.insecure,
          })
        : connectTcp(local ? {path: address.host} : {...address})
    const name = renderAddress(address)
    const fail = (error: CliError) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const onError = (error: Error) => fail(new CliError('UNREACHABLE', `${name}: ${messageOf(error)}`))
    const timer = setTimeout(
      () => fail(new CliError('TIMED_OUT', `${name} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    socket.setNoDelay(true)
    socket.once('error', onError)
    socket.once(tls && !local ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', onError)
      resolve(socket)
    })
  })
}
