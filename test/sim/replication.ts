import type {PrimaryAddress, ReplicationFacts} from '../../src/lib/server/cluster/types.js'
import type {Mutation} from './mutations.js'
import type {Listener, Socket, SocketHandlers} from './network.js'
import {messageIn, type ReplicationMessage, type Snapshot, type StreamEntry, send} from './replication-messages.js'
import {CLIENT_PORT} from './sim-bus.js'
import type {SimNode} from './sim-node.js'
import type {SimMessage, World} from './world.js'

interface Replica {
  readonly socket: Socket<SimMessage>
  index: number
  acked: number
  heardMs: number
}

interface Waiter {
  readonly offset: number
  readonly nodes: readonly number[]
  readonly done: () => void
}

const NO_HISTORY = '?'
/** Short, so that full syncs happen. */
const BACKLOG_ENTRIES = 30
const RECONNECT_MS = 1000
/** Silence after which either side gives the link up. */
const LINK_TIMEOUT_MS = 5000
const ACK_PERIOD_MS = 1000
const APPLY_LATE_MS = 100

/**
 * Asynchronous replication as the cluster core relies on it: a stream of a primary's writes with offsets, acknowledged by
 * replicas; partial resync by (history, offset) where the backlog reaches, else a full copy that takes a while.
 *
 * Data, history and offset survive crashes, as with `appendfsync always`; the backlog and all times do not. In worlds with
 * `snapshots` a crash brings back the last one instead, as an RDB file does, with its place in the stream.
 */
export class SimReplication implements ReplicationFacts {
  history: string
  offset = 0
  /** The history this one forked from, and up to where they are the same. */
  private formerHistory = NO_HISTORY
  private formerOffset = -1
  /** There is a data set here: taken from a primary, or our own. */
  hasCopy = false
  /** Crashes have taken back what was acknowledged, and it has not come again. */
  isStale = false
  /** How far the data ever were in this history. */
  private reachedOffset = 0
  private saved: Snapshot | undefined
  /** The snapshot of this life's start, while the data are still those. */
  private loaded: Snapshot | undefined
  private backlog: StreamEntry[] = []
  private primary: PrimaryAddress | undefined
  private socket: Socket<SimMessage> | undefined
  linkUp = false
  private lastByteMs = Number.NEGATIVE_INFINITY
  /** The same moment by the world's clock, for checkers. */
  lastByteVirtualMs = Number.NEGATIVE_INFINITY
  private lastDialMs = Number.NEGATIVE_INFINITY
  private lastSentMs = 0
  private readonly replicas = new Map<Socket<SimMessage>, Replica>()
  private waiters: Waiter[] = []
  private listener: Listener<SimMessage> | undefined
  private forks = 0

  constructor(
    private readonly world: World,
    private readonly node: SimNode,
    private readonly mutation: Mutation | undefined,
  ) {
    this.history = this.newHistory()
  }

  primaryLinkUp(): boolean {
    return this.linkUp
  }

  replicationOffset(): number {
    return this.offset
  }

  primaryDataAgeMs(): number {
    if (!this.hasCopy) return Number.POSITIVE_INFINITY
    // A copy from an earlier life of this process, of unknown age.
    return Math.min(this.node.clockMs() - this.lastByteMs, Number.MAX_SAFE_INTEGER)
  }

  /** The process starts. */
  start(): void {
    this.backlog = []
    this.primary = undefined
    this.linkUp = false
    this.socket = undefined
    this.replicas.clear()
    this.waiters = []
    this.lastByteMs = Number.NEGATIVE_INFINITY
    this.lastByteVirtualMs = Number.NEGATIVE_INFINITY
    this.listener = {accept: (socket) => this.accept(socket), machine: this.node.index}
    this.world.network.listen(this.node.ip, CLIENT_PORT, this.listener)
  }

  stop(): void {
    if (this.world.options.snapshots) this.goBack()
    if (this.listener) this.world.network.unlisten(this.node.ip, CLIENT_PORT, this.listener)
  }

  /** A snapshot is on the disk. */
  save(): void {
    if (!this.hasCopy) return
    const offset = this.mutation?.placeAhead ? this.offset + 1 : this.offset
    this.saved = {entries: this.node.keyspace.entries(), history: this.history, offset}
  }

  /** What is there after a crash: the last snapshot. A primary begins a new history with it, that others may know. */
  private goBack(): void {
    const {saved} = this
    this.reachedOffset = Math.max(this.reachedOffset, this.offset)
    this.node.keyspace.clear()
    for (const [key, value] of saved?.entries ?? []) this.node.keyspace.set(key, value)
    this.hasCopy = saved !== undefined
    this.offset = saved?.offset ?? 0
    if (this.offset < this.reachedOffset || saved?.history !== this.history) this.isStale = true
    this.loaded = saved
    this.formerHistory = saved?.history ?? NO_HISTORY
    this.formerOffset = this.offset
    this.history = this.newHistory()
  }

