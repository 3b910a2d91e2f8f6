import type {Rng} from '../../../../src/lib/kernel/rng.js'
import type {Client} from '../../../../src/lib/server/client.js'
import type {PeerLinkSocket} from '../../../../src/lib/server/crdt/peers/effects.js'
import type {LinkEvents} from '../../../../src/lib/server/replication/link-effects.js'
import type {SystemNode} from './system-node.js'

interface Piece {
  readonly atMs: number
  readonly text: string
}

interface Line {
  readonly from: SystemNode
  readonly to: SystemNode
  readonly client: Client
  readonly events: LinkEvents
  readonly outgoing: Piece[]
  readonly incoming: Piece[]
  isOpen: boolean
  isClosed: boolean
}

/** Connections between clients' ports: bytes in order, in pieces, late; cut between regions, or broken at any moment. */
export class Lines {
  latencyMaxMs = 10
  private readonly lines: Line[] = []
  private readonly cuts = new Set<string>()
  private readonly held = new Set<number>()

  constructor(
    private readonly rng: Rng,
    private readonly nowMs: () => number,
    private readonly nodeAt: (host: string, port: number) => SystemNode | undefined,
  ) {}

  open(from: SystemNode, host: string, port: number, events: LinkEvents): PeerLinkSocket {
    const to = this.nodeAt(host, port)
    if (to === undefined || this.isCut(from, to)) {
      from.later(() => events.onClose(`connect ECONNREFUSED ${host}:${port}`))
      return {close: () => undefined, goOn: () => undefined, hold: () => undefined, send: () => undefined}
    }
    const client = to.connect()
    const line: Line = {client, events, from, incoming: [], isClosed: false, isOpen: false, outgoing: [], to}
    this.lines.push(line)
    return {
      close: () => this.close(line, false),
      goOn: () => undefined,
      // All that comes counts as read.
      hold: () => undefined,
      send: (text) => this.post(line.outgoing, text),
    }
  }

  /** Both ways; what stands between the two regions breaks. */
  cut(a: number, b: number): void {
    this.cuts.add(`${a}-${b}`).add(`${b}-${a}`)
    for (const line of [...this.lines]) if (this.isCut(line.from, line.to)) this.close(line)
  }

  /** Nothing arrives within the region until `heal`: what its replicas are sent is on its way. */
  hold(region: number): void {
    this.held.add(region)
  }

  heal(): void {
    this.cuts.clear()
    this.held.clear()
  }

  /** Connections between two regions end; others can be opened at once. */
  break(a: number, b: number): void {
    for (const line of [...this.lines]) {
      const ends = [line.from.region, line.to.region]
      if (ends.includes(a) && ends.includes(b)) this.close(line)
    }
  }

  gone(node: SystemNode): void {
    for (const line of [...this.lines]) {
      if (line.from === node) this.close(line, false)
      else if (line.to === node) this.close(line)
    }
  }

  closeClient(client: Client): void {
    const line = this.lines.find((one) => one.client === client)
    if (line) this.close(line)
    else client.server.removeClient(client)
  }

  step(): void {
    for (const line of [...this.lines]) this.deliver(line)
  }

  private isCut(from: SystemNode, to: SystemNode): boolean {
    return this.cuts.has(`${from.region}-${to.region}`)
  }

  /** In two pieces now and then: the second may come later. */
  private post(queue: Piece[], text: string): void {
    if (text === '') return
    const atMs = Math.max(this.nowMs() + this.rng.below(this.latencyMaxMs + 1), queue.at(-1)?.atMs ?? 0)
    const cut = this.rng.chance(0.1) ? this.rng.below(text.length) : 0
    if (cut > 0) queue.push({atMs, text: text.slice(0, cut)})
    queue.push({atMs: cut > 0 ? atMs + this.rng.below(20) : atMs, text: text.slice(cut)})
  }

  private deliver(line: Line): void {
    const {client, events, from, incoming, outgoing, to} = line
    if (from.region === to.region && this.held.has(from.region)) return
    const nowMs = this.nowMs()
    if (!line.isOpen) {
      line.isOpen = true
      events.onOpen()
    }
    while (!line.isClosed && (outgoing[0]?.atMs ?? Infinity) <= nowMs) to.feed(client, (outgoing.shift() as Piece).text)
    if (line.isClosed) return
    this.post(incoming, client.reply.take())
    client.onDrain?.()
    if (client.closing) this.close(line)
    while (!line.isClosed && (incoming[0]?.atMs ?? Infinity) <= nowMs) {
      const {text} = incoming.shift() as Piece
      from.awake(() => events.onData(Buffer.from(text, 'latin1')))
    }
  }

  private close(line: Line, tellsDialler = true): void {
    if (line.isClosed) return
    line.isClosed = true
    this.lines.splice(this.lines.indexOf(line), 1)
    line.to.server.removeClient(line.client)
    if (tellsDialler) line.from.later(() => line.events.onClose())
  }
}
