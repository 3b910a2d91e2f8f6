import {NodeClock} from '../node/node-clock.js'
import type {Node} from '../node/start-node.js'
import {hashSlot} from '../protocol/hash-slot.js'
import type {Reply} from '../protocol/resp/reply-parser.js'
import type {CrdtCore} from '../server/crdt/core/api.js'
import type {CrdtDatabase} from '../server/crdt/crdt-database.js'
import {keysOf} from '../server/dispatcher.js'
import {type CallArgument, Calls, type PlainReply, plainReply, toWire} from './calls.js'
import type {OpenedNode, StartedNode} from './start-node.js'
import type {AskedRegion} from './verify-crdb.js'

/** One region of a database: a cluster of its own. */
export interface CrdbRegion {
  /** 1, 2, ...: decides ties between regions, the lower wins. */
  readonly id: number
  /** Of its first shard: `redis://127.0.0.1:PORT`. Nodes talk as a cluster, as all nodes of such a database do. */
  readonly url: string
  /** Primaries first, in the order of their slots. */
  readonly nodes: readonly StartedNode[]
  /**
   * What one client does, in order, also without waiting for each reply; MULTI, WATCH and EXEC work. The command goes to the
   * shard that has its keys, to the first one if it has none. A command that blocks holds up those after it.
   *
   * @returns texts, integers, null, arrays of them; RESP2
   * @throws an Error with the reply's text if it is an error: `WRONGTYPE Operation against a key ...`
   */
  call(command: string, ...args: readonly CallArgument[]): Promise<PlainReply>
  /**
   * Stops the region's clock at a time: expiry, the order of concurrent writes and ids of streams follow it.
   *
   * @param ms - unix milliseconds; undefined: with the system's clock again
   */
  setClock(ms: number | undefined): void
  /** Moves it on. What is due is done at once. A clock that was not set runs on ahead of the system's. */
  advanceClock(ms: number): void
}

function textOf(reply: Reply): string {
  return 'text' in reply ? reply.text : ''
}

/** Redirections of one call; shards whose slots move quickly give up to a few. */
const REDIRECTS_MAX = 5
const REDIRECTION = /^(?:MOVED|ASK) \d+ (.*):(\d+)$/

export class EmbeddedRegion implements CrdbRegion, AskedRegion {
  readonly clock = new NodeClock()
  readonly nodes: StartedNode[] = []
  private readonly inner: Node[] = []
  private readonly connections = new Map<number, Calls>()
  /** Of `verify`, so that it comes between nobody's commands. */
  private readonly asking = new Map<number, Calls>()

  constructor(
    readonly id: number,
    private readonly password: string | undefined,
  ) {}

  add({inner, node}: OpenedNode): void {
    this.inner.push(inner)
    this.nodes.push(node)
  }

  get region(): number {
    return this.id
  }

  get url(): string {
    const {host, port} = this.nodes[0]!
    return `redis://${host}:${port}`
  }

  get servers() {
    return this.inner.map(({server}) => server)
  }

  /** Of the nodes that own slots now. */
  get databases(): CrdtDatabase[] {
    return this.servers.flatMap(({cluster, crdt}) => (crdt && cluster!.core.myself.slots.count > 0 ? [crdt] : []))
  }

  get cores(): CrdtCore[] {
    return this.databases.map(({core}) => core)
  }

  coreOf(slot: number): CrdtCore | undefined {
    return this.servers[this.ownerOf(slot)]?.crdt?.core
  }

  nowMs(): number {
    return this.clock.nowMs()
  }

  setClock(ms: number | undefined): void {
    if (ms === undefined) this.clock.release()
    else this.clock.set(ms)
  }

  advanceClock(ms: number): void {
    this.clock.advance(ms)
  }

  async call(command: string, ...args: readonly CallArgument[]): Promise<PlainReply> {
    const argv = [command, ...args].map(toWire)
    return plainReply(await this.send(this.connections, this.indexFor(argv), argv))
  }

  ask(slot: number, argv: readonly string[]): Promise<Reply> {
    return this.send(this.asking, this.ownerOf(slot), argv)
  }

  async seenKeys(): Promise<Set<string>> {
    const owners = this.servers.flatMap(({cluster}, index) => (cluster!.core.myself.slots.count > 0 ? [index] : []))
    const replies = await Promise.all(owners.map((index) => this.send(this.asking, index, ['KEYS', '*'])))
    return new Set(replies.flatMap((reply) => ('items' in reply ? reply.items.map(textOf) : [])))
  }

  private async send(connections: Map<number, Calls>, index: number, argv: readonly string[]): Promise<Reply> {
    let target = index
    for (let redirects = 0; ; redirects++) {
      const calls = this.callsOf(connections, target)
      const reply = await calls.call(argv)
      const [, , port] = (reply.kind === 'error' && REDIRECTION.exec(reply.text)) || []
      const next = this.nodes.findIndex((node) => node.port === Number(port))
      if (next < 0 || redirects === REDIRECTS_MAX) return reply
      target = next
      if ('text' in reply && reply.text.startsWith('ASK')) await this.callsOf(connections, target).call(['ASKING'])
    }
  }

  private callsOf(connections: Map<number, Calls>, index: number): Calls {
    const known = connections.get(index)
    if (known !== undefined) return known
    const {host, port} = this.nodes[index]!
    const calls = new Calls({host, port}, this.password)
    connections.set(index, calls)
    return calls
  }

  /** Which node has the command's first key. */
  private indexFor(argv: readonly string[]): number {
    const command = this.servers[0]!.commands.get(argv[0]!.toLowerCase())
    const key = command === undefined ? undefined : keysOf(command, argv)[0]
    return key === undefined ? 0 : Math.max(0, this.ownerOf(hashSlot(key)))
  }

  /** Index of the node; -1 if the slot has no owner. */
  private ownerOf(slot: number): number {
    const owner = this.servers[0]!.cluster!.core.ownerOf(slot)
    return this.nodes.findIndex(({port}) => port === owner?.port)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.connections.values(), ...this.asking.values()].map((calls) => calls.close()))
    await Promise.all(this.nodes.map((node) => node.stop()))
  }
}
