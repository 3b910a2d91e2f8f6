import {isSlot, mergedRanges, type SlotRange} from '../../../model/slot-set.js'
import type {Reply} from '../../../protocol/resp/reply-parser.js'
import type {PeerEffects} from './effects.js'
import {Backoff, type PeerAccess, type PeerAddress, PeerConnection} from './peer-connection.js'

export interface PeerNode extends PeerAddress {
  readonly slots: readonly SlotRange[]
}

export interface ScoutHost {
  readonly effects: Pick<PeerEffects, 'openPeerLink' | 'soon'>
  nowMs(): number
  access(region: number): PeerAccess
  /** The database, and which version of its configuration this node has. */
  readonly config: {readonly guid: string; readonly version: number}
  /** A node of another region has a later configuration. @param answer - its reply to CRDT.CONFIG GET WITHSECRETS */
  takeConfig(answer: string): void
}

const PERIOD_MS = 1000
const SILENCE_MS_MAX = 5000

type Question = 'config' | 'slots' | 'version'

/**
 * Finds the primaries of another region, with the slots of each: asks any of its nodes every second. It also asks which version
 * of the configuration that one has: whoever was away when the database was changed hears of it so.
 */
export class Scout {
  /** By `host:port`, as last heard. */
  nodes: ReadonlyMap<string, PeerNode> = new Map()
  /** Whoever was a replica when somebody answered last: the next one to ask, if all primaries are gone. */
  private replicas: readonly PeerAddress[] = []
  /** Grows when `nodes` changes. */
  version = 0
  lastError = ''
  /** Somebody has answered since the last failure. */
  isUp = false
  private connection: PeerConnection | undefined
  private readonly backoff = new Backoff()
  private tries = 0
  private askedMs = 0
  private heardMs = 0
  private rendered = ''
  /** Not answered yet, in order. */
  private questions: Question[] = []
  /** What that node has; undefined until it has said so. */
  configVersion: number | undefined
  /** The version that was asked for last: it is not asked for twice, should it be of no use here. */
  private takenVersion = 0

  constructor(
    private readonly host: ScoutHost,
    readonly region: number,
    public endpoints: readonly string[],
  ) {}

  /** About every 50 ms. */
  tick(nowMs: number): void {
    const {connection} = this
    if (connection === undefined) {
      if (this.backoff.isDue(nowMs)) this.connect(nowMs)
    } else if (nowMs - this.heardMs > SILENCE_MS_MAX) {
      connection.close()
      this.ended('no answer in time')
    } else if (nowMs - this.askedMs >= PERIOD_MS && this.isUp) this.ask(nowMs)
  }

  /** A link failed: perhaps the slots are elsewhere now. */
  look(): void {
    if (this.isUp) this.ask(this.host.nowMs())
  }

  private ask(nowMs: number): void {
    this.askedMs = nowMs
    this.question('slots', 'CLUSTER', 'SLOTS')
    this.question('version', 'CRDT.CONFIG', 'VERSION', this.host.config.guid)
  }

  private question(kind: Question, ...argv: string[]): void {
    this.questions.push(kind)
    this.connection?.command(...argv)
  }

  private connect(nowMs: number): void {
    const candidates = [...this.endpoints.map(addressOf), ...this.nodes.values(), ...this.replicas]
    const address = candidates[this.tries % candidates.length]
    if (address === undefined) {
      this.ended('the configuration names no endpoint of it')
      return
    }
    this.heardMs = nowMs
    this.questions = []
    try {
      this.connection = new PeerConnection(this.host.effects, address, this.host.access(this.region), {
        onEnd: (error) => this.ended(error),
        onOpen: () => this.ask(this.host.nowMs()),
        onReply: (reply) => this.onReply(reply, address),
      })
    } catch (error) {
      this.ended((error as Error).message)
    }
  }

  private onReply(reply: Reply, asked: PeerAddress): void {
    this.heardMs = this.host.nowMs()
    const question = this.questions.shift()
    if (question === 'version') this.onVersion(reply)
    else if (question === 'config') {
      if (reply.kind === 'bulk') this.host.takeConfig(reply.text)
    } else this.onSlots(reply, asked)
  }

