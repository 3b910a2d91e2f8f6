import type {Rng} from '../../src/lib/kernel/rng.js'
import type {EventQueue} from './event-queue.js'

/**
 * The network between simulated machines: TCP as seen from inside a process.
 *
 *   dial --SYN--> accept --SYN/ACK--> open          cut: SYNs are retried after 1, 2, 4 ... s, then given up
 *   write --FIFO, in pieces--> data                 cut: the bytes wait, and come late once the link heals
 *   close --FIFO--> closed                          dead peer: nothing comes back, or a RST much later
 *
 * Each direction of each connection keeps its order whatever happens; across connections nothing is ordered. A message
 * travels either as bytes (cut at random points and glued again) or, to save time, as the object itself.
 */
export type Item<M> = {readonly kind: 'bytes'; readonly bytes: Buffer} | {readonly kind: 'message'; readonly message: M}

export interface SocketHandlers<M> {
  onOpen(): void
  onItem(item: Item<M>): void
  onClose(): void
}

/** One process that can be reached: set while it runs, gone when it dies. */
export interface Listener<M> {
  readonly machine: number
  accept(socket: Socket<M>): SocketHandlers<M>
}

/** How links behave in this run. All chances are per event, 0..1; times in virtual ms. */
export interface LinkModel {
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  readonly refuseChance: number
  /** A SYN is lost. */
  readonly hangChance: number
  /** A write is cut into pieces that travel on their own. */
  readonly splitChance: number
  /** A dying process leaves its peers without FIN; a RST comes only if they write to it again. */
  readonly halfOpenChance: number
  /** Until the FIN or RST of a dead process goes out. */
  readonly resetDelayMaxMs: number
}

export interface Socket<M> {
  readonly remoteIp: string
  readonly localIp: string
  write(item: Item<M>): void
  /** No handler is called after this. Closing twice is safe. */
  close(): void
}

interface Pipe<M> {
  readonly from: number
  readonly to: number
  readonly items: (Item<M> | 'fin')[]
  lastArrivalMs: number
  stalled: boolean
}

interface End<M> extends Socket<M> {
  readonly machine: number
  handlers: SocketHandlers<M> | undefined
  out: Pipe<M>
  peer: End<M> | undefined
}

export class Network<M> {
  private readonly listeners = new Map<string, Listener<M>>()
  private readonly ends = new Set<End<M>>()
  private readonly cuts = new Set<number>()
  private readonly off = new Set<number>()
  private readonly slow = new Map<number, number>()
  /** Items handed to a process so far: the liveness checks bound their growth. */
  delivered = 0

  constructor(
    private readonly queue: EventQueue,
    private readonly rng: Rng,
    private model: LinkModel,
  ) {}

  setModel(model: LinkModel): void {
    this.model = model
  }

  listen(ip: string, port: number, listener: Listener<M>): void {
    this.listeners.set(`${ip}:${port}`, listener)
  }

  unlisten(ip: string, port: number, listener: Listener<M>): void {
    if (this.listeners.get(`${ip}:${port}`) === listener) this.listeners.delete(`${ip}:${port}`)
  }

  isCut(from: number, to: number): boolean {
    return this.cuts.has(from * 1000 + to)
  }

  cut(from: number, to: number): void {
    this.cuts.add(from * 1000 + to)
  }

  /** What waited behind the cut comes now, after one more retransmission timeout. */
  heal(from: number, to: number): void {
    if (this.cuts.delete(from * 1000 + to)) this.resume((pipe) => pipe.from === from && pipe.to === to)
  }

  healAll(): void {
    this.cuts.clear()
    this.slow.clear()
    this.resume(() => true)
  }

  /** Adds to the latency of one direction; 0 takes it away. */
  slowDown(from: number, to: number, extraMs: number): void {
    this.slow.set(from * 1000 + to, extraMs)
  }

  /** A machine without power answers nothing, not even with a RST. */
  setPower(machine: number, on: boolean): void {
    if (on) this.off.delete(machine)
    else this.off.add(machine)
  }

  dial(machine: number, localIp: string, ip: string, port: number, handlers: SocketHandlers<M>): Socket<M> {
    const end = this.end(machine, localIp, ip)
    end.handlers = handlers
    this.ends.add(end)
    const isRefused = this.rng.chance(this.model.refuseChance)
    this.queue.after(this.latency(machine, machine), () => this.knock(end, ip, port, isRefused, 1000))
    return end
  }

  /** The process on this machine is gone: its sockets die as the model says. */
  kill(machine: number): void {
    for (const end of [...this.ends]) {
      if (end.machine !== machine) continue
      end.handlers = undefined
      if (this.off.has(machine) || this.rng.chance(this.model.halfOpenChance)) {
        end.out.items.length = 0
        continue
      }
      const delayMs = this.rng.below(this.model.resetDelayMaxMs + 1)
      this.queue.after(delayMs, () => this.enqueue(end, 'fin'))
    }
  }

