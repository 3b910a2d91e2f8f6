import {connect, type Socket} from 'node:net'
import {type LinkShape, OPEN_LINK} from './link-table.js'
import {ShapedFlow} from './shaped-flow.js'

/** What goes through: the opening of the connection, bytes, and its end, in that order. */
type Piece = Buffer | 'end' | 'open' | 'reset'

/**
 * A connection that somebody opened to a node, and the one that is opened to the node for it. Each direction is shaped
 * for itself; that somebody ended or broke the connection is told to the other as late as bytes would be.
 *
 *     dialer --inward--> relay --outward--> node        forth
 *     dialer <--inward-- relay <--outward-- node        back
 *
 * In a silent direction the source is left unread: the sender is held up by TCP, and nothing grows here. But a connection
 * that was not let through yet is read, so that a dialer who gave up is noticed: nobody else knows of it.
 */
export class Relay {
  /** When the first bytes were handed to the node, by the system's monotonic clock, ns. */
  arrivedNs: bigint | undefined
  private outward: Socket | undefined
  private readonly forth = new ShapedFlow<Piece>((piece) => this.deliverForth(piece))
  private readonly back = new ShapedFlow<Piece>((piece) => this.deliverBack(piece))
  private forthShape = OPEN_LINK
  private backShape = OPEN_LINK
  private isOpened = false
  private closed = false

  constructor(
    private readonly inward: Socket,
    private readonly target: {readonly host: string; readonly port: number; readonly localAddress: string},
    private readonly onClosed: () => void,
  ) {
    inward.on('error', () => undefined).once('close', () => this.closeIfUnopened())
  }

  /** Once: begins to forward, or to hold. */
  open(): void {
    if (this.closed) return
    this.isOpened = true
    this.listen(this.inward, this.forth)
    this.push(this.forth, 'open')
  }

  private closeIfUnopened(): void {
    if (!this.isOpened) this.close()
  }

  shape(forth: LinkShape, back: LinkShape): void {
    if (this.closed) return
    const isReset = (forth.reset && !this.forthShape.reset) || (back.reset && !this.backShape.reset)
    this.forthShape = forth
    this.backShape = back
    if (isReset && this.isOpened) {
      this.reset()
      return
    }
    this.forth.shape(forth)
    this.back.shape(back)
    this.forgetIfDone()
    this.steer()
  }

  /** Breaks it for both. */
  reset(): void {
    this.inward.resetAndDestroy()
    this.outward?.resetAndDestroy()
    this.close()
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.forth.close()
    this.back.close()
    this.inward.destroy()
    this.outward?.destroy()
    this.onClosed()
  }

  private listen(source: Socket, flow: ShapedFlow<Piece>): void {
    source
      .setNoDelay(true)
      .on('data', (chunk: Buffer) => this.push(flow, chunk))
      .on('end', () => this.push(flow, 'end'))
      .on('error', () => this.push(flow, 'reset'))
      .on('close', () => {
        if (this.inward.destroyed && this.outward?.destroyed) this.close()
      })
  }

  private push(flow: ShapedFlow<Piece>, piece: Piece): void {
    if (this.closed) return
    const isForth = flow === this.forth
    // Who gave up before the node heard of it leaves nothing to tell.
    const isForgotten = isForth && !this.outward && (piece === 'end' || piece === 'reset')
    if ((isForth ? this.forthShape : this.backShape).reset) this.reset()
    else if (isForgotten) this.close()
    else {
      flow.push(piece, typeof piece === 'string' ? 0 : piece.length)
      this.steer()
    }
  }

  private deliverForth(piece: Piece): boolean {
    if (piece === 'open') {
      this.dial()
      return false
    }
    return this.deliver(piece, this.outward as Socket)
  }

  private deliverBack(piece: Piece): boolean {
    return this.deliver(piece, this.inward)
  }

  private dial(): void {
    const outward = connect({...this.target, allowHalfOpen: true})
    this.outward = outward
    outward.once('connect', () => this.forth.goOn())
    outward.on('drain', () => this.goOn(this.forth))
    this.inward.on('drain', () => this.goOn(this.back))
    this.listen(outward, this.back)
  }

  private goOn(flow: ShapedFlow<Piece>): void {
    flow.goOn()
    if (!this.closed) this.steer()
  }

  private deliver(piece: Piece, sink: Socket): boolean {
    if (sink.destroyed) {
      // Its break is on its way in the other direction.
      if (piece === 'end' || piece === 'reset') setImmediate(() => this.forgetIfDone())
      return true
    }
    if (piece === 'reset') sink.resetAndDestroy()
    else if (piece === 'end') {
      sink.end()
      setImmediate(() => this.forgetIfDone())
    } else if (piece !== 'open') {
      if (sink !== this.outward || this.arrivedNs !== undefined) return sink.write(piece)
      return sink.write(piece, () => {
        this.arrivedNs ??= process.hrtime.bigint()
      })
    }
    return true
  }

  /** One side is done, and what the other still says cannot reach it: else each of many tries would be kept. */
  private forgetIfDone(): void {
    if (this.closed || !this.outward) return
    const isForthOver = this.outward.writableEnded || this.outward.destroyed
    const isBackOver = this.inward.writableEnded || this.inward.destroyed
    if (
      (isForthOver && this.inward.readableEnded && this.back.isSilent) ||
      (isBackOver && this.outward.readableEnded && this.forth.isSilent)
    ) {
      this.outward.destroySoon()
      this.inward.destroySoon()
    }
  }

  private steer(): void {
    if (this.closed) return
    steerSource(this.inward, !this.forth.isFull && !(this.forth.isSilent && this.outward))
    if (this.outward) steerSource(this.outward, !this.back.isFull && !this.back.isSilent)
  }
}

function steerSource(source: Socket, isRead: boolean): void {
  if (isRead === !source.isPaused()) return
  if (isRead) source.resume()
  else source.pause()
}
