import {EventEmitter} from 'node:events'
import type {Socket} from 'node:net'
import type {Rng} from '../../kernel/rng.js'
import {Lane} from '../../server/faults/lane.js'
import type {Condition, Conditions} from '../../server/faults/rules.js'
import type {PeerSocket} from '../peer-socket.js'

/** A sender waits while this much is under way. */
const OUT_BYTES_MAX = 1024 * 1024
/** The system keeps what comes beyond. */
const IN_BYTES_MAX = 4 * 1024 * 1024

interface Written {
  readonly data: string | Uint8Array
  readonly encoding: BufferEncoding | undefined
}

type Arrived =
  | {readonly kind: 'data'; readonly chunk: Buffer}
  | {readonly kind: 'end'}
  | {readonly kind: 'close'; readonly error: Error | undefined}

/**
 * A connection that this node opens, with the faults between it and the peer. It sits under framing: a message may be cut in
 * two by a fault, and its rest comes when the fault is over.
 *
 *   owner -- write --> out lane --> socket        socket --> in lane -- data, end, close --> owner
 *
 * Without faults both lanes are clear and calls go straight through.
 *
 * - dropped: nothing is written or read. A connect hangs (it is begun once the fault is over); the end of the connection is
 *   not told, to either side. Only what comes back dropped: the connect succeeds.
 * - reset: a connect is refused, a connection torn down, seen by both sides.
 * - Closed by its owner, it first carries over what it was given; while dropped, when the fault is over.
 */
export class FaultSocket extends EventEmitter implements PeerSocket {
  private socket: Socket | undefined
  private readonly outLane: Lane<Written>
  private readonly inLane: Lane<Arrived>
  private isRefused = false
  /** The owner knows that it is connected. */
  private isOpen = false
  /** The owner knows of its end, or has brought it about. */
  private isOver = false
  /** When the owner may know that it is connected; undefined: it is not. */
  private openMs: number | undefined
  private error: Error | undefined
  private isDrainWanted = false
  private timer: NodeJS.Timeout | undefined
  private hasNoDelay = false
  private isUnref = false
  /** By its owner. */
  private isPaused = false

  /**
   * @param dial - opens the connection; called once at most
   * @param onGone - nothing is left to do; may be called again
   */
  constructor(
    private readonly dial: () => Socket,
    {in: inward, out: outward}: Conditions,
    rng: Rng,
    private readonly onGone: () => void,
  ) {
    super()
    this.outLane = new Lane(rng)
    this.inLane = new Lane(rng)
    this.outLane.condition = outward
    this.inLane.condition = inward
    if (isReset(inward) || isReset(outward)) this.refuse()
    else this.openIfPossible()
  }

  /** The faults have changed. Nothing is told to the owner within this call. */
  govern({in: inward, out: outward}: Conditions): void {
    this.inLane.condition = inward
    this.outLane.condition = outward
    if (isReset(inward) || isReset(outward)) {
      this.refuse()
      return
    }
    this.openIfPossible()
    this.letRead()
    this.arm()
  }