  private end(machine: number, localIp: string, remoteIp: string): End<M> {
    const end: End<M> = {
      close: () => {
        if (!end.handlers) return
        end.handlers = undefined
        this.enqueue(end, 'fin')
        this.ends.delete(end)
      },
      handlers: undefined,
      localIp,
      machine,
      out: {from: machine, items: [], lastArrivalMs: 0, stalled: false, to: machine},
      peer: undefined,
      remoteIp,
      write: (item) => {
        if (!end.handlers) return
        if (item.kind === 'bytes' && this.rng.chance(this.model.splitChance)) this.writePieces(end, item.bytes)
        else this.enqueue(end, item)
      },
    }
    return end
  }

  /** One SYN; a lost one is sent again after 1, 2, 4 ... s, as kernels do. */
  private knock(end: End<M>, ip: string, port: number, isRefused: boolean, retryMs: number): void {
    if (!end.handlers) return
    const listener = this.listeners.get(`${ip}:${port}`)
    if (this.rng.chance(this.model.hangChance) || (listener && !this.isReachable(end.machine, listener.machine))) {
      if (retryMs > 64_000) this.drop(end)
      else this.queue.after(retryMs, () => this.knock(end, ip, port, isRefused, retryMs * 2))
    } else if (!listener || isRefused) {
      this.queue.after(this.latency(end.machine, end.machine), () => this.drop(end))
    } else {
      this.connect(end, listener, ip)
    }
  }

  /** A connection needs both directions. */
  private isReachable(from: number, to: number): boolean {
    return !this.isCut(from, to) && !this.isCut(to, from) && !this.off.has(to)
  }

  private connect(end: End<M>, listener: Listener<M>, ip: string): void {
    const accepted = this.end(listener.machine, ip, end.localIp)
    end.out = {...end.out, to: listener.machine}
    accepted.out = {...accepted.out, to: end.machine}
    end.peer = accepted
    accepted.peer = end
    this.ends.add(accepted)
    accepted.handlers = listener.accept(accepted)
    this.queue.after(this.latency(listener.machine, end.machine), () => end.handlers?.onOpen())
  }

  private drop(end: End<M>): void {
    const {handlers} = end
    end.handlers = undefined
    this.ends.delete(end)
    handlers?.onClose()
  }

  private writePieces(end: End<M>, bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      // Short pieces at the head, where lengths are: that is where framing bugs live.
      const size = this.rng.chance(0.5) ? 1 + this.rng.below(12) : 1 + this.rng.below(bytes.length)
      this.enqueue(end, {bytes: bytes.subarray(at, at + size), kind: 'bytes'})
      at += size
    }
  }

  private enqueue(end: End<M>, item: Item<M> | 'fin'): void {
    const {out} = end
    if (!end.peer) return
    out.items.push(item)
    if (!out.stalled) this.schedule(end)
  }

  private schedule(end: End<M>): void {
    const {out} = end
    const arrivalMs = Math.max(out.lastArrivalMs, this.queue.nowMs + this.latency(out.from, out.to))
    out.lastArrivalMs = arrivalMs
    this.queue.after(arrivalMs - this.queue.nowMs, () => this.arrive(end))
  }

  private arrive(end: End<M>): void {
    const {out, peer} = end
    if (out.stalled || out.items.length === 0 || !peer) return
    if (this.isCut(out.from, out.to) || this.off.has(out.to)) {
      out.stalled = true
      return
    }
    let item = out.items.shift() as Item<M> | 'fin'
    const next = out.items[0]
    if (
      item !== 'fin' &&
      item.kind === 'bytes' &&
      next &&
      next !== 'fin' &&
      next.kind === 'bytes' &&
      this.rng.chance(0.2)
    ) {
      out.items.shift()
      item = {bytes: Buffer.concat([item.bytes, next.bytes]), kind: 'bytes'}
    }
    if (item === 'fin') {
      this.drop(peer)
      return
    }
    if (peer.handlers) {
      this.delivered++
      peer.handlers.onItem(item)
      return
    }
    // Nobody reads there any more: the machine answers with a RST, and what was under way is lost.
    if (end.handlers) this.queue.after(this.latency(out.to, out.from), () => this.drop(end))
  }

  private resume(chosen: (pipe: Pipe<M>) => boolean): void {
    for (const end of this.everyEnd()) {
      const {out} = end
      if (!out.stalled || !chosen(out) || this.isCut(out.from, out.to)) continue
      out.stalled = false
      out.lastArrivalMs = this.queue.nowMs + this.rng.below(1000)
      for (let count = out.items.length; count > 0; count--) this.schedule(end)
    }
  }

  /** Ends that closed live on as the peers of open ones while their last bytes are under way. */
  private everyEnd(): Set<End<M>> {
    const every = new Set<End<M>>()
    for (const end of this.ends) {
      every.add(end)
      if (end.peer) every.add(end.peer)
    }
    return every
  }

  private latency(from: number, to: number): number {
    const {latencyMaxMs, latencyMinMs} = this.model
    const extraMs = this.slow.get(from * 1000 + to) ?? 0
    return latencyMinMs + (latencyMaxMs - latencyMinMs) * (this.rng.below(1000) / 1000) + extraMs
  }
}
