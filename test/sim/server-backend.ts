import type {Rng} from '../../src/lib/kernel/rng.js'
import type {Client} from '../../src/lib/server/client.js'
import {Config} from '../../src/lib/server/config/config.js'
import type {PeerExchange, ServerEffects} from '../../src/lib/server/effects.js'
import {Server} from '../../src/lib/server/server.js'
import type {MigrationEffects} from '../../src/lib/server/slot-migration/link.js'
import {hiddenField} from '../../src/lib/server/slot-migration/passive-imports.js'
import type {Reply} from './commands.js'
import {ServerLinks} from './server-links.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/** What a client sent in one write, and is waiting for. */
interface Pending {
  readonly replyCount: number
  readonly got: Reply[]
  readonly done: (replies: readonly Reply[]) => void
}

/**
 * The production server behind one simulated node: its routing, ASKING, held keys, DUMP, RESTORE-ASKING and MIGRATE, fed
 * with RESP bytes. MIGRATE's exchange with its target travels the simulated network.
 *
 * Its data survives a crash: a new life begins with the keys of the old one.
 */
export class ServerBackend {
  readonly server: Server
  private readonly pending = new Map<Client, Pending[]>()
  private readonly links: ServerLinks
  private hiddenAtEnd: string | undefined

  constructor(
    private readonly world: World,
    private readonly node: SimNode,
    rng: Rng,
    former: ServerBackend | undefined,
  ) {
    const config = new Config()
    config.values.clusterEnabled = true
    this.server = new Server({config, effects: this.effects(), nowMs: node.clockMs(), processId: node.index, rng})
    this.links = new ServerLinks(world, node, this)
    if (former) this.takeOver(former)
  }

  listen(): void {
    if (this.world.options.atomicMoves) this.links.listen()
  }

  /** The process is gone; whoever runs still, as if it were not, changes nothing that the next one finds. */
  unlisten(): void {
    this.links.unlisten()
    this.hiddenAtEnd = hiddenField(this.server.migrations.hidden)
  }

  /** Puts the core where the dispatcher looks for it. */
  bind(): void {
    const core = this.node.core
    if (core) this.server.cluster = {core, perform: (effects) => this.node.perform(effects, () => undefined)}
  }

  connect(): Client {
    const {ip} = this.node
    return this.server.addClient({address: '10.0.0.0:1', localAddress: `${ip}:7000`, nowMs: this.node.clockMs()})
  }

  disconnect(client: Client): void {
    this.pending.delete(client)
    this.server.removeClient(client)
  }

  /** @param done - once there is a reply to each command; never if the client goes away before */
  send(client: Client, commands: readonly (readonly string[])[], done: (replies: readonly Reply[]) => void): void {
    this.feed(client, commands.map(encodeCommand).join(''), commands.length, done)
  }

  countKeysInSlot(slot: number): number {
    return this.database.countKeysInSlot(slot)
  }

  get keyCount(): number {
    return this.database.size
  }

  keysInSlot(slot: number, count: number): string[] {
    return this.database.keysInSlot(slot, count)
  }

  /** @returns the keys that were there */
  deleteSlot(slot: number): string[] {
    const keys = this.keysInSlot(slot, Number.MAX_SAFE_INTEGER)
    this.database.deleteSlot(slot)
    return keys
  }

  clear(): void {
    this.database.flush()
  }

  private get database(): Server['databases'][number] {
    return this.server.databases[0] as Server['databases'][number]
  }

  private takeOver(former: ServerBackend): void {
    for (let slot = 0; slot < 16_384; slot++) {
      if (former.countKeysInSlot(slot) === 0) continue
      for (const key of former.keysInSlot(slot, Number.MAX_SAFE_INTEGER)) {
        this.database.set(key, former.database.get(key) as string)
      }
    }
    this.server.migrations.followed.adopt(former.hiddenAtEnd)
  }

  private feed(client: Client, text: string, replyCount: number, done: (replies: readonly Reply[]) => void): void {
    const queue = this.pending.get(client) ?? []
    this.pending.set(client, queue)
    queue.push({done, got: [], replyCount})
    const bytes = Buffer.from(text, 'latin1')
    client.feed(bytes, bytes.length, this.node.clockMs())
    this.collect(client)
  }

  private collect(client: Client): void {
    if (this.links.flush(client)) return
    const queue = this.pending.get(client) ?? []
    for (const reply of parseReplies(client.reply.take())) {
      const first = queue[0]
      if (!first) throw new Error(`node ${this.node.index} answers what nobody asked`)
      first.got.push(reply)
      if (first.got.length < first.replyCount) continue
      queue.shift()
      first.done(first.got)
    }
  }

  /** MIGRATE: RESTORE-ASKING commands to another machine; no answer in time is a broken connection. */
  private exchange({done, host, payload, replyCount, timeoutMs}: PeerExchange): void {
    const {node, world} = this
    const target = world.nodeAt(host)
    let over = false
    const finish = (replies: readonly Reply[] | undefined): void => {
      if (over) return
      over = true
      node.deliver(() => {
        if (node.backend !== this) return
        if (replies) done({kind: 'replies', replies: replies.map(renderLine)})
        else done({kind: 'failed', replies: [], stage: 'read'})
      })
    }
    world.queue.after(timeoutMs, () => finish(undefined))
    if (!target) return
    world.call<readonly Reply[]>(
      node.index,
      target,
      timeoutMs,
      (reply) => {
        const {backend} = target
        if (!backend) return
        const client = backend.connect()
        backend.feed(client, payload, replyCount, (replies) => {
          backend.disconnect(client)
          reply(replies)
        })
      },
      finish,
    )
  }

  private effects(): ServerEffects & MigrationEffects {
    const {node, world} = this
    const nothing = (): void => undefined
    return {
      abortShutdown: () => false,
      closeClient: (client) => this.links.close(client),
      configChanged: nothing,
      cpu: () => ({system: 0, user: 0}),
      exchange: (request) => this.exchange(request),
      flush: (client) => this.soon(() => this.collect(client)),
      log: nothing,
      memory: () => ({heapTotal: 0, heapUsed: 0, peakRss: 0, rss: 0}),
      monotonicUs: () => world.queue.nowMs * 1000,
      nowMs: () => node.clockMs(),
      openMigrationLink: (host, _port, events) => this.links.open(host, events),
      soon: (run) => this.soon(run),
      readAclFile: () => '',
      readConfigFile: () => undefined,
      resume: (client) =>
        this.soon(() => {
          client.process(node.clockMs())
          this.collect(client)
        }),
      shutdown: nothing,
      sleep: nothing,
      unixUs: () => node.clockMs() * 1000,
      writeAclFile: () => undefined,
      writeConfigFile: nothing,
    }
  }

  /** From the event loop, in this life of the process. */
  private soon(run: () => void): void {
    this.world.queue.after(0, () =>
      this.node.deliver(() => {
        if (this.node.backend === this) run()
      }),
    )
  }
}

function encodeCommand(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

function renderLine(reply: Reply): string {
  return 'value' in reply ? `+${reply.value}` : `-${reply.error}`
}

/** Simple strings, errors, integers, bulk strings and nil: all that these commands answer. */
function parseReplies(text: string): Reply[] {
  const replies: Reply[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n', at)
    const line = text.slice(at + 1, end)
    const kind = text[at]
    at = end + 2
    if (kind === '-') replies.push({error: line})
    else if (kind !== '$') replies.push({value: line})
    else if (line === '-1') replies.push({value: undefined})
    else {
      replies.push({value: text.slice(at, at + Number(line))})
      at += Number(line) + 2
    }
  }
  return replies
}