  private openIfPossible(): void {
    if (this.socket !== undefined || this.isOver || this.outLane.isDropped) return
    let socket: Socket
    try {
      socket = this.dial()
    } catch (error) {
      this.fail(error as Error)
      return
    }
    this.socket = socket
    if (this.hasNoDelay) socket.setNoDelay(true)
    if (this.isUnref) socket.unref()
    socket.on('connect', () => {
      this.openMs = performance.now() + this.outLane.transitMs() + this.inLane.transitMs()
      this.pump()
    })
    socket.on('data', (chunk) => this.receive(chunk))
    socket.on('drain', () => this.tellDrain())
    socket.on('end', () => this.arrive({kind: 'end'}, 0))
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => this.onSocketClosed())
    this.letRead()
  }

  private refuse(): void {
    if (this.isRefused) return
    this.isRefused = true
    const code = this.isOpen ? 'ECONNRESET' : 'ECONNREFUSED'
    const syscall = this.isOpen ? 'read' : 'connect'
    this.tearDown()
    this.outLane.clear()
    this.inLane.clear()
    this.fail(Object.assign(new Error(`${syscall} ${code}`), {code, syscall}))
  }

  /** The peer is told so, where the system can. */
  private tearDown(): void {
    const {socket} = this
    if (socket === undefined) return
    if (socket.connecting || 'encrypted' in socket) socket.destroy()
    else socket.resetAndDestroy()
  }

  private fail(error: Error): void {
    if (this.isOver) this.goIfDone()
    else setImmediate(() => this.finish(error))
  }

  private receive(chunk: Buffer): void {
    if (this.inLane.isClear && !this.isOver) this.emit('data', chunk)
    else this.arrive({chunk, kind: 'data'}, chunk.length)
  }

  private arrive(what: Arrived, byteCount: number): void {
    if (this.isOver) return
    if (this.inLane.isClear) {
      this.deliver(what)
      return
    }
    this.inLane.push(what, byteCount, performance.now())
    this.letRead()
    this.arm()
  }

  private onSocketClosed(): void {
    this.outLane.clear()
    if (this.isOver) this.goIfDone()
    else if (!this.isRefused) this.arrive({error: this.error, kind: 'close'}, 0)
  }

  private deliver(what: Arrived): void {
    if (what.kind === 'data') this.emit('data', what.chunk)
    else if (what.kind === 'end') this.emit('end')
    else this.finish(what.error)
  }

  private finish(error: Error | undefined): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.timer)
    if (error !== undefined) this.emit('error', error)
    this.emit('close')
    this.goIfDone()
  }

  /** A socket that is paused tells neither of data nor of its end. */
  private letRead(): void {
    const {inLane, socket} = this
    if (socket === undefined) return
    const mustWait = this.isPaused || inLane.isDropped || inLane.byteCount > IN_BYTES_MAX
    if (mustWait === socket.isPaused()) return
    if (mustWait) socket.pause()
    else socket.resume()
  }

  private arm(): void {
    clearTimeout(this.timer)
    const dueMs = this.nextDueMs()
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.timer = setTimeout(() => this.pump(), Math.max(0, Math.ceil(dueMs - performance.now())))
  }

  /** When `pump` has something to do; infinite: not before something else happens. */
  private nextDueMs(): number {
    const {inLane, openMs, outLane} = this
    const never = Number.POSITIVE_INFINITY
    if (outLane.isDropped) return this.isOver ? never : (inLane.nextDueMs ?? never)
    // Empty, it is closed now.
    if (this.isOver) return this.isLingering ? (outLane.nextDueMs ?? 0) : never
    const outMs = this.isOpen ? outLane.nextDueMs : openMs
    return Math.min(outMs ?? never, inLane.nextDueMs ?? never)
  }

  /** Carries over what is due, both ways. */
  private pump(): void {
    const nowMs = performance.now()
    this.tellOpen(nowMs)
    this.pumpOut(nowMs)
    while (!this.isOver) {
      const arrived = this.inLane.take(nowMs)
      if (arrived === undefined) break
      this.deliver(arrived)
    }
    this.letRead()
    this.arm()
  }

  private tellOpen(nowMs: number): void {
    const {openMs, outLane} = this
    if (this.isOpen || this.isOver || openMs === undefined || outLane.isDropped) return
    // Without faults it is told at once.
    const isLate = openMs <= nowMs || (outLane.condition ?? this.inLane.condition) === undefined
    if (!isLate) return
    this.isOpen = true
    this.emit('connect')
  }

  private pumpOut(nowMs: number): void {
    const {outLane, socket} = this
    if (socket === undefined || !(this.isOpen || this.isOver)) return
    for (let next = outLane.take(nowMs); next !== undefined; next = outLane.take(nowMs)) {
      if (!socket.write(next.data, next.encoding)) this.isDrainWanted = true
    }
    if (this.isLingering && outLane.isEmpty && !outLane.isDropped) socket.destroySoon()
    else if (!socket.writableNeedDrain) this.tellDrain()
  }

  private tellDrain(): void {
    if (!this.isDrainWanted || !this.outLane.isEmpty || this.isOver) return
    this.isDrainWanted = false
    this.emit('drain')
  }

  /** Its owner has closed it, and there is still something to carry over. */
  private get isLingering(): boolean {
    return this.isOver && this.socket !== undefined && !this.socket.destroyed
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    if (this.isOver) return false
    const {outLane, socket} = this
    if (this.isOpen && socket !== undefined && outLane.isClear) {
      const takesMore = socket.write(data, encoding)
      if (!takesMore) this.isDrainWanted = true
      return takesMore
    }
    outLane.push({data, encoding}, data.length, performance.now())
    this.arm()
    if (outLane.byteCount <= OUT_BYTES_MAX) return true
    this.isDrainWanted = true
    return false
  }

  /** Nothing is told any more but `close`. */
  destroy(): this {
    if (this.isOver) return this
    this.isOver = true
    setImmediate(() => this.emit('close'))
    this.inLane.clear()
    const {outLane, socket} = this
    if (socket !== undefined && (!this.isOpen || (outLane.isEmpty && !outLane.isDropped))) socket.destroy()
    this.arm()
    this.goIfDone()
    return this
  }

  /** The node ends: nothing is waited for. */
  end(): void {
    this.isOver = true
    clearTimeout(this.timer)
    this.socket?.destroy()
  }

  private goIfDone(): void {
    if (this.isLingering) return
    clearTimeout(this.timer)
    this.onGone()
  }

  /** What is between may arrive still. */
  pause(): this {
    this.isPaused = true
    this.letRead()
    return this
  }

  resume(): this {
    this.isPaused = false
    this.letRead()
    return this
  }

  get connecting(): boolean {
    return !this.isOpen && !this.isOver
  }

  get destroyed(): boolean {
    return this.isOver
  }

  get writableLength(): number {
    return this.outLane.byteCount + (this.socket?.writableLength ?? 0)
  }

  get localAddress(): string | undefined {
    return this.socket?.localAddress
  }

  get remoteAddress(): string | undefined {
    return this.socket?.remoteAddress
  }

  setNoDelay(isOn = true): this {
    this.hasNoDelay = isOn
    this.socket?.setNoDelay(isOn)
    return this
  }

  setKeepAlive(isOn: boolean, delayMs: number): this {
    this.socket?.setKeepAlive(isOn, delayMs)
    return this
  }

  ref(): this {
    this.isUnref = false
    this.socket?.ref()
    return this
  }

  unref(): this {
    this.isUnref = true
    this.socket?.unref()
    return this
  }
}

function isReset(condition: Condition | undefined): boolean {
  return condition?.reset === true
}