  /** The effect `role-changed`. */
  follow(primary: PrimaryAddress | undefined): void {
    const {primary: former} = this
    if (primary && former?.id === primary.id && former.host === primary.host) return
    this.disconnect()
    this.primary = primary
    if (primary) {
      if (!former) {
        this.dropReplicas()
        if (this.loaded?.offset === this.offset) this.history = this.loaded.history
      }
      this.loaded = undefined
      if (former?.id !== primary.id) this.forgetAge()
      this.lastDialMs = Number.NEGATIVE_INFINITY
    } else if (former) {
      this.formerHistory = this.history
      this.formerOffset = this.offset
      this.history = this.newHistory()
    }
  }

  /** CLUSTER RESET of a replica. */
  empty(): void {
    this.hasCopy = false
    this.history = this.newHistory()
    this.offset = 0
    this.loaded = undefined
    this.backlog = []
  }

  /** A primary's data set has changed. @param value - undefined: deleted */
  onWrite(key: string, value: string | undefined): void {
    this.append({key, offset: this.offset + 1, value})
  }

  /** Calls `done` once all these nodes have acknowledged what was written up to now; perhaps never. */
  wait(nodes: readonly number[], done: () => void): void {
    this.waiters.push({done, nodes, offset: this.offset})
    this.serveWaiters()
  }

  /** Every 100 ms of the process. */
  tick(): void {
    const nowMs = this.node.clockMs()
    if (this.primary) this.tickAsReplica(this.primary, nowMs)
    else this.tickAsPrimary(nowMs)
  }

  private tickAsReplica(primary: PrimaryAddress, nowMs: number): void {
    if (this.socket) {
      if (nowMs - Math.max(this.lastByteMs, this.lastDialMs) > LINK_TIMEOUT_MS) this.disconnect()
      else if (this.linkUp && nowMs - this.lastSentMs >= ACK_PERIOD_MS) this.acknowledge()
    } else if (nowMs - this.lastDialMs >= RECONNECT_MS) this.dial(primary, nowMs)
  }

  private tickAsPrimary(nowMs: number): void {
    for (const [socket, replica] of this.replicas) {
      if (nowMs - replica.heardMs <= LINK_TIMEOUT_MS) continue
      this.replicas.delete(socket)
      socket.close()
    }
    if (this.replicas.size === 0 || this.node.isPaused) return
    if (nowMs - this.lastSentMs < this.node.config.replicationPingPeriodMs) return
    this.append({offset: this.offset + 1})
  }

  private append(entry: StreamEntry): void {
    this.hasCopy = true
    this.apply(entry)
    this.lastSentMs = this.node.clockMs()
    for (const {index, socket} of this.replicas.values()) if (index > 0) send(socket, {kind: 'entry', ...entry})
  }

  private apply(entry: StreamEntry): void {
    this.offset = entry.offset
    this.backlog.push(entry)
    if (this.backlog.length > BACKLOG_ENTRIES) this.backlog.shift()
  }

  private dial({host, id}: PrimaryAddress, nowMs: number): void {
    this.lastDialMs = nowMs
    if (host === '') return
    const socket: Socket<SimMessage> = this.world.network.dial(this.node.index, this.node.ip, host, CLIENT_PORT, {
      onClose: () => this.ifCurrent(socket, () => this.disconnect()),
      onItem: (item) => this.ifCurrent(socket, () => this.onPrimarySays(messageIn(item))),
      onOpen: () =>
        this.ifCurrent(socket, () => {
          const {hasCopy, history, node, offset} = this
          send(socket, {history: hasCopy ? history : NO_HISTORY, kind: 'psync', node: node.index, offset, to: id})
        }),
    })
    this.socket = socket
  }

  private ifCurrent(socket: Socket<SimMessage> | undefined, run: () => void): void {
    this.node.deliver(() => {
      if (this.socket === socket) run()
    })
  }

  private disconnect(): void {
    this.socket?.close()
    this.socket = undefined
    this.linkUp = false
  }

  /** A fault of this connection alone; it is dialled again within a second. */
  breakLink(): void {
    if (this.node.running) this.disconnect()
  }

  private forgetAge(): void {
    this.lastByteMs = Number.NEGATIVE_INFINITY
    this.lastByteVirtualMs = Number.NEGATIVE_INFINITY
  }