  /** Who may not ask has to be told by others; so has the region whose nodes know of no version. */
  private onVersion(reply: Reply): void {
    if (reply.kind !== 'integer') return
    const version = Number(reply.text)
    if (version > 0) this.configVersion = version
    if (version <= Math.max(this.host.config.version, this.takenVersion)) return
    this.takenVersion = version
    this.question('config', 'CRDT.CONFIG', 'GET', 'WITHSECRETS')
  }

  private onSlots(reply: Reply, asked: PeerAddress): void {
    if (reply.kind === 'array') {
      this.isUp = true
      this.lastError = ''
      this.backoff.reset()
      this.replicas = replicasFrom(reply.items, asked)
      this.take(nodesFrom(reply.items, asked))
      return
    }
    this.connection?.close()
    this.ended('text' in reply ? reply.text : 'it answers what nobody asked')
  }

  private take(nodes: ReadonlyMap<string, PeerNode>): void {
    const rendered = JSON.stringify([...nodes.values()])
    if (rendered === this.rendered) return
    this.rendered = rendered
    this.nodes = nodes
    this.version++
  }

  private ended(error: string): void {
    this.connection = undefined
    this.isUp = false
    this.lastError = error
    this.tries++
    this.backoff.failed(this.host.nowMs())
  }

  hurry(): void {
    this.backoff.reset()
  }

  /** Safe to call twice. */
  close(): void {
    this.connection?.close()
    this.connection = undefined
    this.isUp = false
  }
}

/** @param endpoint - `host:port`; the port stands behind the last colon */
export function addressOf(endpoint: string): PeerAddress {
  const colon = endpoint.lastIndexOf(':')
  return {host: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1))}
}

/** CLUSTER SLOTS. A node that does not tell its address is the one that was asked. */
function nodesFrom(items: readonly Reply[], asked: PeerAddress): ReadonlyMap<string, PeerNode> {
  const found = new Map<string, {host: string; port: number; slots: SlotRange[]}>()
  for (const item of items) {
    if (!('items' in item)) continue
    const [firstText, lastText, owner] = item.items
    const address = addressIn(owner, asked)
    const range = {first: Number(textOf(firstText)), last: Number(textOf(lastText))}
    if (address === undefined || !isRange(range)) continue
    const {host, port} = address
    const key = `${host}:${port}`
    const node = found.get(key) ?? {host, port, slots: []}
    found.set(key, node)
    node.slots.push(range)
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(sorted.map(([key, {host, port, slots}]) => [key, {host, port, slots: mergedRanges(slots)}]))
}

function isRange({first, last}: SlotRange): boolean {
  return isSlot(first) && isSlot(last) && first <= last
}

/** Of CLUSTER SLOTS: all but the owners. */
function replicasFrom(items: readonly Reply[], asked: PeerAddress): PeerAddress[] {
  return items.flatMap((item) =>
    'items' in item ? item.items.slice(3).flatMap((node) => addressIn(node, asked) ?? []) : [],
  )
}

function addressIn(node: Reply | undefined, asked: PeerAddress): PeerAddress | undefined {
  if (node === undefined || !('items' in node)) return undefined
  const [named, numbered] = node.items.map(textOf)
  const isUnnamed = named === undefined || named === '' || named === '?'
  return {host: isUnnamed ? asked.host : hostFrom(named, asked, node.items[3]), port: Number(numbered)}
}

/**
 * Clients may be sent to a name that is right for them alone: nodes in containers announce this machine's loopback, where their
 * ports are published. Asked at another address, it is where they know each other.
 */
function hostFrom(named: string, asked: PeerAddress, metadata: Reply | undefined): string {
  if (!isLoopback(named) || isLoopback(asked.host)) return named
  const words = metadata !== undefined && 'items' in metadata ? metadata.items.map(textOf) : []
  const at = words.indexOf('ip')
  return (at < 0 ? undefined : words[at + 1]) || asked.host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function textOf(reply: Reply | undefined): string {
  return reply !== undefined && 'text' in reply ? reply.text : ''
}
