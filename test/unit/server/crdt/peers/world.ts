import {deflateRawSync, inflateRawSync} from 'node:zlib'
import {CRDB_DEFAULTS, type CrdbConfig, type CrdbSettings} from '../../../../../src/lib/model/crdb.js'
import type {SlotRange} from '../../../../../src/lib/model/slot-set.js'
import {type Reply, ReplyParser} from '../../../../../src/lib/protocol/resp/reply-parser.js'
import {CrdtDatabase} from '../../../../../src/lib/server/crdt/crdt-database.js'
import type {PeerEffects, PeerLinkSocket} from '../../../../../src/lib/server/crdt/peers/effects.js'
import type {FeedOutput} from '../../../../../src/lib/server/crdt/peers/feed.js'
import type {OwnPlace} from '../../../../../src/lib/server/crdt/peers/own-place.js'
import {Peers} from '../../../../../src/lib/server/crdt/peers/peers.js'
import type {PeersHost} from '../../../../../src/lib/server/crdt/peers/peers-host.js'
import type {LinkEvents} from '../../../../../src/lib/server/replication/link-effects.js'
import {ReplyError} from '../../../../../src/lib/server/reply-error.js'
import type {Server} from '../../../../../src/lib/server/server.js'
import {FakeCore} from '../../../../support/crdt/fake-core.js'
import {madeEffect} from '../../../../support/crdt/made-effect.js'

const GUID = 'a86bf1e4-cd13-4c14-8c6e-1f4bd2d1ec8f'
const STEP_MS = 10
const TICK_STEPS = 5
const ALL: readonly SlotRange[] = [{first: 0, last: 16383}]

export interface NodeOptions {
  readonly slots?: readonly SlotRange[]
  readonly password?: string
  readonly settings?: Partial<CrdbSettings>
  readonly mustCatchUp?: boolean
  readonly compression?: number
}

/** One direction of a connection: what was sent and has yet to arrive, as it was sent. */
interface Wire {
  readonly waiting: string[]
}

interface Connection {
  readonly from: WorldNode
  readonly to: WorldNode
  readonly events: LinkEvents
  readonly outgoing: Wire
  readonly incoming: Wire
  readonly parser: ReplyParser
  readonly key: {taken: (() => void) | undefined}
  isOpen: boolean
  isAuthenticated: boolean
  isClosed: boolean
  /** The one who opened it reads nothing for now. */
  isHeld: boolean
}

/** Nodes of several regions on a network without sockets: all that was sent arrives within a step, unless a way is cut. */
export class World {
  nowMs = 1000
  readonly nodes: WorldNode[] = []
  private readonly connections: Connection[] = []
  private later: (() => void)[] = []
  private readonly cuts = new Set<string>()
  private steps = 0
  /** Connections are not read from. */
  readonly deaf = new Set<WorldNode>()

  constructor(readonly regionCount: number) {}

  config(compression: number, settings: Partial<CrdbSettings> = {}): CrdbConfig {
    const instances = Array.from({length: this.regionCount}, (_, index) => ({
      cluster: `c${index + 1}`,
      compression,
      endpoints: [`region${index + 1}:7000`],
      id: index + 1,
      password: 'secret',
    }))
    return {
      guid: GUID,
      instances,
      name: 'db',
      removed: [],
      settings: {...CRDB_DEFAULTS, ...settings},
      version: 1,
    }
  }

  add(region: number, options: NodeOptions = {}): WorldNode {
    const port = 7000 + this.nodes.filter((node) => node.region === region).length
    const node = new WorldNode(this, region, `region${region}`, port, options)
    this.nodes.push(node)
    return node
  }

  /** A node's process ends and its connections with it. */
  kill(node: WorldNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    node.peers.close()
    for (const one of [...this.connections]) if (one.from === node || one.to === node) this.close(one)
  }

  /** Nothing that stands is left, nothing new can be opened. */
  cut(a: number, b: number): void {
    this.cuts.add(`${a}-${b}`).add(`${b}-${a}`)
    for (const one of [...this.connections]) if (this.isCut(one.from, one.to)) this.close(one)
  }

  heal(): void {
    this.cuts.clear()
  }

  private isCut(from: WorldNode, to: WorldNode): boolean {
    return this.cuts.has(`${from.region}-${to.region}`)
  }

  soon(run: () => void): void {
    this.later.push(run)
  }

