import {connect} from 'node:net'
import type {PeerExchange, PeerResult} from '../server/effects.js'
import type {Dial} from './dial.js'
import type {PeerSocket} from './peer-socket.js'

/**
 * Outgoing sockets of MIGRATE (wire.md 5): requests go out in chunks while the loop serves others, one status line comes
 * back per request, and sockets are kept for the next time.
 *
 *   exchange -> idle socket of host:port, else a new one -> chunks, as the peer takes them -> lines -> done, socket idle
 *
 * A socket serves one exchange at a time. An exchange that fails before any reply, and not for lack of time, is tried
 * once more on a fresh socket: a kept one may have been closed by the peer meanwhile.
 */

const CHUNK_LENGTH = 64 * 1024
const IDLE_SOCKETS_MAX = 64
const IDLE_MS = 10_000
/** A peer that sends this much without ending its line is no Redis. */
const LINE_LENGTH_MAX = 64 * 1024
const PORT_MAX = 65535

interface IdleSocket {
  readonly socket: PeerSocket
  readonly address: string
  /** Closes the socket; cleared when it is taken. */
  readonly timer: NodeJS.Timeout
  readonly onGone: () => void
}

export class MigrateClient {
  /** Least recently used first. */
  private readonly idle = new Set<IdleSocket>()
  private readonly running = new Set<Exchange>()
  private closed = false
  private readonly dial: Dial

  constructor(dial: Dial = connect) {
    this.dial = dial
  }

  /** Runs one exchange; `request.done` is called exactly once, later, also after {@link close}. */
  exchange(request: PeerExchange): void {
    this.attempt(request, true)
  }

  /** Ends every socket. Exchanges under way fail with what was acknowledged so far. */
  close(): void {
    this.closed = true
    for (const entry of this.idle) this.drop(entry)
    for (const exchange of this.running) exchange.fail(false)
  }

  get idleCount(): number {
    return this.idle.size
  }

  private attempt(request: PeerExchange, mayRetry: boolean): void {
    const {host, port} = request
    if (this.closed || host === '' || port < 0 || port > PORT_MAX) {
      setImmediate(() => request.done({kind: 'failed', stage: 'connect', replies: []}))
      return
    }
    const socket = (mayRetry ? this.takeIdle(request) : undefined) ?? this.dial({host, port}).setNoDelay()
    const exchange = new Exchange(socket, request, (result, timedOut) => {
      this.running.delete(exchange)
      if (result.kind === 'replies') this.keep(socket, addressOf(request))
      else if (mayRetry && !timedOut && exchange.wasConnected && result.replies.length === 0) {
        this.attempt(request, false)
        return
      }
      request.done(result)
    })
    this.running.add(exchange)
    exchange.start()
  }

  private takeIdle(request: PeerExchange): PeerSocket | undefined {
    const address = addressOf(request)
    for (const entry of this.idle) {
      if (entry.address !== address) continue
      this.forget(entry)
      return entry.socket.ref()
    }
    return undefined
  }

  private keep(socket: PeerSocket, address: string): void {
    if (this.closed || socket.destroyed) {
      socket.destroy()
      return
    }
    for (const oldest of this.idle) {
      if (this.idle.size < IDLE_SOCKETS_MAX) break
      this.drop(oldest)
    }
    const onGone = (): void => this.drop(entry)
    const timer = setTimeout(onGone, IDLE_MS).unref()
    const entry: IdleSocket = {address, onGone, socket, timer}
    // Anything that comes now is nobody's reply: the socket is out of step.
    socket.unref().on('data', onGone).on('close', onGone).on('error', onGone)
    this.idle.add(entry)
  }

  private forget(entry: IdleSocket): void {
    clearTimeout(entry.timer)
    this.idle.delete(entry)
    entry.socket.off('data', entry.onGone).off('close', entry.onGone).off('error', entry.onGone)
  }

  private drop(entry: IdleSocket): void {
    this.forget(entry)
    entry.socket.on('error', () => {}).destroy()
  }
}

function addressOf({host, port}: PeerExchange): string {
  return `${host}:${port}`
}

/** One request on one socket. Calls `settle` exactly once, never from within `start`. */
class Exchange {
  private stage: 'connect' | 'write' | 'read'
  private readonly replies: string[] = []
  /** What has come of the line not yet ended. */
  private tail = ''
  /** How much of the payload was handed to the socket. */
  private written = 0
  private timer: NodeJS.Timeout | undefined
  private settled = false
  wasConnected: boolean

  constructor(
    private readonly socket: PeerSocket,
    private readonly request: PeerExchange,
    private readonly settle: (result: PeerResult, timedOut: boolean) => void,
  ) {
    this.wasConnected = !socket.connecting
    this.stage = socket.connecting ? 'connect' : 'write'
  }

  start(): void {
    const {socket} = this
    socket.on('data', this.onData).on('drain', this.write).on('close', this.onClose).on('error', this.onError)
    this.progress()
    if (socket.connecting) socket.once('connect', this.write)
    else setImmediate(this.write)
  }

  fail(timedOut: boolean): void {
    const {replies, stage} = this
    this.socket.on('error', () => {}).destroy()
    this.end({kind: 'failed', replies, stage}, timedOut)
  }

  /** Each step towards the end grants the peer another timeout. */
  private progress(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.fail(true), this.request.timeoutMs)
  }

  private readonly onClose = (): void => this.fail(false)

  /** redis-server notices a refused connection only when it writes, and says so; a name it cannot resolve at once. */
  private readonly onError = (error: NodeJS.ErrnoException): void => {
    if (this.stage === 'connect' && error.syscall !== 'getaddrinfo') this.stage = 'write'
    this.fail(false)
  }

  private readonly write = (): void => {
    if (this.settled) return
    const {payload} = this.request
    this.stage = 'write'
    this.wasConnected = true
    this.progress()
    let takesMore = true
    while (takesMore && this.written < payload.length) {
      const chunk = payload.slice(this.written, this.written + CHUNK_LENGTH)
      this.written += chunk.length
      takesMore = this.socket.write(chunk, 'latin1')
    }
    if (this.written === payload.length && takesMore) this.stage = 'read'
  }

  private readonly onData = (chunk: Buffer): void => {
    const {replies, request} = this
    this.progress()
    const text = this.tail + chunk.toString('latin1')
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      replies.push(text.slice(start, text.charCodeAt(end - 1) === 13 ? end - 1 : end))
      start = end + 1
    }
    this.tail = text.slice(start)
    const isComplete = replies.length >= request.replyCount
    // More than was asked for, or an answer to what was not sent yet: the stream is out of step.
    const isOutOfStep =
      replies.length > request.replyCount || (isComplete && (this.stage !== 'read' || this.tail !== ''))
    if (isOutOfStep || this.tail.length > LINE_LENGTH_MAX) this.fail(false)
    else if (isComplete) this.end({kind: 'replies', replies}, false)
  }

  private end(result: PeerResult, timedOut: boolean): void {
    if (this.settled) return
    this.settled = true
    clearTimeout(this.timer)
    const {socket} = this
    socket.off('data', this.onData).off('drain', this.write).off('connect', this.write)
    socket.off('close', this.onClose).off('error', this.onError)
    this.settle(result, timedOut)
  }
}