  private onPrimarySays(message: ReplicationMessage | undefined): void {
    switch (message?.kind) {
      case 'continue':
        this.history = message.history
        this.linkUp = true
        break
      case 'full-start':
        this.node.keyspace.clear()
        this.hasCopy = false
        this.linkUp = false
        return
      case 'full':
        this.node.keyspace.clear()
        for (const [key, value] of message.entries) this.node.keyspace.set(key, value)
        this.hasCopy = true
        this.isStale = false
        this.history = message.history
        this.offset = message.offset
        this.reachedOffset = message.offset
        this.backlog = []
        this.linkUp = true
        break
      case 'entry':
        if (this.mutation?.acksBeforeApply) this.acknowledge(message.offset)
        if (this.mutation?.acksBeforeApply) this.applyLater(message)
        else this.applyFromPrimary(message)
        break
      default:
        return
    }
    this.lastByteMs = this.node.clockMs()
    this.lastByteVirtualMs = this.world.queue.nowMs
    this.acknowledge()
  }

  private applyFromPrimary(entry: StreamEntry): void {
    if (entry.offset !== this.offset + 1) throw new Error(`n${this.node.index} misses a part of the stream`)
    this.apply(entry)
    if (entry.offset >= this.reachedOffset) this.isStale = false
    const {keyspace} = this.node
    if (entry.key === undefined) return
    if (entry.value === undefined) keyspace.delete(entry.key)
    else keyspace.set(entry.key, entry.value)
  }

  private applyLater(entry: StreamEntry): void {
    const {history, socket} = this
    this.world.queue.after(APPLY_LATE_MS, () =>
      this.ifCurrent(socket, () => {
        if (this.history === history && entry.offset === this.offset + 1) this.applyFromPrimary(entry)
      }),
    )
  }

  private acknowledge(offset = this.offset): void {
    if (!this.socket) return
    this.lastSentMs = this.node.clockMs()
    send(this.socket, {kind: 'ack', offset})
  }

  private accept(socket: Socket<SimMessage>): SocketHandlers<SimMessage> {
    const replica: Replica = {acked: -1, heardMs: this.node.clockMs(), index: 0, socket}
    this.replicas.set(socket, replica)
    const ifKnown = (run: () => void): void =>
      this.node.deliver(() => {
        if (this.replicas.has(socket)) run()
      })
    return {
      onClose: () => ifKnown(() => this.replicas.delete(socket)),
      onItem: (item) => ifKnown(() => this.onReplicaSays(replica, messageIn(item))),
      onOpen: () => undefined,
    }
  }

  private onReplicaSays(replica: Replica, message: ReplicationMessage | undefined): void {
    replica.heardMs = this.node.clockMs()
    if (message?.kind === 'ack') {
      replica.acked = message.offset
      this.serveWaiters()
    } else if (message?.kind === 'psync') this.sync(replica, message)
  }

  private sync(replica: Replica, {history, node, offset, to}: Extract<ReplicationMessage, {kind: 'psync'}>): void {
    const {socket} = replica
    if (this.primary || to !== this.node.id) {
      this.replicas.delete(socket)
      socket.close()
      return
    }
    const isOurs = history === this.history || (history === this.formerHistory && offset <= this.formerOffset)
    const firstOffset = this.backlog[0]?.offset ?? this.offset + 1
    if (isOurs && offset + 1 >= firstOffset && offset <= this.offset) {
      replica.index = node
      send(socket, {history: this.history, kind: 'continue'})
      for (const entry of this.backlog) if (entry.offset > offset) send(socket, {kind: 'entry', ...entry})
      return
    }
    send(socket, {kind: 'full-start'})
    // What is written meanwhile is part of the copy: it is taken when it leaves.
    this.world.queue.after(this.world.momentRng(`full ${node}`).below(2000), () =>
      this.node.deliver(() => {
        if (!this.replicas.has(socket) || this.primary) return
        replica.index = node
        send(socket, {entries: this.node.keyspace.entries(), history: this.history, kind: 'full', offset: this.offset})
      }),
    )
  }

  private dropReplicas(): void {
    for (const socket of this.replicas.keys()) socket.close()
    this.replicas.clear()
    this.waiters = []
  }

  private serveWaiters(): void {
    const acked = new Map<number, number>()
    for (const replica of this.replicas.values()) acked.set(replica.index, replica.acked)
    const isDone = ({nodes, offset}: Waiter): boolean => nodes.every((index) => (acked.get(index) ?? -1) >= offset)
    const done = this.waiters.filter(isDone)
    this.waiters = this.waiters.filter((waiter) => !done.includes(waiter))
    for (const waiter of done) waiter.done()
  }

  private newHistory(): string {
    return `${this.node.index}/${this.node.life}/${++this.forks}`
  }
}