  open(from: WorldNode, host: string, port: number, events: LinkEvents): PeerLinkSocket {
    const to = this.nodes.find((node) => node.host === host && node.port === port)
    if (to === undefined || this.isCut(from, to)) {
      this.soon(() => events.onClose(`connect ECONNREFUSED ${host}:${port}`))
      return {close: () => undefined, goOn: () => undefined, hold: () => undefined, send: () => undefined}
    }
    const connection: Connection = {
      events,
      from,
      incoming: {waiting: []},
      isAuthenticated: false,
      isClosed: false,
      isHeld: false,
      isOpen: false,
      key: {taken: undefined},
      outgoing: {waiting: []},
      parser: new ReplyParser(),
      to,
    }
    this.connections.push(connection)
    this.soon(() => {
      if (connection.isClosed) return
      connection.isOpen = true
      events.onOpen()
    })
    return {
      close: () => this.close(connection, false),
      goOn: () => {
        connection.isHeld = false
      },
      hold: () => {
        connection.isHeld = true
      },
      send: (text) => void connection.outgoing.waiting.push(text),
    }
  }

  close(connection: Connection, isTold = true): void {
    if (connection.isClosed) return
    connection.isClosed = true
    this.connections.splice(this.connections.indexOf(connection), 1)
    connection.to.peers.feeds.forget(connection.key)
    if (isTold) connection.events.onClose()
  }

  /** Lets time pass, in steps of 10 ms. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs
    while (this.nowMs < untilMs) {
      this.nowMs += STEP_MS
      this.steps++
      if (this.steps % TICK_STEPS === 0) for (const node of [...this.nodes]) node.peers.tick()
      this.settle()
    }
  }

  /** Until nothing is on its way. */
  private settle(): void {
    for (let isQuiet = false; !isQuiet; ) {
      isQuiet = this.later.length === 0
      const {later} = this
      this.later = []
      for (const run of later) run()
      for (const connection of [...this.connections]) if (this.deliver(connection)) isQuiet = false
    }
  }

  private deliver(connection: Connection): boolean {
    const {events, incoming, outgoing} = connection
    let hasMoved = false
    if (connection.isOpen) {
      for (const text of outgoing.waiting.splice(0)) {
        hasMoved = true
        if (!connection.isClosed) connection.to.serve(connection, text)
      }
    }
    if (this.deaf.has(connection.from) || connection.isHeld) return hasMoved
    for (const text of incoming.waiting.splice(0)) {
      hasMoved = true
      if (!connection.isClosed) events.onData(Buffer.from(text, 'latin1'))
    }
    const {taken} = connection.key
    if (taken !== undefined) {
      connection.key.taken = undefined
      taken()
      hasMoved = true
    }
    return hasMoved
  }
}

export class WorldNode {
  readonly fake: FakeCore
  readonly database: CrdtDatabase
  readonly log: string[] = []
  /** That other nodes sent. */
  readonly commands: (readonly string[])[] = []
  readonly passed: (readonly string[])[] = []
  /** Configurations that came from other regions. */
  readonly taken: string[] = []
  refusesConfig = false
  peers: Peers
  place: OwnPlace
  isFull = false
  /** How much was taken into the state, and how much of it the shard keeps. */
  takenCount = 0
  /** As many have enough replicas. */
  safeCount = Number.POSITIVE_INFINITY
  keptCount = Number.POSITIVE_INFINITY
  writeRefusal: string | undefined
  /** Connections that were opened. */
  dials = 0

  constructor(
    readonly world: World,
    readonly region: number,
    readonly host: string,
    readonly port: number,
    readonly options: NodeOptions,
  ) {
    this.fake = new FakeCore(region)
    this.fake.become(1)
    const nodeId = `${region}`.repeat(36) + port
    this.place = {isPrimary: true, nodeId, slots: options.slots ?? ALL}
    const propagation = {passOn: (commands: readonly (readonly string[])[]) => this.passed.push(...commands)}
    const tracking = {flushBroadcasts: () => undefined}
    const databases = [{keysInSlot: () => []}]
    const server = {databases, state: {isApplying: false, propagation}, tracking} as unknown as Server
    const config = world.config(options.compression ?? 3, options.settings)
    this.database = new CrdtDatabase(server, this.fake, region, config)
    const count = () => this.takenCount++
    this.database.listeners.push({joined: count, made: count, took: count})
    this.peers = new Peers(this.database, this.peersHost(), options.mustCatchUp ?? false)
  }

  /** The process begins anew with the state it had, or with an empty one. */
  restart(mustCatchUp = true): void {
    this.peers.close()
    this.peers = new Peers(this.database, this.peersHost(), mustCatchUp)
  }

  private peersHost(): PeersHost {
    const effects: PeerEffects = {
      chance: () => 0.5,
      deflate: (text, level) => deflateRawSync(Buffer.from(text, 'latin1'), {level}).toString('latin1'),
      inflate: (packed) => inflateRawSync(Buffer.from(packed, 'latin1')),
      openPeerLink: (host, port, _isEncrypted, events) => {
        this.dials++
        return this.world.open(this, host, port, events)
      },
      soon: (run) => this.world.soon(run),
    }
    return {
      effects,
      isMemoryExceeded: () => this.isFull,
      keeping: {
        isKept: ({streamOffset}) => streamOffset <= this.keptCount,
        moment: () => ({fileBytes: 0, streamOffset: this.takenCount}),
      },
      log: (level, text) => this.log.push(`${level} ${text}`),
      nowMs: () => this.world.nowMs,
      ownAccess: {password: undefined, username: undefined},
      place: () => this.place,
      replicaWait: {
        begin: () => (this.takenCount > this.safeCount ? this.takenCount : undefined),
        isOver: (offset) => offset <= this.safeCount,
      },
      takeConfig: (answer) => {
        this.taken.push(answer)
        if (this.refusesConfig) return
        const {config} = JSON.parse(answer) as {config: CrdbConfig}
        this.database.config = config
        this.peers.configChanged(config)
      },
      refuseWrites: (text) => {
        this.writeRefusal = text
      },
    }
  }

  /** A client's write. */
  add(slot: number, value: string): void {
    this.database.made(madeEffect(this.fake, this.fake.add(slot, value)))
  }

  values(slot: number): string[] {
    return [...this.fake.keys(slot)].sort()
  }

  /** Of the only other region, or of one. */
  statusOf(region: number) {
    return this.peers.status().find((status) => status.region === region)!
  }

  serve(connection: Connection, text: string): void {
    connection.parser.push(Buffer.from(text, 'latin1'))
    for (let reply = connection.parser.next(); reply !== undefined; reply = connection.parser.next()) {
      const argv = ('items' in reply ? reply.items : []).map((item: Reply) => ('text' in item ? item.text : ''))
      const answer = this.run(connection, argv)
      if (answer !== '') connection.incoming.waiting.push(answer)
    }
  }

  private run(connection: Connection, argv: readonly string[]): string {
    try {
      return this.runChecked(connection, argv)
    } catch (error) {
      if (error instanceof ReplyError) return `-${error.message}\r\n`
      throw error
    }
  }

  private runChecked(connection: Connection, argv: readonly string[]): string {
    const {key} = connection
    this.commands.push(argv)
    const [name, first = '', second = '', third = '', fourth] = argv
    if (name === 'AUTH') {
      if (first !== (this.options.password ?? 'secret')) throw new ReplyError('WRONGPASS invalid password')
      connection.isAuthenticated = true
      return '+OK\r\n'
    }
    if (!connection.isAuthenticated) throw new ReplyError('NOAUTH Authentication required.')
    if (name === 'CLUSTER') return this.slotsReply()
    if (name === 'CRDT.CONFIG') return this.configReply(first)
    if (name === 'CRDT.SYNC') {
      const answer = (line: string) => void connection.incoming.waiting.push(`+${line}\r\n`)
      this.peers.synchronize(key, [first, second], () => this.outputOf(connection), answer)
    } else if (name === 'CRDT.ACK') {
      this.database.core.heard(Number(first))
      this.peers.feeds.acknowledge(key, Number(second), third, fourth)
    } else if (name === 'CRDT.COMPARE') this.peers.feeds.compare(key, first, second)
    else if (name === 'CRDT.PULL') this.peers.feeds.pull(key, Number(first))
    else throw new ReplyError(`ERR unknown command '${name}'`)
    return ''
  }

  private outputOf(connection: Connection): FeedOutput {
    return {
      close: () => this.world.soon(() => this.world.close(connection)),
      send: (text) => void connection.incoming.waiting.push(text),
      get unsentBytes() {
        return connection.incoming.waiting.reduce((sum, text) => sum + text.length, 0)
      },
      whenTaken: (run) => {
        connection.key.taken = run
      },
    }
  }

  private configReply(subcommand: string): string {
    const {config} = this.database
    const text = JSON.stringify({config, region: this.region})
    return subcommand === 'VERSION' ? `:${config.version}\r\n` : `$${text.length}\r\n${text}\r\n`
  }

  private slotsReply(): string {
    const owners = this.world.nodes.filter(({place, region}) => region === this.region && place.isPrimary)
    const runs = owners.flatMap(({host, place, port}) => place.slots.map((range) => ({host, port, range})))
    const lines = runs.map(
      ({host, port, range}) =>
        `*3\r\n:${range.first}\r\n:${range.last}\r\n*3\r\n$${host.length}\r\n${host}\r\n:${port}\r\n$2\r\nid\r\n`,
    )
    return `*${runs.length}\r\n${lines.join('')}`
  }
}

/** Two regions of one node each that have met. */
export function pair(): {world: World; a: WorldNode; b: WorldNode} {
  const world = new World(2)
  const a = world.add(1)
  const b = world.add(2)
  world.advance(500)
  return {a, b, world}
}
